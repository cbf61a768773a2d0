//! Tensors of any rank as matrices.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

/// `[..., width]` to `[rows, width]`.
pub(crate) fn by_rows<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let shape = x.shape();
    let width = shape.last().copied().unwrap_or(1);
    let rows = shape.num_elements() / width.max(1);
    B::float_reshape(x, Shape::from([rows, width]))
}
