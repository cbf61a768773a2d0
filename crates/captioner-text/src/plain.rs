//! The short way for plain captions.
//!
//! Most captions are ASCII without special tokens. For these BERT's steps come down to one walk over
//! the bytes: lower the case, cut at spaces and around punctuation, and look the words up. The
//! library's general way makes strings, offsets and alignments at each step. Whatever isn't surely
//! plain (other scripts, control characters, the first letter of an added token) goes the general
//! way, so both give the same ids; `tests/` and `fuzz/` compare them.

use ahash::AHashMap;
use tokenizers::{
    Encoding, Model, ModelWrapper, NormalizedString, Normalizer, NormalizerWrapper,
    PreTokenizerWrapper, Token, Tokenizer,
};

/// What the short way needs to know of a tokenizer.
#[derive(Debug)]
pub(crate) struct PlainTokenizer {
    /// What stands in a plain caption for each byte; `None` sends the caption the general way.
    kinds: [Option<Kind>; 256],
    lowercase: bool,
    /// Pieces that start a word.
    starts: AHashMap<Box<[u8]>, u32>,
    /// Pieces that continue one, without their mark.
    continuations: AHashMap<Box<[u8]>, u32>,
    /// Length of the longest piece in bytes: no longer one needs looking up.
    longest: usize,
    unknown: u32,
    max_word: usize,
    /// The ids that go before and after a caption with special tokens.
    around: (Vec<u32>, Vec<u32>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Punctuation,
    Letter,
}

impl PlainTokenizer {
    /// `None` when the tokenizer is not BERT's in all its parts.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Option<Self> {
        let ModelWrapper::WordPiece(model) = tokenizer.get_model() else {
            return None;
        };
        let Some(NormalizerWrapper::BertNormalizer(normalizer)) = tokenizer.get_normalizer() else {
            return None;
        };
        let Some(PreTokenizerWrapper::BertPreTokenizer(_)) = tokenizer.get_pre_tokenizer() else {
            return None;
        };
        let vocabulary = model.get_vocab();
        let mut starts: AHashMap<Box<[u8]>, u32> = AHashMap::new();
        let mut continuations = AHashMap::new();
        let mark = model.continuing_subword_prefix.as_bytes();
        for (token, &id) in vocabulary.iter().filter(|(token, _)| token.is_ascii()) {
            starts.insert(token.as_bytes().into(), id);
            if let Some(rest) = token.as_bytes().strip_prefix(mark) {
                continuations.insert(rest.into(), id);
            }
        }
        Some(Self {
            kinds: kinds(tokenizer, normalizer)?,
            lowercase: normalizer.lowercase,
            longest: starts.keys().map(|piece| piece.len()).max()?,
            starts,
            continuations,
            unknown: *vocabulary.get(&model.unk_token)?,
            max_word: model.max_input_chars_per_word,
            around: around(tokenizer)?,
        })
    }

    /// The ids of a plain caption; `None` when the general way must be gone.
    ///
    /// `room` limits the ids beside the special tokens, and `from_left` says where they are cut.
    pub(crate) fn encode(
        &self,
        text: &str,
        special_tokens: bool,
        room: Option<usize>,
        from_left: bool,
    ) -> Option<Vec<u32>> {
        let bytes = text.as_bytes();
        if bytes
            .iter()
            .any(|&byte| self.kinds[usize::from(byte)].is_none())
        {
            return None;
        }
        let (before, after) = &self.around;
        let mut ids = Vec::with_capacity(before.len() + after.len() + bytes.len() / 3);
        if special_tokens {
            ids.extend_from_slice(before);
        }
        let start = ids.len();
        self.push_words(bytes, &mut ids);
        if let Some(excess) = room.and_then(|room| (ids.len() - start).checked_sub(room)) {
            match from_left {
                true => drop(ids.drain(start..start + excess)),
                false => ids.truncate(ids.len() - excess),
            }
        }
        if special_tokens {
            ids.extend_from_slice(after);
        }
        Some(ids)
    }

    fn push_words(&self, bytes: &[u8], ids: &mut Vec<u32>) {
        let mut word = Vec::with_capacity(32);
        for &byte in bytes {
            let kind = self.kinds[usize::from(byte)];
            if kind == Some(Kind::Letter) {
                word.push(match self.lowercase {
                    true => byte.to_ascii_lowercase(),
                    false => byte,
                });
                continue;
            }
            self.push_word(&word, ids);
            word.clear();
            if kind == Some(Kind::Punctuation) {
                self.push_word(&[byte], ids);
            }
        }
        self.push_word(&word, ids);
    }

    /// The longest piece first, then the longest that continues; one `[UNK]` if that leads nowhere.
    fn push_word(&self, word: &[u8], ids: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        let before = ids.len();
        if word.len() > self.max_word {
            ids.push(self.unknown);
            return;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let pieces = match rest.len() == word.len() {
                true => &self.starts,
                false => &self.continuations,
            };
            let ends = (1..=rest.len().min(self.longest)).rev();
            let found = ends
                .into_iter()
                .find_map(|end| Some((end, *pieces.get(&rest[..end])?)));
            let Some((end, id)) = found else {
                ids.truncate(before);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            rest = &rest[end..];
        }
    }
}

/// What each byte is, leaving out those that an added token could begin with.
fn kinds(tokenizer: &Tokenizer, normalizer: &impl Normalizer) -> Option<[Option<Kind>; 256]> {
    let mut kinds = std::array::from_fn(|byte| match byte as u8 {
        b' ' | b'\t' | b'\n' | b'\r' => Some(Kind::Space),
        byte if byte.is_ascii_punctuation() => Some(Kind::Punctuation),
        byte if byte.is_ascii_alphanumeric() => Some(Kind::Letter),
        _ => None,
    });
    for token in tokenizer.get_added_tokens_decoder().values() {
        let mut normalized = NormalizedString::from(token.content.as_str());
        normalizer.normalize(&mut normalized).ok()?;
        for text in [token.content.as_str(), normalized.get()] {
            let first = *text.as_bytes().first()?;
            for byte in [
                first,
                first.to_ascii_lowercase(),
                first.to_ascii_uppercase(),
            ] {
                kinds[usize::from(byte)] = None;
            }
        }
    }
    Some(kinds)
}

/// What the post-processor puts before and after any caption; `None` if it does anything else.
fn around(tokenizer: &Tokenizer) -> Option<(Vec<u32>, Vec<u32>)> {
    // Two captions of one token that differ: what is the same around both is put there.
    let [first, second] = [0, 1].map(|id| {
        let token = Token::new(id, "token".to_owned(), (0, 5));
        let encoding = Encoding::from_tokens(vec![token], 0);
        Some(
            tokenizer
                .post_process(encoding, None, true)
                .ok()?
                .get_ids()
                .to_vec(),
        )
    });
    let (first, second) = (first?, second?);
    let place = first
        .iter()
        .zip(&second)
        .position(|(first, second)| first != second)?;
    let same_after = first.len() == second.len() && first[place + 1..] == second[place + 1..];
    (first[place] == 0 && second[place] == 1 && same_after)
        .then(|| (first[..place].to_vec(), first[place + 1..].to_vec()))
}
