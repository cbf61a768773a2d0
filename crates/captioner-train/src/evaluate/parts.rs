//! Batches in parts, so that memory stays flat whatever the batch size.

use std::borrow::Cow;

use captioner_model::{CaptionBatch, FeatureRows, ModelError, PixelValues, TokenBatch, Visual};
use captioner_ops::burn::tensor::Device;
use captioner_ops::is_cpu;

/// Values of pictures that pass the model at once on the CPU, where larger batches need more memory
/// and gain no speed: 8 pictures of 224 x 224 pixels, whose keys and values in git-base's decoder
/// take 58 MB.
const VALUES_AT_ONCE: usize = 8 * 3 * 224 * 224;

/// The batch in parts that pass the model one after the other: on the CPU as many pictures as there
/// is memory set aside for, elsewhere all of them.
pub(super) fn parts<'a>(
    batch: &'a CaptionBatch,
    device: &Device,
) -> impl Iterator<Item = Result<Cow<'a, CaptionBatch>, ModelError>> + use<'a> {
    let pictures = batch.visual().count();
    let each = match batch.visual() {
        Visual::Pixels(pixels) => pixels.values().len() / pictures,
        Visual::Features(features) => features.values().len() / pictures,
        _ => 0,
    };
    let at_once = match VALUES_AT_ONCE.checked_div(each) {
        Some(at_once) if is_cpu(device) => at_once.clamp(1, pictures),
        _ => pictures,
    };
    let starts = (0..pictures).step_by(at_once);
    starts.map(move |start| match at_once {
        all if all == pictures => Ok(Cow::Borrowed(batch)),
        _ => part(batch, start, at_once.min(pictures - start)).map(Cow::Owned),
    })
}

/// The `count` pictures from `start` with their captions, padded as in the whole batch.
fn part(batch: &CaptionBatch, start: usize, count: usize) -> Result<CaptionBatch, ModelError> {
    let pictures = batch.visual().count();
    let visual = match batch.visual() {
        Visual::Pixels(pixels) => {
            let each = pixels.values().len() / pictures;
            let mut shape = pixels.shape().to_vec();
            shape[0] = count;
            let values = pixels.values()[start * each..(start + count) * each].to_vec();
            Visual::Pixels(PixelValues::new(values, &shape)?)
        }
        Visual::Features(features) => {
            let [_, rows, width] = features.shape();
            let each = rows * width;
            let values = features.values()[start * each..(start + count) * each].to_vec();
            Visual::Features(FeatureRows::new(values, [count, rows, width])?)
        }
        other => other.clone(),
    };
    let captions = batch.captions() / pictures;
    let columns = batch.padded_length();
    let ids = start * captions * columns..(start + count) * captions * columns;
    let tokens = TokenBatch {
        input_ids: batch.tokens().input_ids[ids.clone()].to_vec(),
        attention_mask: batch.tokens().attention_mask[ids.clone()].to_vec(),
        rows: count * captions,
        columns,
        truncated: 0,
    };
    CaptionBatch::new(visual, tokens)?.with_labels(batch.labels()[ids].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_model::{EncodeOptions, Padding};

    fn batch(visual: Visual, captions: usize) -> CaptionBatch {
        let rows: Vec<Vec<u32>> = (0..captions).map(|row| vec![1; 2 + row % 3]).collect();
        let options = EncodeOptions {
            padding: Padding::Longest,
            ..EncodeOptions::default()
        };
        let tokens = TokenBatch::from_rows(&rows, 0, &options).unwrap();
        let batch = CaptionBatch::new(visual, tokens).unwrap();
        batch.with_pads_in_loss(true)
    }

    #[test]
    fn parts_hold_every_picture_and_caption_once_and_in_order() {
        let shape = [11, 3, 224, 224];
        let values = (0..shape.iter().product()).map(|value: usize| value as f32);
        let pixels = PixelValues::new(values.collect(), &shape).unwrap();
        let features = FeatureRows::new(
            (0..11 * 400_000).map(|v| v as f32).collect(),
            [11, 400, 1000],
        );
        for (visual, sizes) in [
            (Visual::from(pixels), vec![8, 3]),
            (Visual::from(features.unwrap()), vec![3, 3, 3, 2]),
        ] {
            let whole = batch(visual, 22);
            let parts = parts(&whole, &Device::flex()).collect::<Result<Vec<_>, _>>();
            let parts = parts.unwrap();
            let counts: Vec<_> = parts.iter().map(|part| part.visual().count()).collect();
            assert_eq!(counts, sizes);
            let labels: Vec<i64> = parts
                .iter()
                .flat_map(|part| part.labels().to_vec())
                .collect();
            assert_eq!(labels, whole.labels());
            let ids = parts
                .iter()
                .flat_map(|part| part.tokens().input_ids.clone());
            assert_eq!(ids.collect::<Vec<_>>(), whole.tokens().input_ids);
            let of = |visual: &Visual| match visual {
                Visual::Pixels(pixels) => pixels.values().to_vec(),
                Visual::Features(features) => features.values().to_vec(),
                _ => Vec::new(),
            };
            let values: Vec<f32> = parts.iter().flat_map(|part| of(part.visual())).collect();
            assert!(values == of(whole.visual()));
        }
    }

    #[test]
    fn small_pictures_stay_together() {
        let pixels = PixelValues::new(vec![0.0; 32 * 3 * 96 * 96], &[32, 3, 96, 96]).unwrap();
        let whole = batch(pixels.into(), 32);
        let parts: Result<Vec<_>, _> = parts(&whole, &Device::flex()).collect();
        assert_eq!(parts.unwrap(), [Cow::Borrowed(&whole)]);
    }
}
