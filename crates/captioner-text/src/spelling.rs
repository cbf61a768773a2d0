//! The short way from ids to text.
//!
//! BERT's decoder looks at one token after the other, and a token reads one way at the start of a text
//! and another way behind others. So both are asked of the library once for each id, and decoding is
//! putting them together.

use tokenizers::{Decoder, DecoderWrapper, Tokenizer};

/// How each id reads.
#[derive(Debug)]
pub(crate) struct Spelling {
    ids: Vec<Option<Reading>>,
}

#[derive(Debug)]
struct Reading {
    first: Box<str>,
    later: Box<str>,
    special: bool,
}

impl Spelling {
    /// `None` when the decoder is not BERT's, or the ids have so many gaps that a table would waste
    /// memory.
    pub(crate) fn new(tokenizer: &Tokenizer, vocab_size: usize) -> Option<Self> {
        let Some(DecoderWrapper::WordPiece(decoder)) = tokenizer.get_decoder() else {
            return None;
        };
        if vocab_size / 2 > tokenizer.get_vocab_size(true) {
            return None;
        }
        let added = tokenizer.get_added_vocabulary();
        let read = |id: u32| {
            let token = added
                .simple_id_to_token(id)
                .or_else(|| tokenizer.id_to_token(id))?;
            let special = added.is_special_token(&token);
            let [first, later]: [String; 2] = decoder
                .decode_chain(vec![token.clone(), token])
                .ok()?
                .try_into()
                .ok()?;
            let (first, later) = (first.into(), later.into());
            Some(Reading {
                first,
                later,
                special,
            })
        };
        Some(Self {
            ids: (0..vocab_size as u32).map(read).collect(),
        })
    }

    /// The text of ids. Those that no token has are passed over.
    pub(crate) fn text(&self, ids: &[u32], skip_special_tokens: bool) -> String {
        let readings = ids
            .iter()
            .filter_map(|&id| self.ids.get(id as usize)?.as_ref());
        let mut readings = readings.filter(|reading| !(skip_special_tokens && reading.special));
        let mut text = String::with_capacity(8 * ids.len());
        if let Some(reading) = readings.next() {
            text.push_str(&reading.first);
        }
        for reading in readings {
            text.push_str(&reading.later);
        }
        text
    }
}
