//! Everything that can go wrong while a report is drawn or written.

use std::path::PathBuf;

use thiserror::Error;

/// Why a picture was not drawn or not written. Each message names the bad value and the help.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The grid was given nothing to show.
    #[error("a sample grid needs at least one picture, but none was given")]
    NoPictures,
    /// The grid was given more pictures than a person looks at.
    #[error("{count} pictures are too many for one sample grid; give at most {limit}")]
    TooManyPictures {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A picture has no pixels.
    #[error("picture {index} (counted from 0) is {width}x{height}; both sides must be at least 1")]
    EmptyPicture {
        /// Its place among the items.
        index: usize,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The grid's `columns` is zero.
    #[error("`columns` is 0; a sample grid needs at least 1 column")]
    NoColumns,
    /// The grid's `cell_size` is out of range.
    #[error("`cell_size` is {cell_size}; it must lie between {min} and {max} pixels")]
    CellSize {
        /// The value given.
        cell_size: u32,
        /// The smallest allowed.
        min: u32,
        /// The largest allowed.
        max: u32,
    },
    /// The finished sheet would not fit in a sensible amount of memory.
    #[error(
        "the sheet would be {width}x{height} pixels, more than {limit} in all; \
         give fewer pictures, a smaller `cell_size` or a smaller `max_lines`"
    )]
    SheetTooLarge {
        /// Its width in pixels.
        width: u64,
        /// Its height in pixels.
        height: u64,
        /// The largest allowed number of pixels.
        limit: u64,
    },
    /// The chart was given no series.
    #[error("a chart of curves needs at least one series, but none was given")]
    NoSeries,
    /// The chart was given more series than can be told apart.
    #[error("{count} series can't be told apart on one chart; give at most {limit}")]
    TooManySeries {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A series has no points at all.
    #[error("series {name:?} has no points; leave it out or log at least one value")]
    EmptySeries {
        /// The series.
        name: String,
    },
    /// A series has points, but none which a chart can show.
    #[error(
        "none of the {count} points of series {name:?} can be drawn: {}",
        if *log_y { "all are NaN, infinite, or not above zero; set `log_y` to false to show zeros" }
        else { "all are NaN or infinite" }
    )]
    NoDrawablePoints {
        /// The series.
        name: String,
        /// How many points it has.
        count: usize,
        /// Whether the y axis is logarithmic, which leaves out zeros and negative values too.
        log_y: bool,
    },
    /// The chart's `width` or `height` is out of range.
    #[error("the chart's `{side}` is {value}; it must lie between {min} and {max} pixels")]
    ChartSize {
        /// `width` or `height`.
        side: &'static str,
        /// The value given.
        value: u32,
        /// The smallest allowed.
        min: u32,
        /// The largest allowed.
        max: u32,
    },
    /// Title, legend and labels take up the whole chart.
    #[error(
        "the title, legend and labels leave no space for the curves; \
         make the chart at least {width}x{height} pixels"
    )]
    ChartTooSmall {
        /// A width which is enough for these labels.
        width: u32,
        /// A height which is enough at the chart's own width.
        height: u32,
    },
    /// The PNG encoder refused the picture.
    #[error("the {width}x{height} picture for {} could not be encoded as PNG: {source}", path.display())]
    Encode {
        /// The file it was meant for.
        path: PathBuf,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// The file could not be written. What stood at the path before is untouched.
    #[error(transparent)]
    Write(#[from] captioner_files::FileError),
}
