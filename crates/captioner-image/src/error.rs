//! Everything that can go wrong between a picture's bytes and its pixel values.

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
    #[error("picture {place}: {source}")]
    Picture {
        /// Its place in the batch, counted from 0.
        place: usize,
        /// What is wrong with it.
        source: Box<ImageError>,
    },
    /// No threads could be started.
    #[error("no threads to process pictures with: {0}; ask for fewer")]
    Threads(String),
    /// A file could not be read.
    #[error("cannot be read: {0}; check that it exists and is readable")]
    Read(std::io::Error),
    /// A file or directory could not be written.
    #[error(transparent)]
    Write(#[from] captioner_files::FileError),
    /// There are no bytes.
    #[error("the picture is empty (0 bytes); download or export it again")]
    Empty,
    /// The bytes start like no format that is known here.
    #[error("not a picture in a known format; convert it to PNG, JPEG, WebP, GIF, BMP or TIFF")]
    UnknownFormat,
    /// The format is known, but not this variant of it.
    #[error("{format}: {reason}; convert the picture to PNG or to an ordinary JPEG")]
    Unsupported {
        /// The format.
        format: String,
        /// What is not supported.
        reason: String,
    },
    /// The bytes break their own format's rules.
    #[error("broken {format} picture: {reason}; download or export it again")]
    Corrupt {
        /// The format.
        format: String,
        /// What the decoder said.
        reason: String,
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
        format: String,
        /// What the decoder said.
        reason: String,
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
        height: u32,
        /// The width of this picture's result.
        width: u32,
        /// The height of the batch, which the first picture gave.
        batch_height: u32,
        /// The width of the batch.
        batch_width: u32,
    },
    /// The buffer for the pixel values has another length.
    #[error(
        "the pixel values, 3 x {height} x {width} of each picture, take a buffer of {expected} floats, \
         not {given}; ask output_size or output_size_of for the size"
    )]
    OutputLength {
        /// The result's height in pixels.
        height: u32,
        /// The result's width in pixels.
        width: u32,
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
    #[error("not a valid image processor configuration: {0}; download the file again or mend it")]
    Malformed(String),
    /// A setting has a value that cannot be used.
    #[error("{key} is {value}; {mend}")]
    InvalidSetting {
        /// The key in `preprocessor_config.json`.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would do.
        mend: &'static str,
    },
}

impl ImageError {
    /// The same error, naming the picture of a batch that it is about.
    pub(crate) fn of_picture(self, place: usize) -> Self {
        Self::Picture {
            place,
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
