//! Metrics for captions, equal to the packages that papers use, without Java or Python.
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
//!
//! Every metric is a [`Metric`]: feed it batches with [`update`](Metric::update), join what several
//! threads or devices saw with [`merge`](Metric::merge), and take named figures with
//! [`compute`](Metric::compute). [`metric`] makes one by name:
//!
//! | name | type | equal to |
//! | --- | --- | --- |
//! | `wer`, `cer` | [`WordErrorRate`], [`CharErrorRate`] | jiwer 4: WER, MER, WIL, WIP, CER |
//! | `rouge`, `rouge_stemmed` | [`Rouge`] | google's `rouge_score`: ROUGE-1, -2, -L, -Lsum |
//! | `bleu` | [`CocoBleu`] | coco-caption: BLEU-1 to -4 |
//! | `rouge_l` | [`CocoRouge`] | coco-caption: ROUGE-L |
//! | `cider_d`, `cider` | [`Cider`] | coco-caption's "CIDEr" is `cider_d` |
//! | `meteor` | [`Meteor`] | METEOR 1.5 without paraphrases |
//! | `sacrebleu` | [`SacreBleu`] | sacreBLEU |
//! | `distinct`, `mean_length`, `exact_match` | [`DistinctN`], [`MeanLength`], [`ExactMatch`] | |
//!
//! [`confidence_intervals`], [`paired_bootstrap`] and [`paired_permutation`] say how far a score
//! can be trusted; [`process_words`] gives alignments, [`Transforms`] jiwer's preparations of text,
//! [`CaptionRows`] reads files. `docs/metrics.md` tells how equality was checked.

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
/// The type of [`RegexSubstitution::pattern`].
pub use regex::Regex;
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
