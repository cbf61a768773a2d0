//! The words of captions.

use std::collections::HashMap;

/// Words beyond this many different ones are not counted one by one: a set of random strings must
/// not fill the memory.
const MAX_WORDS: usize = 1_000_000;
/// Longer words are counted by their beginning.
const MAX_CHARACTERS: usize = 48;

/// English words that are in every caption, sorted. Those that say where things are, such as `left`,
/// are not among them.
const STOP_WORDS: [&str; 48] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "been", "but", "by", "for", "from", "has",
    "have", "he", "her", "his", "in", "into", "is", "it", "its", "of", "off", "on", "or", "over",
    "she", "some", "that", "the", "their", "them", "there", "these", "they", "this", "to", "up",
    "was", "were", "which", "while", "who", "with", "you", "your",
];

/// Whether a word is in the list of words that say little.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// A caption's words in lower case: runs of letters and digits, with the apostrophes between them.
pub(crate) fn words(caption: &str) -> impl Iterator<Item = String> {
    let parts = caption.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}');
    let trimmed = parts.map(|part| part.trim_matches(['\'', '\u{2019}']));
    trimmed.filter(|word| !word.is_empty()).map(|word| {
        let letters = word.chars().take(MAX_CHARACTERS);
        letters.flat_map(char::to_lowercase).collect()
    })
}

/// How often each word occurs.
#[derive(Clone, Debug, Default)]
pub(crate) struct WordCounts {
    of: HashMap<String, u64>,
    /// All words, those beyond [`MAX_WORDS`] too.
    pub(crate) total: u64,
    /// Whether there were more different words than are counted.
    pub(crate) is_cut: bool,
}

impl WordCounts {
    pub(crate) fn add(&mut self, word: String, count: u64) {
        self.total += count;
        if let Some(known) = self.of.get_mut(&word) {
            *known += count;
        } else if self.of.len() < MAX_WORDS {
            self.of.insert(word, count);
        } else {
            self.is_cut = true;
        }
    }

    /// Adds the words of later rows.
    pub(crate) fn merge(&mut self, other: Self) {
        // In order, so that which words come too late doesn't depend on the map's.
        let mut words: Vec<_> = other.of.into_iter().collect();
        words.sort_unstable();
        words
            .into_iter()
            .for_each(|(word, count)| self.add(word, count));
        self.is_cut |= other.is_cut;
    }

    /// How many different words there are.
    pub(crate) fn different(&self) -> usize {
        self.of.len()
    }

    /// How many words occur once only.
    pub(crate) fn once(&self) -> usize {
        self.of.values().filter(|count| **count == 1).count()
    }

    /// The most frequent ones among those that `wanted` takes; of equal ones in the alphabet's order.
    pub(crate) fn most_frequent(
        &self,
        most: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<(String, u64)> {
        let found = self.of.iter().filter(|(word, _)| wanted(word));
        let mut found: Vec<_> = found.collect();
        found.sort_unstable_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let first = found.into_iter().take(most);
        first.map(|(word, count)| (word.clone(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word("the") && !is_stop_word("left"));
    }

    #[test]
    fn captions_are_cut_into_words() {
        let found: Vec<_> =
            words("A man's 'best' friend\u{2014}the T-shirt, 2 x Überraschung!").collect();
        let expected = [
            "a",
            "man's",
            "best",
            "friend",
            "the",
            "t",
            "shirt",
            "2",
            "x",
            "überraschung",
        ];
        assert_eq!(found, expected);
        assert_eq!(words(" ... ").count(), 0);
    }

    #[test]
    fn frequent_words_come_first() {
        let mut counts = WordCounts::default();
        words("b a c b a a").for_each(|word| counts.add(word, 1));
        let mut later = WordCounts::default();
        words("c d").for_each(|word| later.add(word, 1));
        counts.merge(later);
        assert_eq!((counts.total, counts.different(), counts.once()), (8, 4, 1));
        let expected = [("a", 3), ("b", 2), ("c", 2)].map(|(word, count)| (word.to_owned(), count));
        assert_eq!(counts.most_frequent(3, |_| true), expected);
        assert_eq!(counts.most_frequent(1, |word| word != "a"), expected[1..2]);
    }
}
