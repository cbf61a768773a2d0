//! Metrics for captions, equal to the packages that papers use, without Java or Python.
//!
//! ```
//! use captioner_metrics::MetricSet;
//!
//! let predictions = ["a cat on a mat", "two dogs"];
//! let references = [vec!["a cat on the mat"], vec!["two dogs", "dogs"]];
//! let mut metrics = MetricSet::from_names(["wer", "bleu_4"])?;
//! metrics.update(&predictions, &references)?;
//! assert_eq!(metrics.compute()?.get("wer"), Some(1.0 / 7.0));
//! # Ok::<(), captioner_metrics::MetricError>(())
//! ```
//!
//! Every metric is a [`Metric`]: feed it batches with [`update`](Metric::update), join what several
//! threads or devices saw with [`merge`](Metric::merge), and take named values with
//! [`compute`](Metric::compute). It knows the names of its values and which way is better. A
//! [`MetricSet`] feeds several and gives the values that were asked for; metrics of your own join
//! it. [`metric`] makes a single one by name:
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
mod borrow;
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
mod metric_set;
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
pub use borrow::{borrow_captions, borrow_references, single_references};
pub use by_name::{METRIC_NAMES, all_metrics, metric};
pub use cer::{CharErrorRate, cer};
pub use cider::{Cider, CiderVariant, DocumentFrequencies};
pub use coco_bleu::CocoBleu;
pub use coco_rouge::CocoRouge;
pub use distinct::DistinctN;
pub use error::{FileLocation, FileProblem, MetricError};
pub use exact_match::ExactMatch;
pub use lengths::MeanLength;
pub use meteor::Meteor;
pub use metric::{CloneMetric, Metric, check_rows, same_metric};
pub use metric_set::MetricSet;
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
pub use wer::{ErrorRateDetails, WordErrorRate, WordOutput, process_words, wer};
