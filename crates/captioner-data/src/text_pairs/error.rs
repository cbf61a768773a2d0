//! What can be wrong with a folder of pictures and texts.

use std::path::PathBuf;

/// What can be wrong with a folder of pictures and texts. Each message names the file and what
/// helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextPairError {
    /// A picture has no text beside it.
    #[error("`{}` has no .txt (or .caption) file of the same name beside it: write one or remove the picture", picture.display())]
    NoText {
        /// The picture.
        picture: PathBuf,
    },

    /// A text has no picture beside it.
    #[error("`{}` has no picture of the same name beside it: add one or remove the text", text.display())]
    NoPicture {
        /// The text.
        text: PathBuf,
    },

    /// A picture or a text is a link out of the folder.
    #[error("`{}` is a link out of the folder: copy the file into the folder", path.display())]
    LinkOutside {
        /// The file.
        path: PathBuf,
    },

    /// A text is larger than can be meant.
    #[error("`{}` has {bytes} bytes, more than the {limit} that a picture's captions may have: shorten it", path.display())]
    TextTooLarge {
        /// The text.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// A text isn't UTF-8.
    #[error("`{}`: not UTF-8 text: save the file as UTF-8", path.display())]
    NotUtf8 {
        /// The text.
        path: PathBuf,
    },
}
