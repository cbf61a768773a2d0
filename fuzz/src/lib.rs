//! What the targets share.

use std::panic;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use captioner_data::{BadRows, CaptionDataset, OpenOptions, Picture};

/// How many rows of a set are read.
const MAX_ROWS: usize = 200;

/// A folder in memory for the files of this process. It stays when the process ends.
pub fn scratch_folder() -> &'static PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = PathBuf::from("/dev/shm");
        let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = root.join(format!("captioner-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    });
    &FOLDER
}

/// Lets the crates that decode Parquet panic on damaged pages, as they do: the reader catches that.
/// libFuzzer's hook would end the process before. A panic that nobody catches still ends it, and
/// one of our own does so at once.
pub fn let_decoders_panic() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or("", |place| place.file());
            let is_decoder = ["/parquet-", "/arrow-", "/rustc/"].iter().any(|part| file.contains(part));
            if !is_decoder {
                abort(info);
            }
        }));
    });
}

/// The options of one bit: bad rows stop, or are skipped.
pub fn options(skip: bool) -> OpenOptions {
    let bad_rows = if skip { BadRows::Skip } else { BadRows::Stop };
    OpenOptions::default().with_bad_rows(bad_rows)
}

/// Reads the rows of a set, and holds it to what the trait promises. Gives what was read, errors
/// as text.
pub fn read_all(set: &dyn CaptionDataset) -> Vec<String> {
    let mut end = 0;
    for block in set.blocks() {
        assert_eq!(block.start, end);
        assert!(block.end > end);
        end = block.end;
    }
    assert_eq!(end, set.len());
    assert!(set.captions(set.len()).is_err() && set.picture(set.len()).is_err());
    let mut read = vec![format!("{:?} {}", set.features(), set.skipped().len())];
    for row in 0..set.len().min(MAX_ROWS) {
        let captions = set.captions(row).map(|captions| captions.into_owned());
        if let (Ok(captions), Ok(count)) = (&captions, set.caption_count(row)) {
            assert_eq!(captions.len(), count);
        }
        let picture = set.picture(row).map(|picture| match picture {
            Picture::Encoded(bytes) => bytes.len(),
            Picture::Rgb8 { pixels, .. } => pixels.len(),
        });
        let name = set.row_name(row).map_err(|error| error.to_string());
        set.row_number(row).unwrap();
        set.describe_row(row).unwrap();
        read.push(format!("{captions:?} {picture:?} {name:?}"));
    }
    read
}
