//! Any bytes as a Parquet file: an error, or rows that are read or refused, without a panic.
//!
//! The first byte says what happens to bad rows.

#![no_main]

use std::fs;

use captioner_data::ParquetDataset;
use captioner_fuzz::{let_decoders_panic, options, read_all, scratch_folder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let_decoders_panic();
    let Some((&bits, data)) = data.split_first() else {
        return;
    };
    let path = scratch_folder().join("any.parquet");
    fs::write(&path, data).unwrap();
    if let Ok(set) = ParquetDataset::open(&[path], &options(bits & 1 != 0)) {
        read_all(&set);
    }
});
