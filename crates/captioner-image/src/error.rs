//! Everything that can go wrong between a picture's bytes and its pixel values.

use crate::ShapeProblem;
use captioner_jpeg::{Corruption, JpegError, Limit, Unsupported};
use std::path::{Path, PathBuf};

/// Why a picture could not be decoded or processed, or a configuration not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Something is wrong with one file.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<ImageError>,
    },
    /// Something is wrong with one picture of a batch.
    #[error("picture {index}: {source}")]
    Picture {
        /// Its index in the batch, from 0.
        index: usize,
        /// What is wrong with it.
        source: Box<ImageError>,
    },
    /// No threads could be started.
    #[error("no threads to process pictures with: {0}; ask for fewer")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// A file could not be read.
    #[error("cannot be read: {0}; check that it exists and is readable")]
    Read(#[source] std::io::Error),
    /// A file or directory could not be written.
    #[error(transparent)]
    Write(#[from] captioner_files::FileError),
    /// There are no bytes.
    #[error("the picture is empty (0 bytes); download or export it again")]
    Empty,
    /// The bytes start like no format that is known here.
    #[error("not a picture in a known format; convert it to PNG, JPEG, WebP, GIF, BMP or TIFF")]
    UnknownFormat,
    /// A repository's pointer to a picture that was not fetched.
    #[error("a Git LFS pointer, not the picture itself; fetch it with `git lfs pull`")]
    LfsPointer,
    /// The format is known, but not this variant of it.
    #[error("{format}: {reason}; convert the picture to PNG or to an ordinary JPEG")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What is not supported.
        #[source]
        reason: DecodeProblem,
    },
    /// The bytes break their own format's rules.
    #[error("broken {format} picture: {reason}; download or export it again")]
    Corrupt {
        /// The format.
        format: &'static str,
        /// What is wrong.
        #[source]
        reason: DecodeProblem,
    },
    /// The picture is beyond one of the limits.
    #[error(
        "the picture's {what} is {value}, more than the limit of {limit}; \
         make the picture smaller, or raise DecodeLimits::{setting} if you trust it"
    )]
    LimitExceeded {
        /// What was measured.
        what: &'static str,
        /// How much of it the picture has.
        value: u64,
        /// How much is allowed.
        limit: u64,
        /// The field of [`DecodeLimits`](crate::DecodeLimits) that allows it.
        setting: &'static str,
    },
    /// The decoder would need more memory, or met greater dimensions, than the limits allow.
    #[error(
        "{format}: {reason}; make the picture smaller, or raise max_width, max_height or \
         max_memory of DecodeLimits if you trust it"
    )]
    BeyondDecoderLimits {
        /// The format.
        format: &'static str,
        /// What is wrong.
        #[source]
        reason: DecodeProblem,
    },
    /// Width times height times three is not the number of bytes.
    #[error(
        "{width}x{height} RGB takes {expected} bytes, but {given} were given; \
         give 3 bytes for each pixel, row after row"
    )]
    RawLength {
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
        height: u32,
        /// How many bytes that takes.
        expected: u64,
        /// How many there were.
        given: usize,
    },
    /// A picture without pixels.
    #[error("the picture is {width}x{height}: it has no pixels; leave it out")]
    NoPixels {
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
        height: u32,
    },
    /// The pictures of a batch would have several sizes.
    #[error(
        "{height} x {width} pixels after resizing, where the batch has {batch_height} x {batch_width}; \
         switch do_center_crop on in preprocessor_config.json, or process it alone"
    )]
    SeveralSizes {
        /// The height of this picture's result.
        height: usize,
        /// The width of this picture's result.
        width: usize,
        /// The height of the batch, which the first picture gave.
        batch_height: usize,
        /// The width of the batch.
        batch_width: usize,
    },
    /// No picture is given.
    #[error("there are no pictures to process; give at least one")]
    NoPictures,
    /// The shape is not one of pixel values, or the values do not fill it.
    #[error("pixel values of the shape {shape:?}: {problem}")]
    PixelShape {
        /// The shape.
        shape: Vec<usize>,
        /// What is wrong with it.
        problem: ShapeProblem,
    },
    /// Videos that are to be one batch have several shapes.
    #[error(
        "video {index} has the shape {shape:?}, and the first one {first:?}; \
         give all the same number of frames and the same size, or process it alone"
    )]
    SeveralShapes {
        /// Which video, from 0.
        index: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// The shape of the first one.
        first: Vec<usize>,
    },
    /// The buffer for the pixel values has another length.
    #[error(
        "the pixel values, 3 x {height} x {width} of each picture, take a buffer of {expected} floats, \
         not {given}; ask output_size or output_size_of for the size"
    )]
    OutputLength {
        /// The result's height in pixels.
        height: usize,
        /// The result's width in pixels.
        width: usize,
        /// How many values that is.
        expected: usize,
        /// How many the buffer holds.
        given: usize,
    },
    /// The processed picture would be far larger than any model reads.
    #[error(
        "the picture would become {width}x{height}, more than {limit} pixels; \
         crop it nearer to a square, or set do_center_crop"
    )]
    OutputTooLarge {
        /// The result's width in pixels.
        width: u64,
        /// The result's height in pixels.
        height: u64,
        /// The most pixels a result may have.
        limit: u64,
    },
    /// The directory has neither of the configuration files.
    #[error(
        "{dir}: no preprocessor_config.json and no processor_config.json in this directory; \
         give the directory of a saved checkpoint"
    )]
    NoConfig {
        /// The directory that was searched.
        dir: PathBuf,
    },
    /// A configuration file is not JSON, or a key has a value of the wrong kind.
    #[error("not a valid image processor configuration: {0}; download the file again or fix it")]
    Malformed(#[from] ConfigProblem),
    /// A setting has a value that cannot be used.
    #[error(transparent)]
    InvalidSetting(#[from] InvalidSetting),
}

/// Why a configuration file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// It holds something else than an object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// It is larger than settings can be.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: u64,
    },
    /// It is not JSON, or a key has a value of the wrong kind.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A setting with a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {value}; {help}")]
pub struct InvalidSetting {
    /// The key in `preprocessor_config.json`.
    pub key: &'static str,
    /// Its value, as JSON.
    pub value: String,
    /// What would do.
    pub help: &'static str,
}

/// What is wrong with the bytes of a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// A JPEG breaks the rules.
    #[error(transparent)]
    Jpeg(Corruption),
    /// A JPEG is of a kind that isn't decoded.
    #[error(transparent)]
    UnsupportedJpeg(Unsupported),
    /// What the decoder of another format said.
    #[error(transparent)]
    Decoder(Box<dyn std::error::Error + Send + Sync>),
    /// The decoder panicked.
    #[error("the decoder gave up")]
    Panic,
    /// The palette of a PNG is empty, too long or ends within a colour.
    #[error("a palette of {bytes} bytes")]
    PaletteLength {
        /// Its bytes.
        bytes: usize,
    },
    /// A PNG has more transparencies than colours.
    #[error("{transparencies} transparencies of {colours} colours")]
    Transparencies {
        /// How many transparencies.
        transparencies: usize,
        /// How many colours.
        colours: usize,
    },
    /// The samples of a CMYK TIFF have not 8 bits.
    #[error("its samples have not 8 bits")]
    InkDepth,
    /// A CMYK TIFF has fewer pixels than its size promises.
    #[error("it holds fewer pixels than it says")]
    MissingInks,
    /// An animation has no frame.
    #[error("the animation has no frame")]
    NoFrames,
    /// A frame of an animation has no header.
    #[error("a frame has no header")]
    NoFrameHeader,
    /// A frame reaches beyond the animation.
    #[error("a frame reaches beyond the animation")]
    FrameBeyondCanvas,
    /// A frame has no picture.
    #[error("a frame has no picture")]
    EmptyFrame,
    /// The picture of a frame has another size than the frame.
    #[error("a frame has another size than its header says")]
    FrameSize,
}

impl DecodeProblem {
    /// What another crate's decoder said.
    pub(crate) fn decoder(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Decoder(Box::new(error))
    }
}

impl From<JpegError> for ImageError {
    fn from(error: JpegError) -> Self {
        const FORMAT: &str = "JPEG";
        match error {
            JpegError::NoPixels { width, height } => Self::NoPixels { width, height },
            JpegError::LimitExceeded { limit, value, most } => Self::LimitExceeded {
                what: match limit {
                    Limit::Width => "width",
                    Limit::Height => "height",
                    Limit::Pixels => "number of pixels",
                    Limit::Memory => "decoded size in bytes",
                },
                value,
                limit: most,
                setting: limit.field(),
            },
            JpegError::Unsupported(reason) => Self::Unsupported {
                format: FORMAT,
                reason: DecodeProblem::UnsupportedJpeg(reason),
            },
            JpegError::Corrupt(reason) => Self::Corrupt {
                format: FORMAT,
                reason: DecodeProblem::Jpeg(reason),
            },
            _ => Self::UnknownFormat, // of bytes that do not begin as a JPEG's do
        }
    }
}

impl ImageError {
    /// The same error, naming the picture of a batch that it is about.
    pub(crate) fn of_picture(self, index: usize) -> Self {
        Self::Picture {
            index,
            source: Box::new(self),
        }
    }

    /// The same error, naming the file it is about.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        Self::File {
            path: path.to_owned(),
            source: Box::new(self),
        }
    }
}
