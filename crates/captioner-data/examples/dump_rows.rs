//! Prints the rows of a set as JSON lines, to be compared with what other libraries read:
//! `dump_rows SPEC [--split S] [--caption-column C] [--skip-bad-rows]`.
//!
//! A line is `{"split", "row", "file", "crc32", "captions"}`; `crc32` is that of the picture's
//! bytes as they are stored, so that no decoder has a part in the comparison.

use std::env;
use std::error::Error;
use std::io::{BufWriter, Write, stdout};

use captioner_data::{BadRows, CaptionDataset, OpenOptions, Picture, open_dataset, open_splits};

const USAGE: &str = "dump_rows SPEC [--split S] [--caption-column C] [--skip-bad-rows]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut spec = None;
    let mut options = OpenOptions::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--split" => options = options.with_split(value()?),
            "--caption-column" => options = options.with_caption_column(value()?),
            "--skip-bad-rows" => options = options.with_bad_rows(BadRows::Skip),
            _ => spec = Some(argument),
        }
    }
    let spec = spec.ok_or(USAGE)?;
    if let Some(split) = options.split.clone() {
        return dump(&split, open_dataset(&spec, &options)?.as_ref());
    }
    for (split, set) in open_splits(&spec, &options)?.iter() {
        dump(split, set.as_ref())?;
    }
    Ok(())
}

fn dump(split: &str, set: &dyn CaptionDataset) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(stdout().lock());
    for row in 0..set.len() {
        let crc32 = match set.picture(row)? {
            Picture::Encoded(bytes) => crc32fast::hash(&bytes),
            Picture::Rgb8 { pixels, .. } => crc32fast::hash(&pixels),
        };
        let line = serde_json::json!({
            "split": split,
            "row": row,
            "file": set.row_name(row)?,
            "crc32": crc32,
            "captions": set.captions(row)?,
        });
        writeln!(out, "{line}")?;
    }
    for skipped in set.skipped() {
        eprintln!("{split}: {skipped}");
    }
    Ok(())
}
