//! Each fused operation beside its definition in Burn's own tensor operations, on the CPU backend:
//! `cargo bench -p captioner-ops`. `small` is the size of the default training run, `base` that of
//! `git-base` with a batch of 4.

use std::hint::black_box;
use std::time::Duration;

use burn::tensor::activation::{log_softmax, sigmoid, softmax};
use burn::tensor::{Bool, Device, Distribution, Int, Tensor, module};
use captioner_ops::{
    AdamWStep, KeyValue, adamw, attention, causal_mask, cross_entropy, dropout, gelu, layer_norm,
    linear, merge_heads, prefix_attention, quick_gelu, split_heads,
};
use criterion::{Criterion, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

type Function<'a, const N: usize, const D: usize, const E: usize> =
    &'a dyn Fn([Tensor<D>; N]) -> Tensor<E>;

/// Measures both without gradients, and with those of all inputs.
fn compare<const N: usize, const D: usize, const E: usize>(
    criterion: &mut Criterion,
    name: &str,
    inputs: [Tensor<D>; N],
    pair: [(&str, Function<'_, N, D, E>); 2],
) {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    for (name, f) in pair {
        group.bench_function(format!("forward/{name}"), |bench| {
            bench.iter(|| black_box(f(inputs.clone())));
        });
    }
    let tracked = inputs.map(|x| x.autodiff().require_grad());
    for (name, f) in pair {
        group.bench_function(format!("training/{name}"), |bench| {
            bench.iter(|| black_box(f(tracked.clone()).sum().backward()));
        });
    }
    group.finish();
}

fn activations(criterion: &mut Criterion) {
    for (size, shape) in [("small", [16, 37, 512]), ("base", [4, 197, 3072])] {
        let x = random(shape);
        compare(
            criterion,
            &format!("gelu {size}"),
            [x.clone()],
            [
                ("fused", &|[x]| gelu(x)),
                ("composed", &|[x]| {
                    let phi = (x.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
                    x * phi
                }),
            ],
        );
        compare(
            criterion,
            &format!("quick_gelu {size}"),
            [x],
            [
                ("fused", &|[x]| quick_gelu(x)),
                ("composed", &|[x]| x.clone() * sigmoid(x * 1.702)),
            ],
        );
    }
}

fn linear_maps(criterion: &mut Criterion) {
    for (size, [batch, rows, width]) in [("small", [16, 37, 128]), ("base", [4, 197, 768])] {
        compare(
            criterion,
            &format!("linear {size}"),
            [random([batch, rows, width]), random([1, width, 4 * width])],
            [
                ("fused", &|[x, weight]| {
                    let bias = Tensor::zeros([4 * width], &x.device());
                    linear(x, weight.squeeze_dim(0), bias)
                }),
                ("composed", &|[x, weight]| {
                    let bias = Tensor::zeros([4 * width], &x.device());
                    module::linear(x, weight.squeeze_dim(0), Some(bias))
                }),
            ],
        );
    }
}

fn norms(criterion: &mut Criterion) {
    for (size, [batch, rows, width]) in [("small", [16, 37, 128]), ("base", [4, 197, 768])] {
        let inputs = [
            random([batch, rows, width]),
            random([1, 1, width]),
            random([1, 1, width]),
        ];
        let flat = move |x: Tensor<3>| x.reshape([width]);
        compare(
            criterion,
            &format!("layer_norm {size}"),
            inputs,
            [
                ("fused", &move |[x, w, b]| {
                    layer_norm(x, flat(w), flat(b), 1e-5)
                }),
                ("composed", &move |[x, w, b]| {
                    module::layer_norm(x, flat(w), Some(flat(b)), 1e-5)
                }),
            ],
        );
    }
}

fn attentions(criterion: &mut Criterion) {
    for (size, [batch, heads, rows, width]) in
        [("small", [16, 4, 37, 32]), ("base", [4, 12, 197, 64])]
    {
        let one = || random([batch, rows, heads, width]).swap_dims(1, 2);
        compare(
            criterion,
            &format!("attention {size}"),
            [one(), one(), one()],
            [
                ("fused", &|[query, key, value]| {
                    attention(query, KeyValue { key, value }, 0.0)
                }),
                ("composed", &|[query, key, value]| {
                    let scores = scaled(query).matmul(key.transpose());
                    softmax(scores, 3).matmul(value)
                }),
            ],
        );
    }
}

fn prefix_attentions(criterion: &mut Criterion) {
    for (size, [batch, heads, rows, width], text) in [
        ("small", [16, 4, 37, 32], 16),
        ("base", [4, 12, 197, 64], 24),
    ] {
        let one = |rows| random([batch, rows, heads, width]).swap_dims(1, 2);
        let inputs = [one(text), one(rows), one(rows), one(text), one(text)];
        let mask = move || -> Tensor<4, Bool> { causal_mask(text, 0, &Device::flex()).unsqueeze() };
        compare(
            criterion,
            &format!("prefix_attention {size}"),
            inputs,
            [
                ("fused", &move |[
                    query,
                    image_key,
                    image_value,
                    key,
                    value,
                ]| {
                    let image = KeyValue {
                        key: image_key,
                        value: image_value,
                    };
                    let mask = mask().to_device(&query.device());
                    prefix_attention(query, &image, KeyValue { key, value }, Some(mask), 0.0)
                }),
                ("composed", &move |[
                    query,
                    image_key,
                    image_value,
                    key,
                    value,
                ]| {
                    let query = scaled(query);
                    let seen = query.clone().matmul(image_key.transpose());
                    let read = query.matmul(key.transpose());
                    let shape = read.shape();
                    let mask = mask().to_device(&read.device()).expand(shape);
                    let read = read.mask_fill(mask, -1e30);
                    let p = softmax(Tensor::cat(vec![seen, read], 3), 3);
                    let image = p.clone().narrow(3, 0, rows).matmul(image_value);
                    image + p.narrow(3, rows, text).matmul(value)
                }),
            ],
        );
    }
}

fn scaled(query: Tensor<4>) -> Tensor<4> {
    let [.., width] = query.dims();
    query * (1.0 / (width as f64).sqrt())
}

fn losses(criterion: &mut Criterion) {
    for (size, [rows, classes]) in [("small", [256, 400]), ("base", [96, 30_522])] {
        let targets = move || {
            let targets: Vec<i64> = (0..rows).map(|i| (i * 31 % classes) as i64).collect();
            Tensor::<1, Int>::from_data(targets.as_slice(), &Device::flex())
        };
        compare(
            criterion,
            &format!("cross_entropy {size}"),
            [random([rows, classes])],
            [
                ("fused", &move |[x]| {
                    let targets = targets().to_device(&x.device());
                    cross_entropy(x, targets, 0.0)
                }),
                ("composed", &move |[x]| {
                    let targets = targets().to_device(&x.device()).reshape([rows, 1]);
                    log_softmax(x, 1).gather(1, targets).reshape([rows]).neg()
                }),
            ],
        );
    }
}

/// A whole layer of the vision encoder: what a training step is mostly made of.
fn layers(criterion: &mut Criterion) {
    for (size, [batch, rows, width], heads) in
        [("small", [16, 37, 128], 4), ("base", [4, 197, 768], 12)]
    {
        let small = |shape: [usize; 2]| {
            let scale = 1.0 / (shape[0] as f64).sqrt();
            (random(shape) * scale).unsqueeze::<3>()
        };
        let inputs = [
            random([batch, rows, width]),
            small([width, width]),
            small([width, width]),
            small([width, width]),
            small([width, width]),
            small([width, 4 * width]),
            small([4 * width, width]),
            random([1, 1, 4 * width]),
        ];
        compare(
            criterion,
            &format!("layer {size}"),
            inputs,
            [
                ("fused", &move |inputs| {
                    layer(
                        inputs,
                        heads,
                        Operations {
                            linear,
                            norm: |x, w, b| layer_norm(x, w, b, 1e-5),
                            attention: |query, key, value| {
                                attention(query, KeyValue { key, value }, 0.0)
                            },
                            activation: quick_gelu,
                        },
                    )
                }),
                ("composed", &move |inputs| {
                    layer(
                        inputs,
                        heads,
                        Operations {
                            linear: |x, w, b| module::linear(x, w, Some(b)),
                            norm: |x, w, b| module::layer_norm(x, w, Some(b), 1e-5),
                            attention: |query, key, value| {
                                let scores = scaled(query).matmul(key.transpose());
                                softmax(scores, 3).matmul(value)
                            },
                            activation: |x| x.clone() * sigmoid(x * 1.702),
                        },
                    )
                }),
            ],
        );
    }
}

/// The operations of a layer.
struct Operations {
    linear: fn(Tensor<3>, Tensor<2>, Tensor<1>) -> Tensor<3>,
    norm: fn(Tensor<3>, Tensor<1>, Tensor<1>) -> Tensor<3>,
    attention: fn(Tensor<4>, Tensor<4>, Tensor<4>) -> Tensor<4>,
    activation: fn(Tensor<3>) -> Tensor<3>,
}

fn layer(inputs: [Tensor<3>; 8], heads: usize, operations: Operations) -> Tensor<3> {
    let [x, query, key, value, out, wide, narrow, bias] = inputs;
    let [.., width] = x.dims();
    let bias = |n: usize| bias.clone().narrow(2, 0, n).reshape([n]);
    let linear = |x: Tensor<3>, weight: Tensor<3>| {
        let [_, inputs, outputs] = weight.dims();
        let weight = weight.reshape([inputs, outputs]);
        (operations.linear)(x, weight, bias(outputs))
    };
    let y = (operations.norm)(x.clone(), bias(width), bias(width));
    let [query, key, value] =
        [query, key, value].map(|weight| split_heads(linear(y.clone(), weight), heads));
    let x = x + linear(merge_heads((operations.attention)(query, key, value)), out);
    let y = (operations.norm)(x.clone(), bias(width), bias(width));
    x + linear((operations.activation)(linear(y, wide)), narrow)
}

fn dropouts(criterion: &mut Criterion) {
    for (size, shape) in [("small", [16, 37, 128]), ("base", [4, 197, 768])] {
        compare(
            criterion,
            &format!("dropout {size}"),
            [random(shape)],
            [
                ("fused", &|[x]| dropout(x, 0.1)),
                ("composed", &|[x]| {
                    let mask = x.random_like(Distribution::Bernoulli(0.9));
                    x * mask * (1.0 / 0.9)
                }),
            ],
        );
    }
}

/// AdamW over one large parameter, beside the operations of Burn's own optimizer.
fn optimizer(criterion: &mut Criterion) {
    let shape = [3072, 768];
    let [parameter, grad, mean] = [(); 3].map(|()| random(shape));
    let square = random(shape).square();
    let mut group = criterion.benchmark_group("adamw base");
    group.sample_size(20);
    group.bench_function("forward/fused", |bench| {
        let mut means = (mean.clone() * 1.0, square.clone() * 1.0);
        bench.iter(|| {
            let step = AdamWStep {
                time: 10,
                learning_rate: 1e-4,
                beta_1: 0.9,
                beta_2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.01,
            };
            let taken = std::mem::replace(&mut means, (mean.clone(), square.clone()));
            let (parameter, new) = adamw(parameter.clone(), grad.clone() + 0.0, taken, step);
            means = new;
            black_box(parameter)
        });
    });
    group.bench_function("forward/composed", |bench| {
        let mut means = (mean.clone(), square.clone());
        bench.iter(|| {
            let grad = grad.clone() + 0.0;
            means.0 = means.0.clone() * 0.9 + grad.clone() * 0.1;
            means.1 = means.1.clone() * 0.999 + grad.square() * 0.001;
            let root = (means.1.clone() / 0.01).sqrt() + 1e-8;
            let change = means.0.clone() / 0.65 / root;
            black_box(parameter.clone() * (1.0 - 1e-6) - change * 1e-4)
        });
    });
    group.finish();
}

criterion_group!(
    benches,
    activations,
    linear_maps,
    norms,
    attentions,
    prefix_attentions,
    losses,
    layers,
    dropouts,
    optimizer
);
criterion_main!(benches);
