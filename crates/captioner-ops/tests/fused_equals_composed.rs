//! Every operation has the values and gradients of its definition in Burn's own tensor operations.
#![cfg(any(feature = "flex", feature = "ndarray"))]

mod comparison;

use burn::tensor::{Device, Int, Tensor, activation};
use captioner_ops::{
    AdamWStep, KeyValue, adamw, attention, cross_attention, cross_entropy, gelu, layer_norm, lerp,
    linear, prefix_attention, quick_gelu, scale, sgd, sum_of_squares,
};
use comparison::{Arrangement, assert_same, devices, random, repeat};

/// Odd lengths, axes of one, and enough values for blocks and threads.
const SHAPES: [[usize; 3]; 6] = [
    [1, 1, 1],
    [1, 7, 1],
    [3, 5, 33],
    [2, 1, 128],
    [5, 67, 129],
    [4, 65, 256],
];

#[test]
fn gelu_is_x_times_the_normal_distribution() {
    let composed = |x: Tensor<3>| {
        let phi = (x.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
        x * phi
    };
    for (device, shape, arrangement) in cases() {
        let x = random(shape, arrangement, 3.0, &device);
        assert_same([x], |[x]| gelu(x), |[x]| composed(x), 2e-6);
    }
}

#[test]
fn quick_gelu_is_x_times_a_sigmoid() {
    let composed = |x: Tensor<3>| x.clone() * activation::sigmoid(x * 1.702);
    for (device, shape, arrangement) in cases() {
        let x = random(shape, arrangement, 3.0, &device);
        assert_same([x], |[x]| quick_gelu(x), |[x]| composed(x), 2e-6);
    }
}

#[test]
fn a_linear_map_is_a_product_and_a_sum() {
    let composed = |[x, weight, bias]: [Tensor<3>; 3]| x.matmul(weight) + bias;
    let fused = |[x, weight, bias]: [Tensor<3>; 3]| {
        let [_, inputs, outputs] = weight.dims();
        linear(
            x,
            weight.reshape([inputs, outputs]),
            bias.reshape([outputs]),
        )
    };
    for (device, shape, arrangement) in cases() {
        for outputs in [1, 70, 1100] {
            // Entries of the order of 1 / inputs keep results of order 1.
            let weight = [1, shape[2], outputs];
            let deviation = 1.0 / (shape[2] as f64).sqrt();
            let inputs = [
                random(shape, arrangement, 1.0, &device),
                random(weight, arrangement, deviation, &device),
                random([1, 1, outputs], Arrangement::RowMajor, 1.0, &device),
            ];
            // Sums of up to 335 products, whose magnitudes together are about 200: 6e-5 is 3e-7 of
            // that.
            assert_same(inputs, fused, composed, 6e-5);
        }
    }
}

#[test]
fn layer_norm_is_centred_scaled_and_shifted() {
    let composed = |[x, weight, bias]: [Tensor<3>; 3]| {
        let mean = x.clone().mean_dim(2);
        let centred = x - mean;
        let variance = centred.clone().square().mean_dim(2);
        centred / (variance + 1e-5).sqrt() * weight + bias
    };
    let fused = |[x, weight, bias]: [Tensor<3>; 3]| {
        let width = x.dims()[2];
        let flat = |x: Tensor<3>| x.reshape([width]);
        layer_norm(x, flat(weight), flat(bias), 1e-5)
    };
    for (device, shape, arrangement) in cases() {
        let row = [1, 1, shape[2]];
        let inputs = [
            random(shape, arrangement, 2.0, &device) + 0.5,
            random(row, Arrangement::RowMajor, 1.0, &device),
            random(row, Arrangement::RowMajor, 1.0, &device),
        ];
        // Sums over rows of up to 335 values of order 1: 2e-5 is 1e-7 of their magnitude.
        assert_same(inputs, fused, composed, 2e-5);
    }
}

fn cases() -> Vec<(Device, [usize; 3], Arrangement)> {
    let mut all = Vec::new();
    for device in devices() {
        for shape in SHAPES {
            for arrangement in Arrangement::ALL {
                all.push((device.clone(), shape, arrangement));
            }
        }
    }
    all
}

/// `[captions, heads, rows, width]`, captions of each picture, image rows, text rows.
const ATTENTIONS: [([usize; 4], usize, usize, usize); 6] = [
    ([1, 1, 1, 1], 1, 1, 1),
    ([2, 3, 5, 8], 1, 7, 5),
    ([6, 2, 4, 8], 3, 5, 4),
    ([4, 1, 1, 33], 2, 65, 9),
    ([2, 4, 65, 32], 1, 65, 65),
    // More than one block of rows.
    ([1, 2, 300, 16], 1, 197, 300),
];

#[test]
fn attention_is_a_softmax_of_scaled_products() {
    let composed = |[query, key, value]: [Tensor<4>; 3]| {
        let [.., width] = query.dims();
        let scores = query.matmul(key.transpose()) / (width as f64).sqrt();
        activation::softmax(scores, 3).matmul(value)
    };
    let fused =
        |[query, key, value]: [Tensor<4>; 3]| attention(query, KeyValue { key, value }, 0.0);
    for device in devices() {
        for ([captions, heads, rows, width], _, image, _) in ATTENTIONS {
            for arrangement in Arrangement::ALL {
                let draw = |rows| random([captions, heads, rows, width], arrangement, 1.5, &device);
                assert_same(
                    [draw(rows), draw(image), draw(image)],
                    fused,
                    composed,
                    1e-5,
                );
            }
        }
    }
}

#[test]
fn cross_attention_is_attention_to_an_image_that_each_caption_has_for_itself() {
    for device in devices() {
        for ([captions, heads, rows, width], each, image, _) in ATTENTIONS {
            let fused = |[query, key, value]: [Tensor<4>; 3]| {
                cross_attention(query, &KeyValue { key, value }, 0.0)
            };
            let composed = |[query, key, value]: [Tensor<4>; 3]| {
                let (key, value) = (repeat(key, each), repeat(value, each));
                let scores = query.matmul(key.transpose()) / (width as f64).sqrt();
                activation::softmax(scores, 3).matmul(value)
            };
            for arrangement in Arrangement::ALL {
                let draw = |n, rows| random([n, heads, rows, width], arrangement, 1.5, &device);
                let batch = captions / each;
                let inputs = [draw(captions, rows), draw(batch, image), draw(batch, image)];
                // Gradients of shared keys are sums over up to 300 rows of order 1.
                assert_same(inputs, fused, composed, 2e-5);
            }
        }
    }
}

#[test]
fn prefix_attention_is_one_softmax_over_image_and_text() {
    for device in devices() {
        for case in ATTENTIONS {
            for arrangement in Arrangement::ALL {
                for masks in [0, 1, case.0[0]] {
                    compare_prefix_attention(case, arrangement, masks, &device);
                }
            }
        }
    }
}

fn compare_prefix_attention(
    ([captions, heads, rows, width], each, image, text): ([usize; 4], usize, usize, usize),
    arrangement: Arrangement,
    masks: usize,
    device: &Device,
) {
    let draw = |n, rows| random([n, heads, rows, width], arrangement, 1.5, device);
    let batch = captions / each;
    let inputs = [
        draw(captions, rows),
        draw(batch, image),
        draw(batch, image),
        draw(captions, text),
        draw(captions, text),
    ];
    let hidden = random(
        [masks.max(1), 1, rows, text],
        Arrangement::RowMajor,
        1.0,
        device,
    )
    .greater_elem(0.5);
    let mask = |device: &Device| (masks > 0).then(|| hidden.clone().to_device(device));
    let fused = |[query, image_key, image_value, key, value]: [Tensor<4>; 5]| {
        let mask = mask(&query.device());
        let image = KeyValue {
            key: image_key,
            value: image_value,
        };
        prefix_attention(query, &image, KeyValue { key, value }, mask, 0.0)
    };
    let composed = |[query, image_key, image_value, key, value]: [Tensor<4>; 5]| {
        let seen = query.clone().matmul(repeat(image_key, each).transpose());
        let mut read = query.matmul(key.transpose());
        if let Some(mask) = mask(&read.device()) {
            let shape = read.shape();
            read = read.mask_fill(mask.expand(shape), -1e30);
        }
        let scores = Tensor::cat(vec![seen, read], 3) / (width as f64).sqrt();
        let values = Tensor::cat(vec![repeat(image_value, each), value], 2);
        activation::softmax(scores, 3).matmul(values)
    };
    // Gradients of shared keys are sums over up to 900 rows of order 1.
    assert_same(inputs, fused, composed, 3e-5);
}

#[test]
fn cross_entropy_is_the_logarithm_of_a_probability() {
    for device in devices() {
        for [rows, classes] in [[1, 1], [1, 7], [5, 33], [67, 401], [9, 5000]] {
            let targets: Vec<i64> = (0..rows).map(|i| (i * 31 % classes) as i64).collect();
            let targets = |device: &Device| Tensor::<1, Int>::from_data(targets.as_slice(), device);
            for (arrangement, smoothing) in Arrangement::ALL.into_iter().zip([0.0, 0.1, 0.0]) {
                let logits = random([rows, classes], arrangement, 4.0, &device);
                let fused = |[x]: [Tensor<2>; 1]| {
                    let targets = targets(&x.device());
                    cross_entropy(x, targets, smoothing).reshape([rows, 1])
                };
                let composed = |[x]: [Tensor<2>; 1]| {
                    let targets = targets(&x.device()).reshape([rows, 1]);
                    let log_p = activation::log_softmax(x, 1);
                    let picked = log_p.clone().gather(1, targets);
                    picked * (smoothing - 1.0) - log_p.mean_dim(1) * smoothing
                };
                assert_same([logits], fused, composed, 1e-5);
            }
        }
    }
}

#[test]
fn far_scores_and_logits_give_limits_not_nan() {
    for device in devices() {
        let logits = Tensor::<2>::from_data([[1e30f32, -1e30, 0.0], [-1e4, -2e4, -1e4]], &device);
        let targets = Tensor::from_data([0, 2], &device);
        let loss = cross_entropy(logits, targets, 0.0)
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        assert!(
            loss[0] == 0.0 && (loss[1] - 2f32.ln()).abs() < 1e-6,
            "{loss:?}"
        );
        let query = Tensor::<4>::from_data([[[[1e15f32]]]], &device);
        let key = Tensor::<4>::from_data([[[[1e15f32], [-1e15]]]], &device);
        let value = Tensor::<4>::from_data([[[[3.0f32], [5.0]]]], &device);
        let out = attention(query, KeyValue { key, value }, 0.0).into_scalar::<f32>();
        assert_eq!(out, 3.0);
    }
}

#[test]
fn adamw_is_the_formula_of_the_paper() {
    for device in devices() {
        for shape in [[1, 1], [3, 33], [129, 301]] {
            for arrangement in Arrangement::ALL {
                let draw = || random(shape, arrangement, 1.0, &device);
                let mut got = draw();
                let mut want = got.clone();
                let zeros = || Tensor::<2>::zeros(shape, &device);
                let (mut means, mut want_means) = ((zeros(), zeros()), (zeros(), zeros()));
                for time in 1..4 {
                    let grad = draw();
                    let step = AdamWStep {
                        time,
                        learning_rate: 0.1,
                        beta_1: 0.9,
                        beta_2: 0.999,
                        epsilon: 1e-8,
                        weight_decay: 0.01,
                    };
                    (got, means) = adamw(got, grad.clone(), means, step);
                    let mean = want_means.0 * 0.9 + grad.clone() * 0.1;
                    let square = want_means.1 * 0.999 + grad.square() * 0.001;
                    let corrected = mean.clone() / (1.0 - 0.9f64.powi(time as i32));
                    let root = square.clone() / (1.0 - 0.999f64.powi(time as i32));
                    let change = corrected / (root.sqrt() + 1e-8) * 0.1;
                    want = want * (1.0 - 0.1 * 0.01) - change;
                    want_means = (mean, square);
                }
                // Three steps of 0.1; each has a few roundings of 6e-8.
                comparison::assert_close(got, want, 1e-6);
                comparison::assert_close(means.0, want_means.0, 1e-6);
                comparison::assert_close(means.1, want_means.1, 1e-6);
            }
        }
    }
}

#[test]
fn descent_and_averages_are_those_of_their_formulas() {
    for device in devices() {
        for shape in [[1, 1], [3, 33], [129, 301]] {
            for arrangement in Arrangement::ALL {
                let x = random(shape, arrangement, 1.0, &device);
                let y = random(shape, Arrangement::RowMajor, 1.0, &device);
                for decay in [0.0, 0.3] {
                    let want = x.clone() - (y.clone() + x.clone() * decay) * 0.1;
                    let got = sgd(x.clone(), y.clone(), 0.1, decay);
                    comparison::assert_close(got, want, 1e-6);
                }
                // The same two roundings each, on every device.
                let want = x.clone() + (y.clone() - x.clone()) * 0.1;
                assert_eq!(lerp(x, y, 0.1).into_data(), want.into_data());
            }
        }
    }
}

#[test]
fn sums_of_squares_and_scales_are_those_of_their_definitions() {
    for device in devices() {
        for shape in [[1, 1], [3, 33], [129, 301]] {
            for arrangement in Arrangement::ALL {
                let x = random(shape, arrangement, 1.0, &device);
                let want = x.clone().square().sum();
                comparison::assert_close(sum_of_squares(x.clone()), want, 1e-5);
                for factor in [1.0, 0.3] {
                    let by = Tensor::<1>::from_data([factor as f32], &device);
                    comparison::assert_close(scale(x.clone(), by), x.clone() * factor, 1e-7);
                }
            }
        }
    }
}
