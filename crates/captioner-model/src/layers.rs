//! The layers that captioners are built from: linear maps that can take an adapter, layer norms,
//! tables of embeddings.
//!
//! A fresh layer holds no memory: its parameters are drawn when first read, so that loading a
//! checkpoint never pays for values it replaces. Field names are those of the checkpoint.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, module};

use captioner_ops::{dropout, gelu, layer_norm, linear, quick_gelu};

use crate::config::HiddenAct;

/// `x · weight + bias` over the last axis, and what an adapter adds.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[inputs, outputs]`: the transpose of the checkpoint's.
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`.
    pub bias: Param<Tensor<1>>,
    /// A low-rank addition to `weight`.
    pub lora: Option<Lora>,
}

/// `x · a · b · scale`, a low-rank addition to a linear map
/// ([Hu et al., 2021](https://arxiv.org/abs/2106.09685)).
#[derive(Module, Debug)]
pub struct Lora {
    /// `[inputs, rank]`: the transpose of PEFT's `lora_A`.
    pub a: Param<Tensor<2>>,
    /// `[rank, outputs]`: the transpose of PEFT's `lora_B`.
    pub b: Param<Tensor<2>>,
    /// What the product of the two is multiplied by.
    pub scale: f64,
    /// Dropout of its input, while training.
    pub dropout: f64,
}

impl Linear {
    /// A map whose parameters are yet to be loaded or drawn.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: parameter([inputs, outputs], device),
            bias: parameter([outputs], device),
            lora: None,
        }
    }

    /// `[..., inputs]` to `[..., outputs]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let y = linear(x.clone(), self.weight.val(), self.bias.val());
        match &self.lora {
            None => y,
            Some(lora) => y + lora.forward(x),
        }
    }
}

impl Lora {
    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (a, b) = (self.a.val(), self.b.val());
        let mut dims = x.dims();
        let (inputs, outputs) = (a.dims()[0], b.dims()[1]);
        let rows = dropout(x, self.dropout).reshape([-1, inputs as isize]);
        dims[D - 1] = outputs;
        (rows.matmul(a).matmul(b) * self.scale).reshape(dims)
    }
}

/// What is done with each linear layer; it is told the layer's name in the checkpoint.
pub type LinearVisitor<'a> = dyn FnMut(&str, &mut Linear) + 'a;

/// Layer normalisation over the last axis.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
    /// `[width]`.
    pub bias: Param<Tensor<1>>,
    eps: f64,
}

impl LayerNorm {
    /// A norm whose parameters are yet to be loaded or drawn; `eps` is added to the variance.
    pub fn new(width: usize, eps: f64, device: &Device) -> Self {
        Self {
            weight: parameter([width], device),
            bias: parameter([width], device),
            eps,
        }
    }

    /// `[..., width]` to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        layer_norm(x, self.weight.val(), self.bias.val(), self.eps)
    }
}

/// A table of vectors.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[entries, width]`.
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// A table whose vectors are yet to be loaded or drawn.
    pub fn new(entries: usize, width: usize, device: &Device) -> Self {
        Self {
            weight: parameter([entries, width], device),
        }
    }

    /// Ids `[batch, length]` to vectors `[batch, length, width]`.
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        module::embedding(self.weight.val(), ids)
    }

    /// As [`forward`](Self::forward), but the vector of entry `padding_idx` is not trained: no
    /// gradient reaches it, as with `padding_idx` of PyTorch's `Embedding`.
    pub fn forward_with_padding(&self, ids: Tensor<2, Int>, padding_idx: usize) -> Tensor<3> {
        let vectors = self.forward(ids.clone());
        if !vectors.is_require_grad() && !self.weight.is_require_grad() {
            return vectors;
        }
        let pads = ids.equal_elem(padding_idx as i64).unsqueeze_dim::<3>(2);
        let pads = pads.expand(vectors.dims());
        vectors.clone().mask_where(pads, vectors.detach())
    }

    /// The vectors of entries `start..start + length`, `[length, width]`.
    pub fn range(&self, start: usize, length: usize) -> Tensor<2> {
        self.weight.val().narrow(0, start, length)
    }
}

/// Applies the named activation. Any shape.
pub fn activate<const D: usize>(act: HiddenAct, x: Tensor<D>) -> Tensor<D> {
    match act {
        HiddenAct::Gelu => gelu(x),
        HiddenAct::QuickGelu => quick_gelu(x),
    }
}

/// A parameter that is zero until it is loaded or initialised.
pub fn parameter<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    let zeros = move |device: &Device, require_grad: bool| {
        Tensor::zeros(shape, device).set_require_grad(require_grad)
    };
    Param::uninitialized(ParamId::new(), zeros, device.clone(), true, shape.into())
}
