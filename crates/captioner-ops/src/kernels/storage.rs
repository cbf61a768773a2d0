//! Between the backend's tensors and slices.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape, TensorData};

/// A tensor of the CPU backend.
pub(crate) type CpuTensor = FloatTensor<Flex>;

/// Whether the kernels can take it; other types take the composed operations.
pub(crate) fn is_f32(x: &CpuTensor) -> bool {
    x.dtype() == DType::F32
}

/// Values as a tensor, without a copy.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> CpuTensor {
    CpuTensor::from_data(TensorData::new(values, shape))
}

/// The same values in row-major order from the start of their buffer. A tensor that was the only
/// owner of such a buffer still is.
pub(crate) fn contiguous(x: CpuTensor) -> CpuTensor {
    x.to_contiguous()
}

/// The values of a [`contiguous`] tensor.
pub(crate) fn values(x: &CpuTensor) -> &[f32] {
    x.storage()
}

/// The values as a buffer to write on: the tensor's own if nothing else reads it, else a copy.
pub(crate) fn writable(x: CpuTensor) -> CpuTensor {
    let mut x = contiguous(x);
    if x.try_storage_mut::<f32>().is_some() {
        return x;
    }
    let shape = x.layout().shape().clone();
    tensor(values(&x).to_vec(), shape)
}
