//! The gradients of attention, from its inputs and two values a row.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{BoolTensor, FloatTensor};
use burn::backend::{Autodiff, AutodiffBackend};

use super::fused::{AttentionInputs, FusedAttention, TextKeys};

/// Over `N - 1` keys and values.
#[derive(Debug)]
struct Attend<const N: usize>;

impl<B: FusedAttention, const N: usize> Backward<B, N> for Attend<N> {
    /// Query, keys and values by their nodes, mask and statistics.
    type State = ([NodeId; N], Option<BoolTensor<B>>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (inputs, mask, statistics) = ops.state;
        let mut inputs = inputs
            .into_iter()
            .map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        let query = inputs.next().expect("a query comes first");
        let inputs = AttentionInputs::from_parts(query, inputs.collect(), mask);
        let (query, keys, _) = B::attend_backward(grad, inputs, statistics).into_parts();
        let of_inputs = std::iter::once(query).chain(keys);
        for (parent, grad) in ops.parents.into_iter().zip(of_inputs) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

impl<B: FusedAttention, C: CheckpointStrategy> FusedAttention for Autodiff<B, C> {
    fn attend(inputs: AttentionInputs<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let AttentionInputs {
            query,
            key,
            value,
            text,
        } = inputs;
        match text {
            TextKeys::Absent => record::<B, C, 3>([query, key, value], None),
            TextKeys::Seen {
                key: text_key,
                value: text_value,
            } => record::<B, C, 5>([query, key, value, text_key, text_value], None),
            TextKeys::Masked {
                key: text_key,
                value: text_value,
                mask,
            } => record::<B, C, 5>([query, key, value, text_key, text_value], Some(mask)),
        }
    }
}

type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

fn record<B: FusedAttention, C: CheckpointStrategy, const N: usize>(
    inputs: [Tracked<B, C>; N],
    mask: Option<BoolTensor<B>>,
) -> (Tracked<B, C>, Tracked<B, C>) {
    let attend = |inputs: [Tracked<B, C>; N], mask| {
        let mut inner = inputs.into_iter().map(|x| x.into_primitive());
        let query = inner.next().expect("a query comes first");
        B::attend(AttentionInputs::from_parts(query, inner.collect(), mask))
    };
    let nodes = inputs.each_ref().map(|x| x.node());
    match Attend::<N>.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut prepared) => {
            let kept = inputs.each_ref().map(|x| prepared.checkpoint(x));
            let (out, statistics) = attend(inputs, mask.clone());
            let state = (kept, mask, statistics.clone());
            let statistics = Autodiff::<B, C>::from_inner(statistics);
            (prepared.finish(state, out), statistics)
        }
        OpsKind::UnTracked(prepared) => {
            let (out, statistics) = attend(inputs, mask);
            let statistics = Autodiff::<B, C>::from_inner(statistics);
            (prepared.finish(out), statistics)
        }
    }
}
