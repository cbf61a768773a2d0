//! Reading all rows once, on several threads.

pub(crate) mod captions;
pub(crate) mod examples;
pub(crate) mod fingerprint;
mod header;
pub(crate) mod in_order;
pub(crate) mod pictures;
pub(crate) mod words;

use std::ops::Range;

use crate::rows::Rows;
use crate::{InspectError, InspectOptions, Progress, Stage};
use captions::{CaptionFacts, CaptionReader};
use fingerprint::Fingerprinter;
use pictures::PictureFacts;

/// Rows that a thread reads at a time.
const CHUNK: usize = 32;

/// What is known of rows.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) captions: CaptionFacts,
    pub(crate) pictures: PictureFacts,
    /// For each split: captions, and pictures that can't be read.
    pub(crate) splits: Vec<(u64, u64)>,
}

/// Reads every row of the splits. What comes of it doesn't depend on the number of threads: what
/// each found is put together in the order of the rows.
pub(crate) fn scan(
    rows: &Rows<'_>,
    options: &InspectOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Facts, InspectError> {
    let scanner = Scanner {
        rows,
        options,
        reader: CaptionReader {
            tokenizer: options.tokenizer.as_ref(),
            positions: options.positions(),
        },
        fingerprinter: Fingerprinter::new()?,
    };
    let chunks = rows.chunks(CHUNK);
    let mut facts = Facts {
        splits: vec![(0, 0); rows.splits().len()],
        ..Facts::default()
    };
    let told = |done| {
        progress(Progress {
            stage: Stage::Reading,
            done,
            total: rows.len(),
        });
    };
    told(0);
    in_order::run(
        options.threads(),
        &chunks,
        |chunk| scanner.chunk(chunk.clone()),
        |chunk, found| {
            facts.merge(rows.split_of(chunk.start), found);
            told(chunk.end as usize);
        },
    )
    .map_err(InspectError::Threads)?;
    Ok(facts)
}

struct Scanner<'a> {
    rows: &'a Rows<'a>,
    options: &'a InspectOptions,
    reader: CaptionReader<'a>,
    fingerprinter: Fingerprinter,
}

impl Scanner<'_> {
    fn chunk(&self, rows: Range<u32>) -> (CaptionFacts, PictureFacts) {
        let mut found = (CaptionFacts::default(), PictureFacts::default());
        for row in rows {
            let (set, index) = self.rows.place(row);
            match set.captions(index) {
                Ok(captions) => found.0.add(row, &captions, &self.reader),
                Err(error) => found.0.unreadable.add(row, error),
            }
            match set.picture(index) {
                Ok(picture) => {
                    let decode = &self.options.decode;
                    found.1.add(row, &picture, decode, &self.fingerprinter);
                }
                Err(error) => found.1.add_bad(row, error),
            }
        }
        found
    }
}

impl Facts {
    fn merge(&mut self, split: usize, (captions, pictures): (CaptionFacts, PictureFacts)) {
        if let Some(of_split) = self.splits.get_mut(split) {
            of_split.0 += captions.captions;
            of_split.1 += pictures.bad.count;
        }
        self.captions.merge(captions);
        self.pictures.merge(pictures);
    }
}
