//! Files and folders written whole or not at all.
//!
//! [`write_file`], [`write_file_with`] and [`write_json`] write beside the file, flush to the disk
//! and rename: whoever reads meets the former file or the new one, also after a kill or a power
//! cut. [`replace_folder`] does the same for a folder whose files belong together.
//!
//! What a killed process left behind is removed by the next write of the same file or folder. Its
//! name says which one that is (`.NAME.captioner-…`), and a lock that ends with the process says
//! that nobody is at work on it. Nothing else in the folder is touched.
//!
//! ```
//! use captioner_files::{FileError, read_json, replace_folder, write_json};
//! # let root = tempfile::tempdir().unwrap();
//! # let root = root.path();
//!
//! write_json(root.join("config.json"), &vec![224, 224])?;
//! assert_eq!(read_json::<Vec<u32>>(root.join("config.json"))?, [224, 224]);
//!
//! let checkpoint = root.join("checkpoint-10");
//! replace_folder(&checkpoint, |folder| {
//!     write_json(folder.join("config.json"), &1)?;
//!     write_json(folder.join("trainer_state.json"), &2)
//! })?;
//! assert_eq!(read_json::<u32>(checkpoint.join("trainer_state.json"))?, 2);
//! # Ok::<(), FileError>(())
//! ```

mod error;
mod file;
mod flush;
mod folder;
mod json;
mod lfs;
mod lock;
mod manifest;
mod place;
mod scratch;

pub use error::FileError;
pub use file::{FileWriter, write_file, write_file_with};
pub use folder::{
    clean_folder, create_folder, recover_folder, remove_folder, replace_folder, update_folder,
};
pub use json::{read_json, write_json};
pub use lfs::{is_lfs_pointer, refuse_lfs_pointer};
pub use lock::FolderLock;
pub use manifest::{MANIFEST_FILE, check_manifest, write_manifest};
