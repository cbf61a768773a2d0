//! Shapes that don't fit are refused with a message that names them; no operation computes a part.
#![cfg(feature = "flex")]

use std::panic::catch_unwind;

use burn::tensor::{Device, Int, Tensor};
use captioner_ops::{AdamWStep, adamw, cross_entropy, layer_norm, linear, scale};

fn zeros<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::zeros(shape, &Device::flex())
}

fn step(shapes: [[usize; 1]; 4]) {
    let [parameter, grad, mean, square] = shapes.map(zeros);
    let step = AdamWStep {
        time: 1,
        learning_rate: 0.1,
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    adamw(parameter, grad, (mean, square), step);
}

/// An operation, and what its message names.
type Case = (fn(), &'static str);

const CASES: [Case; 9] = [
    (
        || drop(linear(zeros([2, 6]), zeros([4, 3]), zeros([3]))),
        "x of shape [2, 6] with a weight of [4, 3] and a bias of [3]",
    ),
    // As many values as fit, in rows that are none.
    (
        || drop(linear(zeros([2, 6]), zeros([3, 4]), zeros([2]))),
        "a weight of [3, 4] and a bias of [2]",
    ),
    (
        || drop(layer_norm(zeros([2, 6]), zeros([3]), zeros([3]), 1e-5)),
        "x of shape [2, 6] with a weight of [3]",
    ),
    (
        || drop(layer_norm(zeros([2, 6]), zeros([6]), zeros([7]), 1e-5)),
        "a bias of [7]",
    ),
    (
        || {
            let targets = Tensor::<1, Int>::zeros([2], &Device::flex());
            cross_entropy(zeros([4, 5]), targets, 0.0);
        },
        "rows of logits and targets",
    ),
    (|| step([[4], [3], [4], [4]]), "parameter of shape [4]"),
    (|| step([[4], [4], [5], [4]]), "[[4], [5], [4]]"),
    (|| step([[4], [4], [4], [3]]), "[[4], [4], [3]]"),
    (
        || drop(scale(zeros([2, 6]), zeros([6]))),
        "a factor of several values",
    ),
];

#[test]
fn shapes_that_do_not_fit_are_named() {
    for (operation, named) in CASES {
        let panic = catch_unwind(operation).expect_err(named);
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(message.contains(named), "{message}");
    }
}
