//! The tokenizer that captions go through.

use crate::batch::{EncodeOptions, EncodedRows, Side, TokenBatch};
use crate::settings::TokenizerSettings;
use crate::train::{WordPieceTraining, train};
use crate::word_piece::bert_tokenizer;
use crate::{TextError, files};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokenizers::parallelism::MaybeParallelSlice;
use tokenizers::{PostProcessor, Tokenizer, TruncationDirection};

/// Captions that a thread takes at a time: fewer would cost more in handing over than in work.
const CHUNK: usize = 64;

/// Longer texts are refused unless [`CaptionTokenizer::with_max_caption_bytes`] allows them.
const MAX_CAPTION_BYTES: usize = 1 << 20;

/// Turns captions into token ids and back. Cheap to clone; shared between threads.
#[derive(Debug, Clone)]
pub struct CaptionTokenizer {
    pub(crate) inner: Arc<Tokenizer>,
    pub(crate) settings: Arc<TokenizerSettings>,
    max_caption_bytes: usize,
    special: SpecialIds,
    vocab_size: usize,
}

/// The ids that a captioner asks for again and again.
#[derive(Debug, Clone, Copy)]
struct SpecialIds {
    pad: u32,
    unk: u32,
    cls: u32,
    sep: u32,
}

/// A caption in a tokenizer's spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The text.
    pub text: String,
    /// How many `[UNK]` the caption has: words that the vocabulary can't spell and `text` lacks.
    pub unknown_tokens: usize,
}

/// The ids of one caption, and whether it had more.
struct Row {
    ids: Vec<u32>,
    truncated: bool,
}

impl CaptionTokenizer {
    /// Loads `tokenizer.json`, or `vocab.txt` where there is none, from a checkpoint's directory.
    ///
    /// `tokenizer_config.json` is read as well when it is there. Padding and truncation that
    /// `tokenizer.json` may hold are put aside: [`EncodeOptions`] says them for each batch.
    ///
    /// # Errors
    /// When neither file is there, when one cannot be read or parsed, or when the vocabulary lacks
    /// the padding, unknown, start or end token.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self, TextError> {
        files::load(dir.as_ref())
    }

    /// Loads one `tokenizer.json`, with BERT's names for the special tokens.
    ///
    /// # Errors
    /// When the file cannot be read or parsed, or lacks a special token.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TextError> {
        let tokenizer = files::read_tokenizer(path.as_ref())?;
        Self::new(tokenizer, TokenizerSettings::default())
    }

    /// The tokenizer that the text of a `tokenizer.json` describes, with BERT's names for the special
    /// tokens.
    ///
    /// # Errors
    /// When the text is no such JSON, describes another model than WordPiece or a step that is not
    /// accepted, or lacks a special token.
    pub fn from_json(text: &str) -> Result<Self, TextError> {
        let tokenizer = files::parse_tokenizer(text).map_err(TextError::MalformedText)?;
        Self::new(tokenizer, TokenizerSettings::default())
    }

    /// Trains a WordPiece vocabulary from captions and builds BERT's tokenizer around it.
    ///
    /// The same captions give the same ids, in whatever order they come. `[PAD]` is 0, then
    /// `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]`.
    ///
    /// # Errors
    /// When the captions hold no word, or `vocab_size` has no room for one character.
    pub fn train_word_piece<S: AsRef<str>>(
        captions: impl IntoIterator<Item = S>,
        training: &WordPieceTraining,
    ) -> Result<Self, TextError> {
        let tokens = train(captions, training)?;
        let settings = TokenizerSettings::new(training.lowercase);
        let tokenizer = bert_tokenizer(tokens.into_iter(), &settings)?;
        Self::new(tokenizer, settings)
    }

    pub(crate) fn new(
        mut tokenizer: Tokenizer,
        mut settings: TokenizerSettings,
    ) -> Result<Self, TextError> {
        settings.complete(&tokenizer);
        tokenizer.with_padding(None);
        // Without truncation parameters there is nothing that could be refused.
        tokenizer.with_truncation(None).map_err(TextError::Build)?;
        let special = SpecialIds {
            pad: special_id(&tokenizer, &settings, "pad_token", "[PAD]")?,
            unk: special_id(&tokenizer, &settings, "unk_token", "[UNK]")?,
            cls: special_id(&tokenizer, &settings, "cls_token", "[CLS]")?,
            sep: special_id(&tokenizer, &settings, "sep_token", "[SEP]")?,
        };
        let largest = tokenizer.get_vocab(true).into_values().max();
        Ok(Self {
            max_caption_bytes: MAX_CAPTION_BYTES,
            inner: Arc::new(tokenizer),
            settings: Arc::new(settings),
            special,
            vocab_size: largest.map_or(0, |id| id as usize + 1),
        })
    }

    /// The ids of one caption, with `[CLS]` before and `[SEP]` after.
    ///
    /// # Errors
    /// When the text is longer than [`Self::with_max_caption_bytes`] allows, or the tokenizer cannot
    /// represent it and has no unknown token.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TextError> {
        Ok(self.encode_row(text, &EncodeOptions::default())?.ids)
    }

    /// The ids of several captions as one rectangle, made on all cores.
    ///
    /// # Errors
    /// As [`Self::encode`], naming the caption; when `max_length` has no room beside the special
    /// tokens, the rows stay unequal under the padding that `options` asks for, or the batch would have
    /// more than 2^28 ids.
    pub fn encode_batch(
        &self,
        texts: &[impl AsRef<str> + Sync],
        options: &EncodeOptions,
    ) -> Result<TokenBatch, TextError> {
        let rows = self.encode_rows(texts, options)?;
        let mut batch = TokenBatch::from_rows(&rows.ids, self.special.pad, options)?;
        batch.truncated = rows.truncated;
        Ok(batch)
    }

    /// The ids of several captions without padding, made on all cores.
    ///
    /// [`TokenBatch::from_rows`] makes a batch of any of them, so that a caption that is used again
    /// and again is encoded once.
    ///
    /// # Errors
    /// As [`Self::encode_batch`]; the padding of `options` is not looked at.
    pub fn encode_rows(
        &self,
        texts: &[impl AsRef<str> + Sync],
        options: &EncodeOptions,
    ) -> Result<EncodedRows, TextError> {
        let chunks = texts.maybe_par_chunks(CHUNK).map(|chunk| {
            let rows = chunk
                .iter()
                .map(|text| self.encode_row(text.as_ref(), options));
            rows.collect::<Result<Vec<_>, _>>()
        });
        let chunks: Vec<Vec<Row>> = chunks.collect::<Result<_, _>>()?;
        let mut rows = EncodedRows::default();
        for row in chunks.into_iter().flatten() {
            rows.truncated += usize::from(row.truncated);
            rows.ids.push(row.ids);
        }
        Ok(rows)
    }

    /// Truncates before the special tokens are added, so that `[SEP]` is never cut off.
    fn encode_row(&self, text: &str, options: &EncodeOptions) -> Result<Row, TextError> {
        if text.len() > self.max_caption_bytes {
            return Err(TextError::CaptionTooLong {
                start: text.chars().take(60).collect(),
                bytes: text.len(),
                limit: self.max_caption_bytes,
            });
        }
        let longest = options.max_length;
        let longest = longest.map(|length| self.longest_text(length, options));
        let longest = longest.transpose()?.unwrap_or(usize::MAX);
        let failed = |error: tokenizers::Error| TextError::on_text(text, error);
        let mut encoding = self.inner.encode_fast(text, false).map_err(failed)?;
        let truncated = encoding.len() > longest;
        if truncated {
            encoding.truncate(longest, 0, direction(options.truncation_side));
        }
        let encoding = self
            .inner
            .post_process(encoding, None, options.add_special_tokens)
            .map_err(failed)?;
        let ids = encoding.get_ids().to_vec();
        Ok(Row { ids, truncated })
    }

    /// How many of `max_length` tokens are left beside the special ones.
    fn longest_text(&self, max_length: usize, options: &EncodeOptions) -> Result<usize, TextError> {
        let processor = self.inner.get_post_processor();
        let special_tokens = match processor {
            Some(processor) if options.add_special_tokens => processor.added_tokens(false),
            _ => 0,
        };
        match max_length.checked_sub(special_tokens) {
            Some(longest) if longest > 0 => Ok(longest),
            _ => Err(TextError::MaxLengthTooSmall {
                max_length,
                special_tokens,
            }),
        }
    }

    /// The text of token ids. Ids outside the vocabulary are passed over, as transformers does.
    ///
    /// With `skip_special_tokens`, `[CLS]`, `[SEP]`, `[PAD]` and their like are left out.
    ///
    /// # Errors
    /// When the tokenizer's decoder fails on the tokens.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String, TextError> {
        let text = self.inner.decode(ids, skip_special_tokens);
        let text = text.map_err(|source| TextError::Decode {
            ids: ids.len(),
            source,
        })?;
        if self.settings.clean_up_tokenization_spaces() {
            Ok(clean_up_tokenization(&text))
        } else {
            Ok(text)
        }
    }

    /// A caption as this tokenizer spells it: decoded from its own ids, without special tokens.
    ///
    /// An uncased tokenizer can't give back capitals or accents, puts spaces around what it splits,
    /// and leaves out what its vocabulary can't spell. So generated captions, which are decoded from
    /// ids, can equal references only in this spelling, and a caption whose very ids were generated
    /// does. Spell references, and leave what was decoded as it is: spelling it again changes nothing,
    /// but where `clean_up_tokenization_spaces` joined `do n't` to `don't` and the vocabulary can't
    /// spell `don`.
    ///
    /// ```
    /// use captioner_text::{CaptionTokenizer, WordPieceTraining};
    ///
    /// let captions = ["a café at night", "it's late"];
    /// let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
    /// assert_eq!(tokenizer.spelling("A Café,  at night")?.text, "a cafe at night");
    /// assert_eq!(tokenizer.spelling("A Café,  at night")?.unknown_tokens, 1); // the comma
    /// # Ok::<(), captioner_text::TextError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::encode`] and [`Self::decode`].
    pub fn spelling(&self, text: &str) -> Result<Spelling, TextError> {
        let ids = self.encode(text)?;
        Ok(Spelling {
            text: self.decode(&ids, true)?,
            unknown_tokens: ids.iter().filter(|id| **id == self.special.unk).count(),
        })
    }

    /// The spelling of several captions, made on all cores. See [`Self::spelling`].
    ///
    /// # Errors
    /// As [`Self::spelling`].
    pub fn spelling_batch(
        &self,
        texts: &[impl AsRef<str> + Sync],
    ) -> Result<Vec<Spelling>, TextError> {
        let chunks = texts.maybe_par_chunks(CHUNK).map(|chunk| {
            let spellings = chunk.iter().map(|text| self.spelling(text.as_ref()));
            spellings.collect::<Result<Vec<_>, _>>()
        });
        let chunks: Vec<Vec<Spelling>> = chunks.collect::<Result<_, _>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The text of several rows of token ids, made on all cores. See [`Self::decode`].
    ///
    /// # Errors
    /// When the tokenizer's decoder fails on the tokens.
    pub fn decode_batch(
        &self,
        rows: &[impl AsRef<[u32]> + Sync],
        skip_special_tokens: bool,
    ) -> Result<Vec<String>, TextError> {
        let chunks = rows.maybe_par_chunks(CHUNK).map(|chunk| {
            let texts = chunk
                .iter()
                .map(|ids| self.decode(ids.as_ref(), skip_special_tokens));
            texts.collect::<Result<Vec<_>, _>>()
        });
        let chunks: Vec<Vec<String>> = chunks.collect::<Result<_, _>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The id that fills short rows, `[PAD]`.
    pub fn pad_id(&self) -> u32 {
        self.special.pad
    }

    /// The id for what the vocabulary cannot spell, `[UNK]`.
    pub fn unk_id(&self) -> u32 {
        self.special.unk
    }

    /// The id before every caption, `[CLS]`.
    pub fn cls_id(&self) -> u32 {
        self.special.cls
    }

    /// The id after every caption, `[SEP]`.
    pub fn sep_id(&self) -> u32 {
        self.special.sep
    }

    /// One more than the largest id: how many rows an embedding table needs.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The most tokens that the model was made for, where the tokenizer's files say so.
    pub fn model_max_length(&self) -> Option<usize> {
        self.settings.model_max_length()
    }

    /// The same tokenizer, which names `length` as the model's longest sequence when saved.
    pub fn with_model_max_length(mut self, length: usize) -> Self {
        Arc::make_mut(&mut self.settings).set("model_max_length", length.into());
        self
    }

    /// The same tokenizer, which refuses captions of more bytes than this (by default 1 MiB).
    pub fn with_max_caption_bytes(mut self, bytes: usize) -> Self {
        self.max_caption_bytes = bytes;
        self
    }

    /// How the tokenizer's files say that captions are encoded: the sides of padding and
    /// truncation. Lengths are left open, since `model_max_length` is the model's, not the caption's.
    pub fn encode_options(&self) -> EncodeOptions {
        EncodeOptions {
            padding_side: self.settings.side("padding_side"),
            truncation_side: self.settings.side("truncation_side"),
            ..EncodeOptions::default()
        }
    }

    /// The token of an id.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The id of a token.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Writes `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json` and, for
    /// WordPiece, `vocab.txt`, as transformers' `AutoTokenizer` loads them.
    ///
    /// The directory is made when it is not there. Each file is written beside its place and then
    /// renamed, so that no file is ever half there. Returns the files' paths.
    ///
    /// # Errors
    /// When the directory or a file cannot be written.
    pub fn save_pretrained(&self, dir: impl AsRef<Path>) -> Result<Vec<PathBuf>, TextError> {
        files::save(self, dir.as_ref())
    }
}

fn special_id(
    tokenizer: &Tokenizer,
    settings: &TokenizerSettings,
    name: &'static str,
    default: &str,
) -> Result<u32, TextError> {
    let token = settings.special_token(name, default);
    let id = tokenizer.token_to_id(&token);
    id.ok_or_else(|| TextError::MissingSpecialToken {
        name,
        token,
        vocabulary: tokenizer.get_vocab_size(true),
    })
}

/// transformers' `clean_up_tokenization`: punctuation and English contractions lose the space before
/// them. The decoder does so token by token; only the whole text shows `it ' s`.
fn clean_up_tokenization(text: &str) -> String {
    [
        " .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're",
    ]
    .into_iter()
    .fold(text.to_owned(), |text, spaced| {
        text.replace(spaced, spaced.trim())
    })
}

fn direction(side: Side) -> TruncationDirection {
    match side {
        Side::Left => TruncationDirection::Left,
        Side::Right => TruncationDirection::Right,
    }
}
