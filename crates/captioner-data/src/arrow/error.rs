//! What can be wrong with an Arrow file or a `save_to_disk` folder.

use std::path::PathBuf;

use crate::Place;

/// What can be wrong with an Arrow file or a `save_to_disk` folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrowError {
    /// The folder isn't one that `save_to_disk` wrote.
    #[error("`{}` has no state.json: give a folder that `save_to_disk` wrote, or an .arrow file", folder.display())]
    NotSaved {
        /// The folder.
        folder: PathBuf,
    },

    /// The folder holds the splits of a `DatasetDict`.
    #[error("`{}` holds the splits {splits}: name one of them", folder.display())]
    Splits {
        /// The folder.
        folder: PathBuf,
        /// The splits.
        splits: String,
    },

    /// state.json or dataset_dict.json can't be used.
    #[error("`{}`: {reason}: save the set again with `save_to_disk`", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The rows are those of another table, picked by an indices file, as old versions saved them.
    #[error("`{}`: its rows are picked by an indices file, which is not supported: save it again after `flatten_indices()`", file.display())]
    Indices {
        /// state.json.
        file: PathBuf,
    },

    /// The file is none of Arrow.
    #[error("`{}` is not an Arrow file: check what was saved or downloaded", file.display())]
    NotArrow {
        /// The file.
        file: PathBuf,
    },

    /// The file is the small text that git-lfs leaves in place of a large file.
    #[error("`{}` is a git-lfs pointer, not the file itself: fetch it with `git lfs pull`", file.display())]
    GitLfsPointer {
        /// The file.
        file: PathBuf,
    },

    /// The file ends within a message.
    #[error("`{}` is cut off: download or write it again", file.display())]
    Cut {
        /// The file.
        file: PathBuf,
    },

    /// The record batches are compressed.
    #[error("`{}`: its record batches are compressed, which is not supported: write it without compression, as `save_to_disk` does", file.display())]
    Compressed {
        /// The file.
        file: PathBuf,
    },

    /// The file is of a kind that isn't read.
    #[error("`{}`: {what} is not supported: write it again with `save_to_disk`", file.display())]
    Unsupported {
        /// The file.
        file: PathBuf,
        /// What isn't supported.
        what: &'static str,
    },

    /// A message of the file contradicts itself or the file.
    #[error("`{}` is damaged ({reason}): download or write it again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A row's values can't be found.
    #[error(
        "{place}: the column `{column}` can't be read ({reason}): download or write the file again"
    )]
    Row {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// What is wrong.
        reason: String,
    },
}
