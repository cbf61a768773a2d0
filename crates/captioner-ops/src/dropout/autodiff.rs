//! The gradient of dropout, from its mask alone.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

use super::FusedDropout;

#[derive(Debug)]
struct Dropout;

impl<B: FusedDropout> Backward<B, 1> for Dropout {
    type State = (FloatTensor<B>, f64);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (mask, keep) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::drop_values_backward(grad, mask, keep)
        });
    }
}

impl<B: FusedDropout, C: CheckpointStrategy> FusedDropout for Autodiff<B, C> {
    fn drop_values(
        x: FloatTensor<Self>,
        keep: f64,
        seed: Option<u64>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = Dropout.prepare::<C>([x.node()]).compute_bound();
        let (y, mask) = B::drop_values(x.into_primitive(), keep, seed);
        let y = match prepared.stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((mask.clone(), keep), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        };
        (y, Self::from_inner(mask))
    }
}
