//! Finding the rows whose pictures can't be decoded, before a run starts.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use captioner_data::{CaptionDataset, Subset};
use captioner_image::DecodeOptions;

use crate::TrainError;
use crate::prepared::decode_row;

/// The rows of a set that can be read, and what is wrong with the others.
#[derive(Debug)]
pub struct CheckedSet {
    /// The rows with good pictures, in order.
    pub good: Subset,
    /// One error for each bad row; each names the picture and its row.
    pub bad: Vec<TrainError>,
}

/// Decodes every picture once, on all cores, and keeps none.
///
/// # Errors
/// When no row is good.
pub fn check_pictures(
    dataset: &Arc<dyn CaptionDataset>,
    options: &DecodeOptions,
) -> Result<CheckedSet, TrainError> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let rows: Vec<usize> = (0..dataset.len()).collect();
    let share = rows.len().div_ceil(workers).max(1);
    let check = |rows: &[usize]| -> Vec<Result<usize, TrainError>> {
        let decode = |row: &usize| decode_row(dataset.as_ref(), *row, options).map(|_| *row);
        rows.iter().map(decode).collect()
    };
    let results: Vec<Result<usize, TrainError>> = thread::scope(|scope| {
        let check = &check;
        let shares = rows
            .chunks(share)
            .map(|rows| scope.spawn(move || check(rows)));
        let threads: Vec<_> = shares.collect();
        let joined = threads.into_iter().map(|thread| {
            let stopped = |_| vec![Err(TrainError::LoaderStopped)];
            thread.join().unwrap_or_else(stopped)
        });
        joined.flatten().collect()
    });
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(row) => good.push(row),
            Err(error) => bad.push(error),
        }
    }
    if good.is_empty() && !bad.is_empty() {
        return Err(TrainError::NoGoodRows {
            set: dataset.name().to_owned(),
            first: Box::new(bad.swap_remove(0)),
        });
    }
    let good = Subset::new(dataset.clone(), good, dataset.name().to_owned())?;
    Ok(CheckedSet { good, bad })
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_data::PictureFolder;
    use std::fs;
    use std::path::Path;

    fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Arc<dyn CaptionDataset>) {
        let root = tempfile::tempdir().unwrap();
        let mut lines = String::new();
        for (name, bytes) in files {
            fs::write(root.path().join(name), bytes).unwrap();
            lines += &format!("{{\"file_name\": \"{name}\", \"text\": \"a thing\"}}\n");
        }
        fs::write(root.path().join("metadata.jsonl"), lines).unwrap();
        let set = PictureFolder::open(root.path()).unwrap();
        (root, Arc::new(set))
    }

    fn png() -> Vec<u8> {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.png");
        write_png(&path);
        fs::read(path).unwrap()
    }

    fn write_png(path: &Path) {
        captioner_image::RgbImage::new(3, 2).save(path).unwrap();
    }

    #[test]
    fn bad_pictures_are_named_with_their_rows_and_the_rest_stays() {
        let good = png();
        let (_root, set) = folder(&[("a.png", &good), ("b.png", b"no png"), ("c.png", &good)]);
        let checked = check_pictures(&set, &DecodeOptions::default()).unwrap();
        assert_eq!(checked.good.len(), 2);
        let message = checked.bad[0].to_string();
        assert!(
            message.contains("b.png") && message.contains('2'),
            "{message}"
        );
    }

    #[test]
    fn a_set_without_a_good_picture_is_an_error_that_names_the_first() {
        let (_root, set) = folder(&[("a.png", b""), ("b.png", b"no png")]);
        let error = check_pictures(&set, &DecodeOptions::default()).unwrap_err();
        assert!(error.to_string().contains("a.png"), "{error}");
    }
}
