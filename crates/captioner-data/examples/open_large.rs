//! Opens a large columnar set, and reads rows of it at random: what it takes.
//!
//! ```sh
//! python tools/reference/datasets_parquet.py million /tmp/million
//! cargo run --release -p captioner-data --example open_large -- /tmp/million/parquet
//! ```
//!
//! Give a folder of Parquet files, a `save_to_disk` folder, or an Arrow file.
#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use captioner_data::{ArrowDataset, CaptionDataset, OpenOptions, ParquetDataset, Picture};

/// How many rows are read at random.
const READS: usize = 2000;

enum Set {
    Parquet(Box<ParquetDataset>),
    Arrow(ArrowDataset),
}

impl Set {
    fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let options = OpenOptions::default();
        let files = parquet_files(path)?;
        Ok(match files.is_empty() {
            true => Self::Arrow(ArrowDataset::open(path, &options)?),
            false => Self::Parquet(Box::new(ParquetDataset::open(&files, &options)?)),
        })
    }

    fn rows(&self) -> &dyn CaptionDataset {
        match self {
            Self::Parquet(set) => set.as_ref(),
            Self::Arrow(set) => set,
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Parquet(set) => set.bytes_read(),
            Self::Arrow(set) => set.bytes_read(),
        }
    }
}

fn parquet_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "parquet")
    });
    files.sort();
    Ok(files)
}

/// The most memory that the process had, where Linux says so.
fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

fn print(what: &str, seconds: f64, bytes: u64) {
    let peak = peak_mib().map_or("?".to_owned(), |peak| peak.to_string());
    println!("{what}: {seconds:.4} s, {bytes} bytes read, peak {peak} MiB");
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("give a folder or a file")?;
    let start = Instant::now();
    let set = Set::open(Path::new(&path))?;
    let rows = set.rows();
    print(
        &format!("{} rows opened", rows.len()),
        start.elapsed().as_secs_f64(),
        set.bytes_read(),
    );

    // Steps of a number without a common divisor: rows far from each other.
    let row = |read: usize| (read * 7_368_787 + 12_345) % rows.len();
    let (before, start, mut bytes) = (set.bytes_read(), Instant::now(), 0);
    let mut most = 0;
    for read in 0..READS {
        let read_before = set.bytes_read();
        if let Picture::Encoded(picture) = rows.picture(row(read))? {
            bytes += picture.len() as u64;
            most = most.max((set.bytes_read() - read_before).saturating_sub(picture.len() as u64));
        }
    }
    let seconds = start.elapsed().as_secs_f64() / READS as f64;
    print(
        "a random picture",
        seconds,
        (set.bytes_read() - before) / READS as u64,
    );
    println!(
        "  of which pictures: {}; at most beyond a picture: {most}",
        bytes / READS as u64
    );

    let (before, start) = (set.bytes_read(), Instant::now());
    for read in 0..READS {
        rows.captions(row(read))?;
    }
    let seconds = start.elapsed().as_secs_f64() / READS as f64;
    print(
        "a random caption",
        seconds,
        (set.bytes_read() - before) / READS as u64,
    );

    let (before, start) = (set.bytes_read(), Instant::now());
    let first = rows.len().min(20_000);
    for row in 0..first {
        rows.picture(row)?;
        rows.captions(row)?;
    }
    let seconds = start.elapsed().as_secs_f64() / first as f64;
    print(
        "a row in order",
        seconds,
        (set.bytes_read() - before) / first as u64,
    );
    Ok(())
}
