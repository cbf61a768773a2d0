//! What a caller may do around the operations: recompute activations, use other number types, give
//! nothing at all.
#![cfg(feature = "flex")]

use burn::tensor::{Device, Distribution, FloatDType, Int, Tensor, Tolerance};
use captioner_ops::{KeyValue, attention, cross_entropy, dropout, gelu, layer_norm, quick_gelu};

/// Everything in a chain, `[2, 3, 8]` to a sum.
fn chain(x: Tensor<3>) -> Tensor<1> {
    let [batch, rows, width] = x.dims();
    let ones = Tensor::<1>::ones([width], &x.device()).cast(x.dtype());
    let zeros = ones.zeros_like();
    let y = quick_gelu(gelu(layer_norm(x, ones, zeros, 1e-5) * 2.0)) + 0.5;
    let heads = y.reshape([batch, rows, 2, width / 2]).swap_dims(1, 2);
    let keys = KeyValue {
        key: heads.clone() * 1.5,
        value: heads.clone(),
    };
    let z = attention(heads, keys, 0.0).swap_dims(1, 2);
    let logits = z.reshape([batch * rows, width]);
    let targets: Vec<i64> = (0..(batch * rows) as i64).collect();
    let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &logits.device());
    cross_entropy(logits, targets, 0.1).sum()
}

fn input(device: &Device) -> Tensor<3> {
    let values: Vec<f32> = (0..48)
        .map(|i| ((i * 29 % 17) as f32 - 8.0) / 5.0)
        .collect();
    Tensor::<1>::from_data(values.as_slice(), device).reshape([2, 3, 8])
}

#[test]
fn recomputing_activations_changes_no_gradient() {
    let gradient = |device: Device| {
        let x = input(&device).require_grad();
        x.grad(&chain(x.clone()).backward()).unwrap().into_data()
    };
    let keeping = Device::flex().autodiff();
    assert_eq!(
        gradient(keeping.clone()),
        gradient(keeping.gradient_checkpointing())
    );
}

#[test]
fn double_precision_takes_the_composed_operations_to_the_same_values() {
    let x = input(&Device::flex()).autodiff().require_grad();
    let wide = input(&Device::flex()).autodiff().cast(FloatDType::F64);
    let wide = wide.detach().require_grad();
    let (y, z) = (chain(x.clone()), chain(wide.clone()));
    let tolerance = Tolerance::absolute(2e-6);
    let narrow = |x: Tensor<1>| x.inner().cast(FloatDType::F32).into_data();
    narrow(y.clone()).assert_approx_eq::<f32>(&narrow(z.clone()), tolerance);
    let grad = x.grad(&y.backward()).unwrap();
    let wide_grad = wide.grad(&z.backward()).unwrap().cast(FloatDType::F32);
    grad.into_data()
        .assert_approx_eq::<f32>(&wide_grad.into_data(), tolerance);
}

#[test]
fn no_values_give_no_values() {
    let device = Device::flex().autodiff();
    let none = Tensor::<2>::zeros([0, 5], &device);
    assert_eq!(gelu(none.clone()).dims(), [0, 5]);
    assert_eq!(quick_gelu(none.clone()).dims(), [0, 5]);
    assert_eq!(dropout(none, 0.5).dims(), [0, 5]);
}

#[test]
fn inputs_are_left_as_they_were() {
    let device = Device::flex();
    let x = Tensor::<2>::random([300, 200], Distribution::Default, &device);
    let before = x.to_data();
    let _ = gelu(x.clone());
    let targets = Tensor::<1, Int>::zeros([300], &device);
    let tracked = x.clone().autodiff().require_grad();
    let loss = cross_entropy(tracked.clone(), targets, 0.0).sum();
    let _ = loss.backward();
    assert_eq!(tracked.to_data(), before);
    assert_eq!(x.to_data(), before);
}
