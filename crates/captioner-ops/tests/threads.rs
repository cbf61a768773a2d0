//! The number of threads changes no bit of any result or gradient.
#![cfg(feature = "flex")]

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use captioner_ops::{
    AdafactorStep, AdamWStep, KeyValue, SquaredMeans, adafactor, adamw, attention, cross_entropy,
    dropout, gelu, layer_norm, lerp, linear, quick_gelu, sgd, sum_of_squares,
};

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// Results and gradients of everything, at sizes that threads share.
fn everything() -> Vec<TensorData> {
    let device = Device::flex();
    device.seed(9);
    let x = random([23, 53, 257]).autodiff().require_grad();
    let weight = random([257]).autodiff().require_grad();
    let bias = random([257]).autodiff().require_grad();
    let y = layer_norm(x.clone(), weight.clone(), bias.clone(), 1e-5);
    let y = dropout(quick_gelu(gelu(y)), 0.2);
    let [query, key, value] = [(); 3].map(|()| random([3, 4, 61, 32]).autodiff().require_grad());
    let keys = KeyValue {
        key: key.clone(),
        value: value.clone(),
    };
    let z = attention(query.clone(), keys, 0.0);
    let logits = random([67, 1001]).autodiff().require_grad();
    let targets: Vec<i64> = (0..67).collect();
    let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &device);
    let loss = cross_entropy(logits.clone(), targets, 0.1);
    let map = random([257, 193]).autodiff().require_grad();
    let shift = random([193]).autodiff().require_grad();
    let mapped = linear(y.clone(), map.clone(), shift.clone());
    let few = linear(random([3, 512]), random([512, 700]), random([700]));
    let mut all = vec![y.to_data(), z.to_data(), loss.to_data(), mapped.to_data()];
    all.push(few.into_data());
    let total = y.sum() + z.sum() + loss.sum() + mapped.square().sum();
    let grads = total.backward();
    all.push(map.grad(&grads).unwrap().into_data());
    all.push(shift.grad(&grads).unwrap().into_data());
    all.push(x.grad(&grads).unwrap().into_data());
    all.extend([weight, bias].map(|x| x.grad(&grads).unwrap().into_data()));
    all.extend([query, key, value].map(|x| x.grad(&grads).unwrap().into_data()));
    all.push(logits.grad(&grads).unwrap().into_data());
    let step = AdamWStep {
        time: 3,
        learning_rate: 1e-3,
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };
    let shape = [301, 257];
    let means = (random(shape), random(shape).square());
    let (parameter, means) = adamw(random(shape), random(shape), means, step);
    all.extend([parameter, means.0, means.1].map(Tensor::into_data));
    all.push(sum_of_squares(random(shape)).into_data());
    all.push(sgd(random(shape), random(shape), 1e-3, 0.01).into_data());
    all.push(lerp(random(shape), random(shape), 0.1).into_data());
    let means = SquaredMeans::Factored {
        row: random([301, 1]).square(),
        column: random([1, 257]).square(),
    };
    let step = AdafactorStep {
        time: 3,
        learning_rate: 1e-3,
        weight_decay: 0.01,
        epsilon: 1e-30,
        clip_threshold: 1.0,
        decay_rate: -0.8,
    };
    all.push(
        adafactor(random(shape), random(shape), means, step)
            .0
            .into_data(),
    );
    all
}

#[test]
fn one_thread_and_many_give_the_same_bits() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(everything)
    };
    let one = with(1);
    for threads in [2, 5] {
        for (i, (got, want)) in with(threads).iter().zip(&one).enumerate() {
            assert_eq!(
                got.as_bytes(),
                want.as_bytes(),
                "result {i} at {threads} threads"
            );
        }
    }
}
