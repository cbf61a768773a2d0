//! The model computed the plain way, to which every saving is held: one sequence of image and
//! text rows, one mask over all of it, all rows in all layers, the head on every position.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use captioner_ops::{cross_entropy, merge_heads};

use crate::decoder::Decoder;
use crate::model::GitForCausalLm;
use crate::{CaptionBatch, GitConfig, PixelValues, TextPadding};

/// `[1, 1, I + T, I + T]`, true where a row may not look: image rows see image rows, text rows see
/// the image and the text before them.
fn mask(image: usize, text: usize, device: &Device) -> Tensor<4, Bool> {
    let length = image + text;
    let hidden: Vec<bool> = (0..length * length)
        .map(|at| {
            let (row, column) = (at / length, at % length);
            column >= image && column > row.max(image - 1)
        })
        .collect();
    Tensor::from_data(TensorData::new(hidden, [1, 1, length, length]), device)
}

/// Logits of all text positions, with a picture of its own for each caption.
fn logits(model: &GitForCausalLm, pixels: Tensor<4>, ids: Tensor<2, Int>) -> Tensor<3> {
    let [_, text] = ids.dims();
    let image = model.project(model.vision_features(pixels).unwrap());
    let [_, positions, _] = image.dims();
    let rows = Tensor::cat(vec![image, model.embed(ids)], 1);
    let mask = mask(positions, text, &rows.device());
    let rows = decode(model.decoder(), rows, mask);
    model.head(rows).narrow(1, positions, text)
}

fn decode(decoder: &Decoder, mut x: Tensor<3>, mask: Tensor<4, Bool>) -> Tensor<3> {
    for layer in decoder.layers() {
        let (query, keys) = layer.project(x.clone());
        let [.., width] = query.dims();
        let scores = query.matmul(keys.key.transpose()) / (width as f64).sqrt();
        let shape = scores.shape();
        let scores = scores.mask_fill(mask.clone().expand(shape), f32::NEG_INFINITY);
        let read = burn::tensor::activation::softmax(scores, 3).matmul(keys.value);
        x = layer.finish(merge_heads(read), x);
    }
    x
}

fn model(device: &Device) -> GitForCausalLm {
    let mut config = GitConfig::small(30, 0, 1, 2);
    config.vision_config.image_size = 24;
    config.num_hidden_layers = 3;
    GitForCausalLm::new(config, 5, device).unwrap()
}

/// Two pictures with three captions each.
fn batch() -> CaptionBatch {
    let values = (0..2 * 3 * 24 * 24)
        .map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0)
        .collect();
    let pixels = PixelValues::new(values, &[2, 3, 24, 24]).unwrap();
    let rows: Vec<Vec<u32>> = (0..6).map(|i| vec![1, 5 + i, 9, 20 - i, 2]).collect();
    CaptionBatch::new(pixels, &rows, 0, TextPadding::default()).unwrap()
}

/// The mean loss the plain way: pictures repeated, the head everywhere, then a selection.
fn plain_loss(model: &GitForCausalLm, batch: &CaptionBatch) -> Tensor<1> {
    let device = model.device();
    let pixels = batch.pixels().upload(&device);
    let pixels = pixels.select(0, Tensor::from_data([0, 0, 0, 1, 1, 1], &device));
    let logits = logits(model, pixels, batch.upload_ids(&device));
    let [rows, length, vocab] = logits.dims();
    let targets = batch.targets();
    let count = targets.tokens.len();
    let ints = |values: Vec<i64>| Tensor::from_data(TensorData::new(values, [count]), &device);
    let counted = logits
        .reshape([rows * length, vocab])
        .select(0, ints(targets.positions));
    cross_entropy(counted, ints(targets.tokens), 0.0).sum() / count as f64
}

mod tests {
    use super::*;
    use burn::module::Module;
    use burn::module::{ModuleVisitor, Param};
    use burn::optim::GradientsParams;
    use burn::tensor::Tolerance;

    /// Every gradient, in the order of the model's fields.
    struct Gradients<'a> {
        grads: &'a GradientsParams,
        values: Vec<Vec<f32>>,
    }

    impl ModuleVisitor for Gradients<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let grad = self.grads.get::<D>(param.id).unwrap();
            self.values.push(grad.into_data().try_to_vec().unwrap());
        }
    }

    fn gradients(model: &GitForCausalLm, loss: Tensor<1>) -> Vec<Vec<f32>> {
        let grads = GradientsParams::from_grads(loss.backward(), model);
        let mut found = Gradients {
            grads: &grads,
            values: Vec::new(),
        };
        model.visit(&mut found);
        found.values
    }

    #[test]
    fn one_picture_pass_for_several_captions_changes_neither_loss_nor_gradients() {
        let model = model(&Device::flex().autodiff());
        let batch = batch();
        let saved = model.loss(&batch, 0.0).unwrap();
        let saved = saved.sum / saved.count as f64;
        let plain = plain_loss(&model, &batch);
        let (a, b) = (
            saved.clone().into_scalar::<f32>(),
            plain.clone().into_scalar::<f32>(),
        );
        assert!((a - b).abs() < 1e-6 * b, "{a} is not {b}");
        let (saved, plain) = (gradients(&model, saved), gradients(&model, plain));
        // Sums in another order, in f32.
        let largest = plain
            .concat()
            .iter()
            .fold(0.0f32, |max, value| max.max(value.abs()));
        for (saved, plain) in saved.iter().zip(&plain) {
            for (saved, plain) in saved.iter().zip(plain) {
                assert!(
                    (saved - plain).abs() < 1e-5 * largest,
                    "{saved} is not {plain}"
                );
            }
        }
    }

    #[test]
    fn the_cache_and_the_shared_prefix_change_no_logit() {
        let device = Device::flex();
        let model = model(&device);
        let batch = batch();
        let prefix = model.encode_pixels(batch.pixels()).unwrap();
        let ids = batch.upload_ids(&device);
        let pixels = batch.pixels().upload(&device);
        let pixels = pixels.select(0, Tensor::from_data([0, 0, 0, 1, 1, 1], &device));
        let plain = logits(&model, pixels, ids.clone());
        let mut cache = crate::cache::TextCache::new(3, 5, vec![0; 6]);
        for (start, length) in [(0, 2), (2, 1), (3, 1), (4, 1)] {
            let next = model.extend(&prefix, ids.clone().narrow(1, start, length), &mut cache);
            let want = plain
                .clone()
                .narrow(1, start + length - 1, 1)
                .reshape([6, 30]);
            next.into_data()
                .assert_approx_eq::<f32>(&want.into_data(), Tolerance::absolute(1e-5));
        }
    }
}
