//! The gradient of cross entropy, in closed form.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, AutodiffBackend};

use super::FusedCrossEntropy;

#[derive(Debug)]
struct CrossEntropy;

impl<B: FusedCrossEntropy> Backward<B, 1> for CrossEntropy {
    /// Logits by their node, targets, statistics and smoothing.
    type State = (NodeId, IntTensor<B>, FloatTensor<B>, f64);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let (logits, targets, statistics, smoothing) = ops.state;
        let logits = checkpointer.retrieve_node_output(logits);
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::cross_entropy_backward(grad, logits, targets, statistics, smoothing)
        });
    }
}

impl<B: FusedCrossEntropy, C: CheckpointStrategy> FusedCrossEntropy for Autodiff<B, C> {
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        smoothing: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = CrossEntropy.prepare::<C>([logits.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(mut prepared) => {
                let kept = prepared.checkpoint(&logits);
                let logits = logits.into_primitive();
                let (loss, statistics) =
                    B::cross_entropy_forward(logits, targets.clone(), smoothing);
                let state = (kept, targets, statistics.clone(), smoothing);
                let loss = prepared.finish(state, loss);
                (loss, Self::from_inner(statistics))
            }
            OpsKind::UnTracked(prepared) => {
                let logits = logits.into_primitive();
                let (loss, statistics) = B::cross_entropy_forward(logits, targets, smoothing);
                (prepared.finish(loss), Self::from_inner(statistics))
            }
        }
    }
}
