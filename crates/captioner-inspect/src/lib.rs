//! What is in a captioned picture set, and what training on it would trip over.
//!
//! [`inspect`] reads every row of one or several splits once, on all cores: it decodes the pictures,
//! counts captions, words and tokens, finds copies within and across the splits, and lists what
//! training would stumble on as [`Finding`]s. What it gives, an [`Inspection`], is written as JSON by
//! `serde`, as a page for a browser ([`Inspection::to_html`]), as text for a terminal
//! ([`Inspection::to_text`]) and as a sheet of samples ([`Inspection::sheet`]).
//!
//! ```
//! use std::sync::Arc;
//!
//! use captioner_data::{InMemoryDataset, Picture};
//! use captioner_inspect::{InspectOptions, NamedSplit, inspect};
//!
//! # fn main() -> Result<(), captioner_inspect::InspectError> {
//! let square = |grey| Picture::Rgb8 { width: 2, height: 2, pixels: vec![grey; 12] };
//! let (mut train, mut test) = (InMemoryDataset::new("a"), InMemoryDataset::new("b"));
//! train.push_named("white.png", square(255), ["a white square"]);
//! train.push_named("broken.png", Picture::Encoded(b"oops".to_vec()), ["a square"]);
//! test.push_named("copy.png", square(255), ["snow"]);
//!
//! let splits: [NamedSplit; 2] = [
//!     ("train".to_owned(), Arc::new(train)),
//!     ("test".to_owned(), Arc::new(test)),
//! ];
//! let found = inspect(&splits, &InspectOptions::default(), &|_| ())?;
//!
//! assert_eq!(found.bad_pictures.listed[0].description, "`broken.png` of `a` row 2");
//! assert_eq!((found.leaks[0].second.as_str(), found.leaks[0].same), ("test", 1));
//! assert!(found.to_text().contains("Pictures of `test` are in `train` too"));
//! assert!(found.to_html().starts_with("<!DOCTYPE html>"));
//! # Ok(())
//! # }
//! ```
//!
//! # Memory
//!
//! A picture at a time for each thread, and 48 bytes for each row and 16 for each different caption of
//! a row, however large the set; while pictures are compared, 48 more for a row and 20 for each thread;
//! besides, the vocabulary (up to a million words) and, at the end, the few hundred small pictures that
//! are shown.
//!
//! # What counts as the same
//!
//! Rows are copies where SHA-256 of size and decoded pixels is the same (of which half is kept), so a
//! picture that is packed anew without loss is a copy; bytes of files are not compared. Pictures are
//! nearly the same where 64-bit perceptual hashes differ in a few bits
//! ([`InspectOptions::max_distance`]) and the colours of their quarters are near; those with next to
//! nothing on them are left out of that. A group holds what is linked by such pairs, so its ends
//! may be further apart.

mod compare;
mod distribution;
#[cfg(test)]
mod drawn;
mod error;
mod findings;
mod inspection;
mod options;
mod output;
mod page;
mod rows;
mod scan;
mod shown;
mod summary;
mod text;
mod wording;

pub use distribution::{Bin, Distribution};
pub use error::InspectError;
pub use findings::{Finding, Severity};
pub use inspection::{
    CaptionSummary, CommonCaption, Counted, Group, Groups, Inspection, Leak, PictureSummary,
    Problem, Problems, ShownRow, SplitSummary, TokenSummary, WordCount, WordSummary,
};
pub use options::{InspectOptions, Progress, Stage};
pub use rows::{NamedSplit, RowName};

/// Inspects the splits of a set, or a set alone as its only split. The order of the splits says which
/// of two is the one that leaks into the other: give the training split first.
///
/// `progress` is told how far it is, a few times a second or more often; from any thread, though
/// never about rows from two at once.
///
/// Bad rows are found, not errors. The same set, options and seed give the same result, whatever the
/// number of threads.
///
/// # Errors
/// When an option can't be used, there are more than 2^32 - 2 rows, or the operating system gives no
/// threads.
pub fn inspect(
    splits: &[NamedSplit],
    options: &InspectOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Inspection, InspectError> {
    options.check()?;
    let rows = rows::Rows::new(splits)?;
    let facts = scan::scan(&rows, options, progress)?;
    let copies = compare::copies(&facts.pictures.fingerprints, options, progress);
    summary::summarise(facts, copies, &rows, options, progress)
}
