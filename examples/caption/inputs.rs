//! The pictures and videos that the captioning example reads.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use captioner::image::{Source, Workers};
use captioner::model::{PixelValues, Processor};

/// Endings of the files that are taken from a folder.
const PICTURES: [&str; 9] = [
    "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "apng",
];

/// What one caption is about.
pub(crate) enum Input {
    Picture(PathBuf),
    /// A folder and its frames.
    Video(PathBuf, Vec<PathBuf>),
}

impl Input {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Picture(path) | Self::Video(path, _) => path.display().to_string(),
        }
    }
}

/// Files as they are, and the pictures of each folder, sorted by name; with `videos` each folder
/// as one video.
pub(crate) fn find(paths: &[PathBuf], videos: bool) -> Result<Vec<Input>, Box<dyn Error>> {
    let mut inputs = Vec::new();
    for path in paths {
        match (path.is_dir(), videos) {
            (true, true) => inputs.push(Input::Video(path.clone(), pictures(path)?)),
            (true, false) => inputs.extend(pictures(path)?.into_iter().map(Input::Picture)),
            (false, false) => inputs.push(Input::Picture(path.clone())),
            (false, true) => {
                let path = path.display();
                return Err(format!("{path} is no folder: --frames wants one for a video").into());
            }
        }
    }
    Ok(inputs)
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| is_picture(path));
    if paths.is_empty() {
        let endings = PICTURES.join(", ");
        return Err(format!("{} holds no picture ({endings})", folder.display()).into());
    }
    paths.sort();
    Ok(paths)
}

/// By its ending; hidden files are none, such as what other systems keep beside a picture (`._a.png`).
fn is_picture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    if name.as_encoded_bytes().starts_with(b".") {
        return false;
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| PICTURES.contains(&ending.to_lowercase().as_str()))
}

/// Decodes and preprocesses a batch.
pub(crate) fn read(
    inputs: &[Input],
    processor: &Processor,
    workers: &Workers,
) -> Result<PixelValues, Box<dyn Error>> {
    let mut pictures: Vec<Source> = Vec::new();
    let mut videos: Vec<PixelValues> = Vec::new();
    for input in inputs {
        match input {
            Input::Picture(path) => pictures.push(Source::File(path)),
            Input::Video(_, frames) => {
                let frames: Vec<Source> = frames.iter().map(|path| Source::File(path)).collect();
                videos.push(processor.frame_values(&frames, workers)?);
            }
        }
    }
    if videos.is_empty() {
        return Ok(processor.pixel_values(&pictures, workers)?);
    }
    Ok(PixelValues::stack(videos)?)
}
