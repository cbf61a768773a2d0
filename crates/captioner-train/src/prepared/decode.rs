//! A row's picture, to be looked at.

use captioner_data::{CaptionDataset, Picture};
use captioner_image::{DecodeOptions, RgbImage, Source};

use super::describe;
use crate::error::TrainError;

/// A data set's picture as the image crate reads it.
pub fn picture_source(picture: &Picture) -> Source<'_> {
    match picture {
        Picture::Encoded(bytes) => Source::Encoded(bytes),
        Picture::Rgb8 {
            width,
            height,
            pixels,
        } => Source::Rgb8 {
            width: *width,
            height: *height,
            pixels,
        },
    }
}

/// Reads and decodes a row's picture, to look at it. A processor decodes with its
/// [`decoding`](captioner_model::Processor::decoding).
///
/// # Errors
/// When the picture can't be read or decoded; the message names it and its row.
pub fn decode_row(
    dataset: &dyn CaptionDataset,
    row: usize,
    options: &DecodeOptions,
) -> Result<RgbImage, TrainError> {
    let picture = dataset.picture(row)?;
    let decoded = picture_source(&picture).to_rgb(options);
    let decoded = decoded.map_err(|source| TrainError::Picture {
        row: describe(dataset, row),
        source,
    })?;
    Ok(decoded.into_owned())
}
