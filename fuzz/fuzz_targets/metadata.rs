//! Any `metadata.jsonl` or `metadata.csv` beside two pictures: an error, or rows that are read.
//!
//! Two bits of the first byte say which file it is, and what happens to bad rows.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use captioner_data::PictureFolder;
use captioner_fuzz::{options, read_all, scratch_folder};
use libfuzzer_sys::fuzz_target;

static FOLDERS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    ["jsonl", "csv"].map(|kind| {
        let folder = scratch_folder().join(kind);
        fs::create_dir_all(folder.join("sub")).unwrap();
        for picture in ["a.png", "sub/b.jpg"] {
            fs::write(folder.join(picture), "x").unwrap();
        }
        folder
    })
});

fuzz_target!(|data: &[u8]| {
    let Some((&bits, data)) = data.split_first() else {
        return;
    };
    let is_csv = usize::from(bits & 1);
    let folder = &FOLDERS[is_csv];
    let name = ["metadata.jsonl", "metadata.csv"][is_csv];
    fs::write(folder.join(name), data).unwrap();
    if let Ok(set) = PictureFolder::open_with(folder, &options(bits & 2 != 0)) {
        assert!(!captioner_data::CaptionDataset::is_empty(&set));
        read_all(&set);
    }
});
