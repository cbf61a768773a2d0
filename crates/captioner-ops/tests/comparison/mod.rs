//! Comparing two computations of the same: values, and the gradient of every input.

use burn::tensor::{Device, Distribution, Tensor, Tolerance};

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrangement {
    RowMajor,
    /// The two last axes were swapped.
    Transposed,
    /// Every row lies inside a longer one.
    Inside,
}

impl Arrangement {
    pub(crate) const ALL: [Self; 3] = [Self::RowMajor, Self::Transposed, Self::Inside];
}

/// The CPU backends that are compiled in, seeded.
pub(crate) fn devices() -> Vec<Device> {
    let devices = vec![
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        Device::ndarray(),
    ];
    for device in &devices {
        device.seed(11);
    }
    devices
}

/// Normal values of a deviation.
pub(crate) fn random<const D: usize>(
    shape: [usize; D],
    arrangement: Arrangement,
    deviation: f64,
    device: &Device,
) -> Tensor<D> {
    let draw = |shape: [usize; D]| {
        Tensor::<D>::random(shape, Distribution::Normal(0.0, deviation), device)
    };
    match arrangement {
        Arrangement::RowMajor => draw(shape),
        Arrangement::Transposed => {
            let mut swapped = shape;
            swapped.swap(D - 1, D - 2);
            draw(swapped).swap_dims(D - 1, D - 2)
        }
        Arrangement::Inside => {
            let mut longer = shape;
            longer[D - 1] += 3;
            draw(longer).narrow(D - 1, 2, shape[D - 1])
        }
    }
}

/// `[B, h, n, d]` to `[B · each, h, n, d]`, the copies of an image beside each other.
pub(crate) fn repeat(x: Tensor<4>, each: usize) -> Tensor<4> {
    let [batch, heads, n, width] = x.dims();
    let x = x.unsqueeze_dim::<5>(1).repeat_dim(1, each);
    x.reshape([batch * each, heads, n, width])
}

/// Values without and with gradients, and the gradients themselves, differ by at most `tolerance`.
pub(crate) fn assert_same<const N: usize, const D: usize>(
    inputs: [Tensor<D>; N],
    fused: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    composed: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    tolerance: f32,
) {
    let want = composed(inputs.clone());
    assert_close(fused(inputs.clone()), want.clone(), tolerance);
    // A gradient that differs from value to value, or a mistake in the places would not show.
    let shape = want.dims();
    let outer = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &want.device());
    let (values, grads) = with_gradients(&inputs, &outer, fused);
    let (want_values, want_grads) = with_gradients(&inputs, &outer, composed);
    assert_close(values, want_values, tolerance);
    for (grad, want) in grads.into_iter().zip(want_grads) {
        assert_close(grad, want, tolerance);
    }
}

fn with_gradients<const N: usize, const D: usize>(
    inputs: &[Tensor<D>; N],
    outer: &Tensor<D>,
    f: impl Fn([Tensor<D>; N]) -> Tensor<D>,
) -> (Tensor<D>, Vec<Tensor<D>>) {
    let leaves = inputs.clone().map(|x| x.autodiff().require_grad());
    let y = f(leaves.clone());
    let grads = (y.clone() * outer.clone()).sum().backward();
    let grads = leaves
        .iter()
        .map(|x| x.grad(&grads).expect("every input has a gradient"));
    (y.inner(), grads.collect())
}

pub(crate) fn assert_close<const D: usize>(got: Tensor<D>, want: Tensor<D>, tolerance: f32) {
    let tolerance = Tolerance::rel_abs(tolerance, tolerance);
    got.into_data()
        .assert_approx_eq::<f32>(&want.into_data(), tolerance);
}
