//! What can be wrong with a COCO captions file.

use std::io;
use std::path::PathBuf;

/// What can be wrong with a COCO captions file, or Karpathy's. Each message names the file, the
/// entry and what helps. Entries are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CocoError {
    /// The file is JSON of another kind.
    #[error("`{}` is no COCO captions file: {reason}", path.display())]
    NotCoco {
        /// The file.
        path: PathBuf,
        /// What is there, and what is needed.
        reason: &'static str,
    },

    /// The file isn't valid JSON, or a value has the wrong type.
    #[error("`{}` can't be read as COCO captions: {reason}: fetch or write it again", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        reason: String,
    },

    /// The file is larger than can be meant.
    #[error("`{}` has {bytes} bytes, more than the {limit} that captions may have: split it", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// An entry lacks a value.
    #[error("`{}`: `{list}` entry {entry} has no `{field}`: add it or remove the entry", path.display())]
    MissingField {
        /// The file.
        path: PathBuf,
        /// `images` or `annotations`.
        list: &'static str,
        /// The entry.
        entry: usize,
        /// What it lacks.
        field: &'static str,
    },

    /// Two images have one id.
    #[error("`{}`: `images` entry {entry} has the id {id} of entry {first}: remove one of them", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// The id.
        id: String,
        /// The entry that had it first.
        first: usize,
    },

    /// A caption is about no image of the file.
    #[error("`{}`: `annotations` entry {entry} is about the image {id}, which is not in `images`: add the image or remove the entry", path.display())]
    UnknownImage {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// The image's id.
        id: String,
    },

    /// An image has no caption that isn't blank.
    #[error("`{}`: `images` entry {entry} (`{file_name}`) has no caption: add one or remove the image", path.display())]
    NoCaption {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// The picture.
        file_name: String,
    },

    /// A caption is longer than can be meant.
    #[error("`{}`: `images` entry {entry} (`{file_name}`) has a caption of {bytes} bytes, more than {limit}: shorten it", path.display())]
    CaptionTooLong {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// The picture.
        file_name: String,
        /// The caption's length.
        bytes: usize,
        /// The greatest length allowed.
        limit: usize,
    },

    /// An image names a picture outside of the folders of pictures.
    #[error("`{}`: `images` entry {entry}: `{file_name}` is not a path inside a folder: give the file's name, without `..`", path.display())]
    PathOutside {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// What it gives.
        file_name: String,
    },

    /// A picture isn't in any of the folders that COCO's layout has.
    #[error("`{}`: `images` entry {entry}: there is no picture `{file_name}` beside the file, nor in images, train2014, val2014, train2017, val2017 there or one folder above: put the pictures there", path.display())]
    PictureMissing {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: usize,
        /// The picture.
        file_name: String,
    },

    /// The file can't be read.
    #[error("can't read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl CocoError {
    /// The entry of `images` that is at fault, or of `annotations`, and the picture if it is known.
    pub(super) fn entry(&self) -> Option<(&'static str, usize, Option<&str>)> {
        match self {
            Self::MissingField { list, entry, .. } => Some((list, *entry, None)),
            Self::DuplicateId { entry, .. } => Some(("images", *entry, None)),
            Self::UnknownImage { entry, .. } => Some(("annotations", *entry, None)),
            Self::NoCaption {
                entry, file_name, ..
            }
            | Self::CaptionTooLong {
                entry, file_name, ..
            }
            | Self::PathOutside {
                entry, file_name, ..
            }
            | Self::PictureMissing {
                entry, file_name, ..
            } => Some(("images", *entry, Some(file_name))),
            _ => None,
        }
    }
}
