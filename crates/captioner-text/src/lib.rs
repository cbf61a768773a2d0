//! Captions to token ids and back.
//!
//! [`CaptionTokenizer`] wraps the `tokenizers` library with what an image captioner needs of it:
//! BERT's uncased WordPiece, loaded from a Hugging Face directory or trained from captions,
//! batches with padding and an attention mask, and decoding as transformers decodes.
//!
//! ```
//! use captioner_text::{CaptionTokenizer, EncodeOptions, Padding, WordPieceTraining};
//!
//! let captions = ["a drawing of a green cat", "a drawing of a blue bird, smiling"];
//! let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
//!
//! let batch = tokenizer.encode_batch(
//!     &captions,
//!     &EncodeOptions { padding: Padding::Longest, ..EncodeOptions::default() },
//! )?;
//! assert_eq!(batch.rows, 2);
//! assert_eq!(batch.attention_mask_row(0).last(), Some(&0)); // the first caption is shorter
//!
//! let text = tokenizer.decode(batch.input_ids_row(1), true)?;
//! assert_eq!(text, "a drawing of a blue bird, smiling");
//! # Ok::<(), captioner_text::TextError>(())
//! ```

mod batch;
mod error;
mod files;
mod pipeline;
mod settings;
mod tokenizer;
mod train;
mod word_piece;

pub use batch::{EncodeOptions, EncodedRows, Padding, Side, TokenBatch};
pub use error::{FormatError, LibraryError, TextError};
pub use tokenizer::{CaptionTokenizer, Spelling};
pub use train::WordPieceTraining;
