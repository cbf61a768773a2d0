//! Linear maps on the CPU: one product each, onto the bias.

use burn::backend::{Flex, TensorMetadata};

use super::{
    FusedLinear, composed, composed_backward_bias, composed_backward_input,
    composed_backward_weight, with_last,
};
use crate::kernels::linear::{add_few, are_few, column_sums};
use crate::kernels::product::{Matrix, MatrixMut, add_product, new_product};
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values};

impl FusedLinear for Flex {
    fn linear_forward(x: CpuTensor, weight: CpuTensor, bias: CpuTensor) -> CpuTensor {
        if !fits([&x, &weight, &bias]) {
            return composed::<Self>(x, weight, bias);
        }
        let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
        let [inputs, outputs] = [0, 1].map(|axis| weight.shape()[axis]);
        let rows = x.shape().num_elements() / inputs;
        let mut y = values(&bias).repeat(rows);
        if are_few(rows, inputs, outputs) {
            add_few(&mut y, values(&x), values(&weight), [inputs, outputs]);
        } else {
            let out = MatrixMut::dense(&mut y, rows, outputs);
            let weight = Matrix::dense(values(&weight), inputs, outputs);
            add_product(out, Matrix::dense(values(&x), rows, inputs), weight);
        }
        tensor(y, with_last(&x.shape(), outputs))
    }

    fn linear_backward_input(grad: CpuTensor, weight: CpuTensor) -> CpuTensor {
        if !fits([&grad, &weight]) {
            return composed_backward_input::<Self>(grad, weight);
        }
        let (grad, weight) = (contiguous(grad), contiguous(weight));
        let [inputs, outputs] = [0, 1].map(|axis| weight.shape()[axis]);
        let rows = grad.shape().num_elements() / outputs;
        let weight = Matrix::dense(values(&weight), inputs, outputs);
        let of_x = new_product(
            Matrix::dense(values(&grad), rows, outputs),
            weight.transposed(),
        );
        tensor(of_x, with_last(&grad.shape(), inputs))
    }

    fn linear_backward_weight(grad: CpuTensor, x: CpuTensor) -> CpuTensor {
        if !fits([&grad, &x]) {
            return composed_backward_weight::<Self>(grad, x);
        }
        let (grad, x) = (contiguous(grad), contiguous(x));
        let [outputs, inputs] = [&grad, &x].map(width);
        let rows = x.shape().num_elements() / inputs;
        let x = Matrix::dense(values(&x), rows, inputs).transposed();
        let of_weight = new_product(x, Matrix::dense(values(&grad), rows, outputs));
        tensor(of_weight, [inputs, outputs])
    }

    fn linear_backward_bias(grad: CpuTensor) -> CpuTensor {
        if !fits([&grad]) {
            return composed_backward_bias::<Self>(grad);
        }
        let grad = contiguous(grad);
        let outputs = width(&grad);
        tensor(column_sums(values(&grad), outputs), [outputs])
    }
}

/// Whether the kernels take them: single precision, nothing empty.
fn fits<const N: usize>(all: [&CpuTensor; N]) -> bool {
    all.into_iter()
        .all(|x| is_f32(x) && x.shape().num_elements() > 0)
}

fn width(x: &CpuTensor) -> usize {
    x.shape().last().copied().unwrap_or(1)
}
