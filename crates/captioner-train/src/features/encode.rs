//! The encoder's pass over pictures, always in the same way.

use captioner_model::{CaptionModel, FeatureRows, ModelError, PixelValues};
use captioner_ops::is_cpu;

use super::store::RowShape;

/// Features of pictures, one after the other.
pub(super) struct Encoded {
    pub(super) values: Vec<f32>,
    pub(super) shape: RowShape,
}

/// Encodes pictures: on the CPU one by one, so that what a picture gives does not depend on those
/// beside it; elsewhere together.
pub(super) fn encode<M: CaptionModel>(
    model: &M,
    pixels: &PixelValues,
) -> Result<Encoded, ModelError> {
    if pixels.count() == 1 || !is_cpu(&model.device()) {
        return together(model, pixels);
    }
    let mut first: Option<Encoded> = None;
    for picture in 0..pixels.count() {
        let one = together(model, &pick(pixels, &[picture])?)?;
        match &mut first {
            Some(all) => all.values.extend(one.values),
            None => first = Some(one),
        }
    }
    // There is a first: `PixelValues` holds at least one picture.
    first.map_or_else(|| together(model, pixels), Ok)
}

fn together<M: CaptionModel>(model: &M, pixels: &PixelValues) -> Result<Encoded, ModelError> {
    let features = FeatureRows::from_tensor(model.encode(pixels)?)?;
    let [_, rows, width] = features.shape();
    let shape = RowShape {
        pixels: pixels.shape()[1..].to_vec(),
        features: [rows, width],
    };
    let values = features.into_values();
    Ok(Encoded { values, shape })
}

/// Some of the pictures, by their places.
pub(super) fn pick(pixels: &PixelValues, places: &[usize]) -> Result<PixelValues, ModelError> {
    let mut shape = pixels.shape().to_vec();
    let each = shape[1..].iter().product();
    let all: Vec<&[f32]> = pixels.values().chunks_exact(each).collect();
    let picked = places.iter().filter_map(|place| all.get(*place));
    shape[0] = places.len();
    let values = picked.copied().collect::<Vec<_>>().concat();
    Ok(PixelValues::new(values, &shape)?)
}
