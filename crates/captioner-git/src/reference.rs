//! The model computed without any shortcut, to which every one is held: one sequence of image and
//! text rows, one mask over all of it, all rows in all layers, the head on every position.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use captioner_model::{
    CaptionBatch, CaptionModel, EncodeOptions, LossOptions, Padding, PixelValues, TokenBatch,
};
use captioner_ops::{cross_entropy, merge_heads};

use crate::GitConfig;
use crate::decoder::Decoder;
use crate::model::GitForCausalLm;

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
    let [batch, length, width] = rows.dims();
    let logits = model.head(rows.reshape([batch * length, width]));
    let [_, vocab] = logits.dims();
    let logits = logits.reshape([batch, length, vocab]);
    logits.narrow(1, positions, text)
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

/// Five tokens for each of six captions, three for each of two pictures.
fn rows() -> Vec<Vec<u32>> {
    (0..6).map(|i| vec![1, 5 + i, 9, 20 - i, 2]).collect()
}

fn pixels() -> Vec<f32> {
    (0..2 * 3 * 24 * 24)
        .map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0)
        .collect()
}

/// Two pictures with three captions each.
fn batch() -> CaptionBatch {
    let pixels = PixelValues::new(pixels(), &[2, 3, 24, 24]).unwrap();
    let options = EncodeOptions {
        padding: Padding::Longest,
        ..EncodeOptions::default()
    };
    let tokens = TokenBatch::from_rows(&rows(), 0, &options).unwrap();
    CaptionBatch::new(pixels, tokens).unwrap()
}

/// Each caption with a picture of its own, `[6, 3, 24, 24]`.
fn repeated_pixels(device: &Device) -> Tensor<4> {
    let pixels: Tensor<4> = Tensor::from_data(TensorData::new(pixels(), [2, 3, 24, 24]), device);
    pixels.select(0, Tensor::from_data([0, 0, 0, 1, 1, 1], device))
}

fn ids(device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i64> = rows().concat().into_iter().map(i64::from).collect();
    Tensor::from_data(TensorData::new(ids, [6, 5]), device)
}

/// The mean loss: pictures repeated, the head everywhere, then positions 0 to 3 against tokens 1
/// to 4.
fn reference_loss(model: &GitForCausalLm) -> Tensor<1> {
    let device = model.device();
    let ids = ids(&device);
    let logits = logits(model, repeated_pixels(&device), ids.clone());
    let [_, _, vocab] = logits.dims();
    let counted = logits.narrow(1, 0, 4).reshape([24, vocab]);
    cross_entropy(counted, ids.narrow(1, 1, 4).reshape([24]), 0.0).sum() / 24.0
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

    fn values(model: &GitForCausalLm, grads: &GradientsParams) -> Vec<Vec<f32>> {
        let values = Vec::new();
        let mut found = Gradients { grads, values };
        model.visit(&mut found);
        found.values
    }

    #[test]
    fn one_picture_pass_for_several_captions_changes_neither_loss_nor_gradients() {
        let model = model(&Device::flex().autodiff());
        let options = LossOptions {
            divisor: 24.0,
            ..LossOptions::default()
        };
        let (shared, grads) = model.gradients(&batch(), &options).unwrap();
        assert_eq!(shared.count, 24);
        let shared_grads = values(&model, &grads);
        let reference = reference_loss(&model);
        let a = shared.loss.into_scalar::<f32>();
        let b = reference.clone().into_scalar::<f32>();
        assert!((a - b).abs() < 1e-6 * b, "{a} is not {b}");
        let grads = GradientsParams::from_grads(reference.backward(), &model);
        let reference_grads = values(&model, &grads);
        // Sums in another order, in f32.
        let largest = reference_grads
            .concat()
            .iter()
            .fold(0.0f32, |max, value| max.max(value.abs()));
        for (shared, reference) in shared_grads.iter().zip(&reference_grads) {
            for (shared, reference) in shared.iter().zip(reference) {
                assert!(
                    (shared - reference).abs() < 1e-5 * largest,
                    "{shared} is not {reference}"
                );
            }
        }
    }

    #[test]
    fn the_cache_and_the_shared_prefix_change_no_logit() {
        let device = Device::flex();
        let model = model(&device);
        let pixels = PixelValues::new(pixels(), &[2, 3, 24, 24]).unwrap();
        let prefix = model.encode_pixels(&pixels).unwrap();
        let ids = ids(&device);
        let reference = logits(&model, repeated_pixels(&device), ids.clone());
        let mut cache = model.cache(&[0; 6], 5);
        for (start, length) in [(0, 2), (2, 1), (3, 1), (4, 1)] {
            let next = ids.clone().narrow(1, start, length);
            let hidden = model.extend(&prefix, next, &mut cache).unwrap();
            let [rows, _, width] = hidden.dims();
            let last = hidden.narrow(1, length - 1, 1).reshape([rows, width]);
            let want = reference
                .clone()
                .narrow(1, start + length - 1, 1)
                .reshape([6, 30]);
            model
                .head(last)
                .into_data()
                .assert_approx_eq::<f32>(&want.into_data(), Tolerance::absolute(1e-5));
        }
    }
}
