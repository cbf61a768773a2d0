//! The gradients of layer norm.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

use super::FusedLayerNorm;

#[derive(Debug)]
struct LayerNorm;

impl<B: FusedLayerNorm> Backward<B, 3> for LayerNorm {
    /// Input and weight by their nodes, and the statistics.
    type State = (NodeId, NodeId, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight, statistics) = ops.state;
        let x = checkpointer.retrieve_node_output(x);
        let weight = checkpointer.retrieve_node_output(weight);
        let (x, weight, bias) = B::layer_norm_backward(grad, x, weight, statistics);
        for (parent, grad) in ops.parents.into_iter().zip([x, weight, bias]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

impl<B: FusedLayerNorm, C: CheckpointStrategy> FusedLayerNorm for Autodiff<B, C> {
    fn layer_norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let parents = [x.node(), weight.node(), bias.node()];
        let mut prepared = match LayerNorm.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared,
            OpsKind::UnTracked(prepared) => {
                let inner = (
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                );
                let (y, statistics) = B::layer_norm_forward(inner.0, inner.1, inner.2, eps);
                return (prepared.finish(y), Self::from_inner(statistics));
            }
        };
        let state = (prepared.checkpoint(&x), prepared.checkpoint(&weight));
        let inner = (
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        let (y, statistics) = B::layer_norm_forward(inner.0, inner.1, inner.2, eps);
        let state = (state.0, state.1, statistics.clone());
        (prepared.finish(state, y), Self::from_inner(statistics))
    }
}
