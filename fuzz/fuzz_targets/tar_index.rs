//! Any bytes as a tar shard, and any index beside a good one: errors, or rows that are the same
//! when they are read by the index.
//!
//! The first byte says which: 1 skips bad rows, 2 corrects the checksums of headers, 4 takes the
//! rest for an index, of which the beginning and the checksum are put right.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::LazyLock;

use captioner_data::{CaptionDataset, TarDataset};
use captioner_fuzz::{options, read_all, scratch_folder};
use libfuzzer_sys::fuzz_target;

/// What comes before the index proper: eight bytes, the checksum, the shard's 24 bytes.
const BEFORE: usize = 36;

static GOOD: LazyLock<(PathBuf, Vec<u8>)> = LazyLock::new(|| {
    let path = scratch_folder().join("good.tar");
    let members = [("1.jpg", "one"), ("1.txt", "a cat"), ("2.png", "two"), ("2.json", "{\"text\": \"x\"}")];
    let mut tar = Vec::new();
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(bytes.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    fs::write(&path, tar).unwrap();
    open(&path, false).unwrap();
    let mut before = fs::read(index_of(&path)).unwrap();
    before.truncate(BEFORE);
    (path, before)
});

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.captioner-index", path.display()))
}

fn open(path: &PathBuf, skip: bool) -> Result<TarDataset, String> {
    TarDataset::open(slice::from_ref(path), &options(skip)).map_err(|error| error.to_string())
}

fn corrected(mut tar: Vec<u8>) -> Vec<u8> {
    for block in tar.chunks_exact_mut(512) {
        let is_header = block.iter().any(|&byte| byte != 0) && block[257..].starts_with(b"ustar");
        if is_header {
            let mut header = tar::Header::from_byte_slice(block).clone();
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
    }
    tar
}

fn shard(tar: &[u8], skip: bool) {
    let path = scratch_folder().join("any.tar");
    let _ = fs::remove_file(index_of(&path));
    fs::write(&path, tar).unwrap();
    let first = open(&path, skip);
    let second = open(&path, skip);
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert!(index_of(&path).exists());
            assert_eq!(read_all(&first), read_all(&second));
            for row in 0..first.len().min(50) {
                if let Ok(captioner_data::Picture::Encoded(bytes)) = first.picture(row) {
                    assert!(tar.windows(bytes.len()).any(|window| window == bytes));
                }
            }
        }
        (Err(first), Err(second)) => assert_eq!(first, second),
        (first, second) => panic!("{first:?} but {second:?}"),
    }
}

fn index(rest: &[u8], skip: bool) {
    let (path, before) = &*GOOD;
    let mut index = [before, rest].concat();
    let crc = crc32fast::hash(&index[12..]).to_le_bytes();
    index[8..12].copy_from_slice(&crc);
    fs::write(index_of(path), index).unwrap();
    if let Ok(set) = open(path, skip) {
        read_all(&set);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&bits, data)) = data.split_first() else {
        return;
    };
    let skip = bits & 1 != 0;
    match bits & 6 {
        0 => shard(data, skip),
        2 => shard(&corrected(data.to_vec()), skip),
        _ => index(data, skip),
    }
});
