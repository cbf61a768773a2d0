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
mod bleu;
mod by_name;
mod cer;
mod cider;
mod coco_bleu;
mod coco_rouge;
mod distinct;
mod error;
mod exact_match;
mod lengths;
mod meteor;
mod metric;
mod ngram;
mod numbering;
mod resample;
mod rouge;
mod row_statistics;
mod rows;
mod sacre_bleu;
mod scores;
mod stem;
mod tokenize;
mod transform;
mod vocabulary;
mod wer;
mod whitespace;

pub use alignment::{AlignmentChunk, EditKind};
pub use by_name::{METRIC_NAMES, metric};
pub use cer::{CharErrorRate, cer};
pub use cider::{Cider, CiderVariant, DocumentFrequencies};
pub use coco_bleu::CocoBleu;
pub use coco_rouge::CocoRouge;
pub use distinct::DistinctN;
pub use error::MetricError;
pub use exact_match::ExactMatch;
pub use lengths::MeanLength;
pub use meteor::Meteor;
pub use metric::{Metric, single_references};
pub use resample::{
    ConfidenceInterval, PairedTest, ResampleSettings, confidence_intervals, paired_bootstrap,
    paired_permutation,
};
pub use rouge::{Rouge, RougeRow, RougeScore};
pub use row_statistics::RowStatistics;
pub use rows::CaptionRows;
pub use sacre_bleu::{BleuSmoothing, SacreBleu, SacreBleuSettings};
pub use scores::Scores;
pub use tokenize::{BleuTokenizer, CocoTokenizer, ptb_tokenize};
pub use transform::{RegexSubstitution, TokenUnit, Transform, Transforms};
pub use wer::{WerDetails, WordErrorRate, WordOutput, process_words, wer};
