//! The device's generator and keys of dropout leave each other alone. The generator is one for the
//! process, so this is the only test of its program.
#![cfg(feature = "flex")]

use burn::tensor::{Device, Tensor};
use captioner_ops::{dropout, with_dropout_key};

#[test]
fn a_pass_within_a_key_draws_nothing_from_the_device() {
    let device = Device::flex().autodiff();
    let draw = || dropout(Tensor::<1>::ones([1000], &device), 0.5).into_data();
    device.seed(1);
    let want = [draw(), draw()];
    device.seed(1);
    let first = draw();
    let within = with_dropout_key(1, draw);
    assert_eq!([first, draw()], want);
    assert!(!want.contains(&within));
}
