//! In how many rows' references an n-gram occurs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use captioner_files::write_file;
use serde::{Deserialize, Serialize};

use crate::ngram::{MAX_ORDER, NGram, ngrams, tokens};
use crate::vocabulary::Vocabulary;
use crate::{CocoTokenizer, FileLocation, FileProblem, MetricError, whitespace};

/// Document frequencies of n-grams. A document is one row's references together.
///
/// As JSON: `{"documents": 40504, "frequencies": {"a": 40000, "a cat": 1200, …}}`, the words of an
/// n-gram with a space between.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFrequencies {
    documents: u64,
    frequencies: BTreeMap<String, u64>,
}

impl DocumentFrequencies {
    /// Counts the n-grams of `references`, one list for each row.
    pub fn from_references<R: AsRef<[S]>, S: AsRef<str>>(
        references: &[R],
        tokenizer: CocoTokenizer,
    ) -> Self {
        let mut vocabulary = Vocabulary::default();
        let mut rows = Vec::with_capacity(references.len());
        for row in references {
            let captions = row.as_ref().iter().map(|caption| {
                let tokens = tokenizer.apply(caption.as_ref());
                vocabulary.numbers(&tokens)
            });
            rows.push(captions.collect::<Vec<_>>());
        }
        let counts = count_documents(rows.iter().map(Vec::as_slice));
        Self::from_counts(rows.len(), &counts, &vocabulary)
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// [`MetricError::File`] if the file can't be read, [`MetricError::Malformed`] if it holds
    /// something else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MetricError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| MetricError::file(path, error))?;
        let loaded: Self = serde_json::from_str(&text)
            .map_err(|source| malformed(path, FileProblem::NoFrequencies { source }))?;
        loaded.check(path)?;
        Ok(loaded)
    }

    fn check(&self, path: &Path) -> Result<(), MetricError> {
        for (gram, count) in &self.frequencies {
            let words = whitespace::words(gram).count();
            if words == 0 || words > MAX_ORDER || *count > self.documents {
                let problem = FileProblem::Frequency {
                    ngram: gram.clone(),
                    words,
                    count: *count,
                    documents: self.documents,
                };
                return Err(malformed(path, problem));
            }
        }
        Ok(())
    }

    /// Writes the counts as JSON. The file appears whole or not at all.
    ///
    /// # Errors
    /// [`MetricError::Write`] if the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), MetricError> {
        let path = path.as_ref();
        let text = serde_json::to_string(self);
        let text = text.map_err(|error| MetricError::file(path, error.into()))?;
        Ok(write_file(path, text.as_bytes())?)
    }

    /// How many documents were counted.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// In how many documents the n-gram occurs; its words have a space between.
    pub fn frequency(&self, ngram: &str) -> u64 {
        self.frequencies.get(ngram).copied().unwrap_or(0)
    }

    pub(super) fn from_counts(
        documents: usize,
        counts: &HashMap<NGram, u64, foldhash::fast::RandomState>,
        vocabulary: &Vocabulary,
    ) -> Self {
        let text = |gram: &NGram| {
            let words: Vec<_> = tokens(*gram).map(|word| vocabulary.word(word)).collect();
            words.join(" ")
        };
        let frequencies = counts.iter().map(|(gram, count)| (text(gram), *count));
        DocumentFrequencies {
            documents: documents as u64,
            frequencies: frequencies.collect(),
        }
    }

    /// The counts by word numbers; n-grams with a word the vocabulary lacks can't be asked for.
    pub(super) fn numbered(&self, vocabulary: &Vocabulary) -> Frequencies {
        let known = self.frequencies.iter().filter_map(|(text, count)| {
            let words = whitespace::words(text).map(|word| vocabulary.get(word));
            let words: Option<Vec<u32>> = words.collect();
            Some((ngrams(&words?).last()?, *count))
        });
        Frequencies::new(self.documents as usize, known.collect())
    }
}

fn malformed(path: &Path, problem: FileProblem) -> MetricError {
    MetricError::malformed(path, FileLocation::Whole, problem)
}

/// Document frequencies by word numbers.
pub(super) struct Frequencies {
    log_documents: f64,
    counts: HashMap<NGram, u64, foldhash::fast::RandomState>,
}

impl Frequencies {
    pub(super) fn new(
        documents: usize,
        counts: HashMap<NGram, u64, foldhash::fast::RandomState>,
    ) -> Self {
        Frequencies {
            log_documents: (documents.max(1) as f64).ln(),
            counts,
        }
    }

    /// Inverse document frequency; an n-gram of no document counts as one of a single document.
    pub(super) fn idf(&self, gram: NGram) -> f64 {
        let count = self.counts.get(&gram).copied().unwrap_or(0).max(1);
        self.log_documents - (count as f64).ln()
    }
}

/// In how many rows each n-gram occurs.
pub(super) fn count_documents<'a>(
    rows: impl Iterator<Item = &'a [Vec<u32>]>,
) -> HashMap<NGram, u64, foldhash::fast::RandomState> {
    let mut counts = HashMap::default();
    let mut grams = Vec::new();
    for references in rows {
        grams.clear();
        grams.extend(references.iter().flat_map(|reference| ngrams(reference)));
        grams.sort_unstable();
        grams.dedup();
        for gram in &grams {
            *counts.entry(*gram).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_a_file() {
        let rows = vec![
            vec!["a cat".to_owned(), "a cat sits".to_owned()],
            vec!["a dog".to_owned()],
        ];
        let counted = DocumentFrequencies::from_references(&rows, CocoTokenizer::Pretokenized);
        assert_eq!((counted.frequency("a"), counted.frequency("a cat")), (2, 1));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("df.json");
        counted.save(&path).unwrap();
        assert_eq!(DocumentFrequencies::load(&path).unwrap(), counted);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_save_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken"); // a folder can't be replaced by a file
        std::fs::create_dir(&taken).unwrap();
        let error = DocumentFrequencies::default().save(&taken).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn counts_beyond_32_bits_keep_their_weight() {
        let counted = DocumentFrequencies {
            documents: 1 << 34,
            frequencies: BTreeMap::from([("cat".to_owned(), 1 << 32)]),
        };
        let mut vocabulary = Vocabulary::default();
        let cat = vocabulary.numbers("cat");
        let idf = counted
            .numbered(&vocabulary)
            .idf(ngrams(&cat).last().unwrap());
        assert!((idf - 4f64.ln()).abs() < 1e-9, "{idf}");
    }

    #[test]
    fn more_documents_with_a_word_than_documents_is_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("df.json");
        std::fs::write(&path, r#"{"documents": 2, "frequencies": {"cat": 3}}"#).unwrap();
        let error = DocumentFrequencies::load(&path).unwrap_err();
        assert!(matches!(error, MetricError::Malformed { .. }), "{error}");
    }
}
