//! What can go wrong when a set is inspected.

use std::io;

use captioner_files::FileError;
use captioner_image::ImageError;
use captioner_report::ReportError;

/// What can go wrong when a set is inspected. Bad rows are none of it: these are what
/// [`inspect`](crate::inspect) looks for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// More rows than can be numbered.
    #[error(
        "the splits have {rows} rows, more than the {limit} that can be inspected at once: inspect them one by one"
    )]
    TooManyRows {
        /// The rows of all splits.
        rows: usize,
        /// The most that can be inspected.
        limit: usize,
    },

    /// Hashes so far apart say nothing.
    #[error(
        "max_distance is {distance}: choose 0 to {limit}, for pictures whose hashes are further apart are not alike"
    )]
    Distance {
        /// The distance asked for.
        distance: u32,
        /// The greatest that means something.
        limit: u32,
    },

    /// A share that isn't one.
    #[error("common_caption_share is {share}: choose a number above 0 and up to 1")]
    Share {
        /// The share asked for.
        share: f64,
    },

    /// The set has no picture that could be drawn.
    #[error("there is no picture to draw: the set has no row with a readable picture")]
    NoPicture,

    /// The operating system gives no threads.
    #[error("can't start a thread: {0}: ask for fewer workers")]
    Threads(io::Error),

    /// The small pictures can't be made.
    #[error(transparent)]
    Image(#[from] ImageError),

    /// A sheet or a small picture can't be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),

    /// A file can't be written.
    #[error(transparent)]
    File(#[from] FileError),
}
