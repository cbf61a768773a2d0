//! Attention on the CPU: no score leaves the cache, and nothing is copied to change its layout.

use burn::backend::Flex;
use burn::backend::tensor::BoolTensor;
use burn::tensor::{BoolStore, DType};

use super::fused::{
    AttentionInputs, FusedAttention, MASKED, composed, composed_backward, factor, gradients,
};
use crate::kernels::attention::{Heads, Inputs, Pair, backward, forward};
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values};

impl FusedAttention for Flex {
    fn attend(inputs: AttentionInputs<Self>) -> (CpuTensor, CpuTensor) {
        let (query, keys, mask) = inputs.into_parts();
        if !fits(&query, &keys, mask.as_ref()) {
            return composed::<Self>(query, &keys, mask);
        }
        let owned = Owned::new(query, keys, mask);
        let inputs = owned.inputs();
        let [captions, heads, rows, _] = inputs.query.shape;
        let (out, statistics) = forward(&inputs);
        let out = heads_first(out, inputs.query.shape);
        (out, tensor(statistics, [captions, heads, rows, 2]))
    }

    fn attend_backward(
        grad: CpuTensor,
        inputs: AttentionInputs<Self>,
        statistics: CpuTensor,
    ) -> AttentionInputs<Self> {
        let (query, keys, mask) = inputs.into_parts();
        if !fits(&query, &keys, mask.as_ref()) || !is_f32(&grad) {
            let all = composed_backward::<Self>(grad, query, &keys, mask, statistics);
            return gradients(all);
        }
        let owned = Owned::new(query, keys, mask);
        let (inputs, grad) = (owned.inputs(), forward_strides(grad));
        let statistics = contiguous(statistics);
        let all = backward(&inputs, heads_of(&grad), values(&statistics));
        let shapes = owned.tensors.iter().map(|x| heads_of(x).shape);
        let all = all.into_iter().zip(shapes);
        gradients(
            all.map(|(values, shape)| heads_first(values, shape))
                .collect(),
        )
    }
}

/// Tensors in a layout that the kernel reads.
struct Owned {
    /// Query, then keys and values.
    tensors: Vec<CpuTensor>,
    mask: Option<BoolTensor<Flex>>,
}

impl Owned {
    fn new(query: CpuTensor, keys: Vec<CpuTensor>, mask: Option<BoolTensor<Flex>>) -> Self {
        let all = std::iter::once(query).chain(keys);
        Self {
            tensors: all.map(forward_strides).collect(),
            mask: mask.map(|mask| mask.to_contiguous()),
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        let pair = |index: usize| Pair {
            key: heads_of(&self.tensors[index]),
            value: heads_of(&self.tensors[index + 1]),
        };
        let query = heads_of(&self.tensors[0]);
        Inputs {
            query,
            image: pair(1),
            text: (self.tensors.len() > 3).then(|| pair(3)),
            mask: self.mask.as_ref().map(|mask| mask.storage()),
            masked: MASKED,
            factor: factor(query.shape[3]) as f32,
        }
    }
}

/// Whether the kernel takes it: single precision, nothing empty, the documented shapes.
fn fits(query: &CpuTensor, keys: &[CpuTensor], mask: Option<&BoolTensor<Flex>>) -> bool {
    let all = || std::iter::once(query).chain(keys);
    if !all().all(|x| is_f32(x) && x.layout().num_dims() == 4 && x.layout().num_elements() > 0) {
        return false;
    }
    let shapes: Vec<_> = all().map(|x| heads_of(x).shape).collect();
    let [captions, heads, rows, width] = shapes[0];
    let [batch, _, image_rows, _] = shapes[1];
    let text_rows = shapes.get(3).map(|shape| shape[2]);
    let image = [batch, heads, image_rows, width];
    let text = [captions, heads, text_rows.unwrap_or(0), width];
    let mask_fits = mask.is_none_or(|mask| {
        let shape: &[usize] = mask.layout().shape();
        let stored = matches!(mask.dtype(), DType::Bool(BoolStore::Native | BoolStore::U8));
        stored
            && shape.len() == 4
            && (shape[0] == 1 || shape[0] == captions)
            && shape[1..] == [1, rows, text[2]]
    });
    mask_fits
        && captions.is_multiple_of(batch)
        && shapes[1..3].iter().all(|shape| *shape == image)
        && shapes[3..].iter().all(|shape| *shape == text)
        && mask.is_none_or(|_| text_rows.is_some())
}

/// The tensor itself, or a copy of it where an axis runs backwards.
fn forward_strides(x: CpuTensor) -> CpuTensor {
    if x.layout().strides().iter().any(|&stride| stride < 0) {
        return contiguous(x);
    }
    x
}

/// A tensor of four axes; strides that run backwards are taken as they are by no caller.
fn heads_of(x: &CpuTensor) -> Heads<'_> {
    let layout = x.layout();
    let (shape, strides) = (layout.shape(), layout.strides());
    Heads {
        values: &x.storage()[layout.start_offset()..],
        shape: [0, 1, 2, 3].map(|axis| shape[axis]),
        strides: [0, 1, 2, 3].map(|axis| strides[axis].unsigned_abs()),
    }
}

/// `[n, rows, heads, width]` in memory as a `[n, heads, rows, width]` tensor, the layout in which
/// merging the heads moves nothing.
fn heads_first(values: Vec<f32>, [n, heads, rows, width]: [usize; 4]) -> CpuTensor {
    tensor(values, [n, rows, heads, width]).permute(&[0, 2, 1, 3])
}
