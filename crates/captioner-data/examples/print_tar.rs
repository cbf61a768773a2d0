//! Prints the rows of tar shards as JSON lines, to be compared with those that
//! `tools/reference/datasets_webdataset.py` writes.
//!
//! ```sh
//! cargo run -p captioner-data --example print_tar -- SHARD...
//! cargo run --release -p captioner-data --example print_tar -- --time SHARD...
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use captioner_data::{CaptionDataset, OpenOptions, Picture, TarDataset};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let only_time = arguments.first().is_some_and(|first| first == "--time");
    if only_time {
        arguments.remove(0);
    }
    let shards: Vec<_> = arguments.into_iter().map(PathBuf::from).collect();
    let start = Instant::now();
    let set = TarDataset::open(&shards, &OpenOptions::default())?;
    if only_time {
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{} rows in {seconds:.3} s, peak {} MiB",
            set.len(),
            peak_mebibytes()
        );
        return Ok(());
    }
    for row in 0..set.len() {
        let Picture::Encoded(bytes) = set.picture(row)? else {
            return Err("a picture that is no file".into());
        };
        let line = serde_json::json!({
            "row": row,
            "name": set.row_name(row)?,
            "captions": set.captions(row)?,
            "crc32": crc32fast::hash(&bytes),
        });
        println!("{line}");
    }
    Ok(())
}

/// The most memory that the process had, where Linux tells; else 0.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
