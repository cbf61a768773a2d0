//! Metrics for captions, equal to the packages that papers use.
//!
//! ```
//! use captioner_metrics::{Metric, WordErrorRate, single_references};
//!
//! let mut metric = WordErrorRate::new();
//! let predictions = ["a cat on a mat".to_owned(), "two dogs".to_owned()];
//! let references = single_references(["a cat on the mat", "two dogs"]);
//! metric.update(&predictions, &references)?;
//! assert_eq!(metric.compute()?.get("wer"), Some(1.0 / 7.0));
//! # Ok::<(), captioner_metrics::MetricError>(())
//! ```

mod alignment;
mod cer;
mod error;
mod exact_match;
mod metric;
mod row_statistics;
mod scores;
mod transform;
mod wer;
mod whitespace;

pub use alignment::{AlignmentChunk, EditKind};
pub use cer::{CharErrorRate, cer};
pub use error::MetricError;
pub use exact_match::ExactMatch;
pub use metric::{Metric, single_references};
pub use row_statistics::RowStatistics;
pub use scores::Scores;
pub use transform::{RegexSubstitution, TokenUnit, Transform, Transforms};
pub use wer::{WerDetails, WordErrorRate, WordOutput, process_words, wer};
