//! What makes a set's batches, so that a resumed run can be held to it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use captioner_data::CaptionDataset;
use captioner_text::CaptionTokenizer;

use crate::prepared::PreparedSet;

/// Rows that a fingerprint looks at, spread over the whole set, its first and last among them.
const ROWS: usize = 102;

impl PreparedSet {
    /// What makes this set's batches, by name: the set and its number of rows, how pictures and
    /// captions are processed, and fingerprints of rows and tokenizer. Two sets with one description
    /// give one model the same batches; a resumed run compares that of its checkpoint with its own.
    ///
    /// The rows' fingerprint is of the names and captions of 102 rows spread over the set: rows that
    /// were added, removed or put into another order are noticed, and captions of a file that was made
    /// anew; one caption that was changed among many rows, or a picture that was exchanged, is not. No
    /// picture is read, and a set of a million rows is described as fast as one of a hundred. Columns
    /// and [blocks](CaptionDataset::blocks), on which the order of rows depends, are compared as a
    /// whole. All of it is the same on every machine but for `name`, which is a folder's path as it
    /// was given.
    pub fn description(&self) -> BTreeMap<String, String> {
        let (dataset, processor) = (self.dataset(), self.processor());
        let image = &processor.image;
        let entries: [(&str, String); 17] = [
            ("name", dataset.name().to_owned()),
            ("rows", dataset.len().to_string()),
            ("rows_fingerprint", fingerprint_of_rows(dataset.as_ref())),
            ("rows_vary", dataset.rows_vary().to_string()),
            ("max_caption_tokens", self.max_caption_tokens().to_string()),
            ("padding", text(self.padding())),
            ("pads_in_loss", self.pads_in_loss().to_string()),
            ("columns", columns(dataset.as_ref())),
            ("blocks", blocks(dataset.as_ref())),
            ("captions", self.caption_choice().to_string()),
            ("augmentation", text(self.augmentation())),
            ("transforms", text(self.transforms())),
            ("bad_rows", text(self.bad_rows())),
            ("image_processor", text(image.config())),
            ("image_decoding", text(processor.decoding)),
            ("start_token_id", processor.start_token_id().to_string()),
            (
                "tokenizer_fingerprint",
                fingerprint_of_tokens(&processor.tokenizer),
            ),
        ];
        entries.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

fn text(value: impl Debug) -> String {
    format!("{value:?}")
}

/// Names and types.
fn columns(set: &dyn CaptionDataset) -> String {
    let features = set.features().into_iter();
    let columns: Vec<_> = features
        .map(|f| format!("{}: {}", f.name, f.kind))
        .collect();
    columns.join(", ")
}

/// How many there are, and a fingerprint of where they begin.
fn blocks(set: &dyn CaptionDataset) -> String {
    let blocks = set.blocks();
    let mut hash = Fnv::default();
    let starts = blocks
        .iter()
        .flat_map(|block| (block.start as u64).to_le_bytes());
    starts.for_each(|byte| hash.byte(byte));
    format!("{} ({})", blocks.len(), hash.hex())
}

/// Names and captions of rows spread over the set.
fn fingerprint_of_rows(set: &dyn CaptionDataset) -> String {
    let mut hash = Fnv::default();
    for row in spread(set.len()) {
        match set.row_name(row) {
            Ok(name) => hash.add(&name),
            Err(_) => hash.end(1),
        }
        match set.captions(row) {
            Ok(captions) => captions.iter().for_each(|caption| hash.add(caption)),
            Err(_) => hash.end(1),
        }
        hash.end(2);
    }
    hash.hex()
}

/// All rows of a small set; of others the first, the last and some between, without one twice.
fn spread(rows: usize) -> impl Iterator<Item = usize> {
    let count = rows.min(ROWS);
    // In 128 bits no set is too large.
    let row = move |index: usize| index as u128 * (rows - 1) as u128 / (count - 1).max(1) as u128;
    (0..count).map(move |index| row(index) as usize)
}

/// Every token of the vocabulary, in the order of their ids.
fn fingerprint_of_tokens(tokenizer: &CaptionTokenizer) -> String {
    let mut hash = Fnv::default();
    for id in 0..tokenizer.vocab_size() {
        let token = u32::try_from(id)
            .ok()
            .and_then(|id| tokenizer.id_to_token(id));
        match token {
            Some(token) => hash.add(&token),
            None => hash.end(1),
        }
    }
    hash.hex()
}

/// FNV-1a in 64 bits ([Fowler, Noll and Vo](https://www.rfc-editor.org/rfc/rfc9923.html)), which is
/// the same everywhere; the standard library's hashes promise that for no two versions.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn add(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.end(0);
    }

    /// A byte that no text has, and what it ends.
    fn end(&mut self, what: u8) {
        self.byte(0xff);
        self.byte(what);
    }

    fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_that_of_its_authors() {
        // The test vectors of the reference implementation (`test_fnv.c`, fnv1a_64).
        for (text, want) in [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("foobar", "85944171f73967e8"),
        ] {
            let mut hash = Fnv::default();
            text.bytes().for_each(|byte| hash.byte(byte));
            assert_eq!(hash.hex(), want);
        }
    }

    #[test]
    fn rows_are_spread_from_the_first_to_the_last_each_once() {
        for rows in [0, 1, 2, 101, 102, 103, 5000, usize::MAX] {
            let all: Vec<_> = spread(rows).collect();
            assert_eq!(all.len(), rows.min(ROWS));
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{rows}");
            if rows > 1 {
                assert_eq!((all[0], all[all.len() - 1]), (0, rows - 1));
            }
        }
    }
}
