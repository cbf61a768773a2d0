//! Writing what a model computed, to compare it with another program's.

use std::error::Error;
use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use captioner::files::write_file;
use captioner::git::GitForCausalLm;
use captioner::model::{CaptionModel, Generated, KeyValuePrefix, PixelValues, Tokens};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// Logits of the prompts' positions, and their shape `[B, T, V]`.
pub(crate) fn logits(
    model: &GitForCausalLm,
    prefix: &KeyValuePrefix,
    prompts: &[Vec<u32>],
) -> Result<(Vec<f32>, [usize; 3]), Box<dyn Error>> {
    let length = prompts.first().map_or(0, Vec::len);
    if prompts.iter().any(|prompt| prompt.len() != length) {
        return Err("--dump needs prompts of one length".into());
    }
    let ids: Vec<i64> = prompts.concat().into_iter().map(i64::from).collect();
    let data = TensorData::new(ids, [prompts.len(), length]);
    let ids = Tensor::<2, Int>::from_data(data, &model.device());
    let logits = model.logits(prefix, Tokens::new(ids))?;
    let shape = logits.dims();
    Ok((logits.try_into_data()?.iter::<f32>().collect(), shape))
}

/// Writes `pixel_values`, `logits` and `sequences`, the latter padded to the longest.
pub(crate) fn write(
    path: &Path,
    pixels: &PixelValues,
    (logits, logits_shape): (Vec<f32>, [usize; 3]),
    texts: &[Generated],
    pad: u32,
) -> Result<(), Box<dyn Error>> {
    let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
    let rows = texts.iter().flat_map(|text| {
        let pads = std::iter::repeat_n(&pad, longest - text.ids.len());
        text.ids.iter().chain(pads)
    });
    let ids: Vec<u8> = rows.flat_map(|&id| i64::from(id).to_le_bytes()).collect();
    let bytes = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let (pixel_bytes, logit_bytes) = (bytes(pixels.values()), bytes(&logits));
    let sequences = [texts.len(), longest].to_vec();
    let tensors = [
        (
            "pixel_values",
            TensorView::new(Dtype::F32, pixels.shape().to_vec(), &pixel_bytes)?,
        ),
        (
            "logits",
            TensorView::new(Dtype::F32, logits_shape.to_vec(), &logit_bytes)?,
        ),
        ("sequences", TensorView::new(Dtype::I64, sequences, &ids)?),
    ];
    write_file(path, &safetensors::serialize(tensors, None)?)?;
    Ok(())
}
