//! The gradients of a linear map: of those parents alone that want one.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::FusedLinear;

#[derive(Debug)]
struct Linear;

impl<B: FusedLinear> Backward<B, 3> for Linear {
    /// Input and weight by their nodes.
    type State = (NodeId, NodeId);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight) = ops.state;
        let x = checkpointer.retrieve_node_output(x);
        let weight = checkpointer.retrieve_node_output(weight);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_bias {
            grads.register::<B>(parent.id, B::linear_backward_bias(grad.clone()));
        }
        if let Some(parent) = of_weight {
            grads.register::<B>(parent.id, B::linear_backward_weight(grad.clone(), x));
        }
        if let Some(parent) = of_x {
            grads.register::<B>(parent.id, B::linear_backward_input(grad, weight));
        }
    }
}

impl<B: FusedLinear, C: CheckpointStrategy> FusedLinear for Autodiff<B, C> {
    fn linear_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [x.node(), weight.node(), bias.node()];
        match Linear.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&x), prepared.checkpoint(&weight));
                let y = inner::<B, C>(x, weight, bias);
                prepared.finish(state, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(inner::<B, C>(x, weight, bias)),
        }
    }
}

fn inner<B: FusedLinear, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<B> {
    let (x, weight) = (x.into_primitive(), weight.into_primitive());
    B::linear_forward(x, weight, bias.into_primitive())
}
