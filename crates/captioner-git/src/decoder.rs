//! The text decoder: BERT's layers ([Devlin et al., 2018](https://arxiv.org/abs/1810.04805)) over
//! image rows followed by text rows.
//!
//! Image rows see image rows only, so they pass the layers on their own and leave each layer's
//! keys and values behind ([`KeyValuePrefix`]); text rows then read those. The last layer's image
//! rows are never needed, only their keys and values.
//!
//! Shapes: `B` pictures, `I` image rows, `R = B · k` captions (`k` for each picture), `T` tokens,
//! `D` width.

use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor};

use captioner_ops::{KeyValue, attention, dropout, merge_heads, prefix_attention, split_heads};

use captioner_model::{
    Embedding, HiddenAct, KeyValuePrefix, LayerNorm, Linear, LinearVisitor, TextCache, activate,
};

use crate::config::GitConfig;

/// Token and position embeddings.
#[derive(Module, Debug)]
pub(crate) struct TextEmbeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: f64,
    padding_idx: usize,
}

impl TextEmbeddings {
    pub(crate) fn new(config: &GitConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        Self {
            word_embeddings: Embedding::new(config.vocab_size, width, device),
            position_embeddings: Embedding::new(config.max_position_embeddings, width, device),
            layer_norm: LayerNorm::new(width, config.layer_norm_eps, device),
            dropout: config.hidden_dropout_prob,
            padding_idx: config.pad_token_id as usize,
        }
    }

    /// Ids `[R, T]` of the first tokens, to `[R, T, D]`.
    pub(crate) fn forward(&self, input_ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = input_ids.dims();
        let positions = self.position_embeddings.range(0, length).unsqueeze();
        self.sum(input_ids, positions)
    }

    /// Ids `[R, T]` of the tokens after those in `cache`, to `[R, T, D]`.
    pub(crate) fn extend(&self, input_ids: Tensor<2, Int>, cache: &TextCache) -> Tensor<3> {
        let [_, length] = input_ids.dims();
        let table = &self.position_embeddings;
        let positions = match cache.positions(length, &input_ids.device()) {
            Some(positions) => table.forward(positions),
            None => table.range(cache.length(), length).unsqueeze(),
        };
        self.sum(input_ids, positions)
    }

    fn sum(&self, input_ids: Tensor<2, Int>, positions: Tensor<3>) -> Tensor<3> {
        let words = self
            .word_embeddings
            .forward_with_padding(input_ids, self.padding_idx);
        let x = words + positions;
        dropout(self.layer_norm.forward(x), self.dropout)
    }
}

/// The stack of decoder layers.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    layer: Vec<DecoderLayer>,
}

impl Decoder {
    pub(crate) fn new(config: &GitConfig, device: &Device) -> Self {
        let layers = 0..config.num_hidden_layers;
        Self {
            layer: layers.map(|_| DecoderLayer::new(config, device)).collect(),
        }
    }

    #[cfg(test)]
    pub(crate) fn layers(&self) -> &[DecoderLayer] {
        &self.layer
    }

    /// Calls `visit` with every linear layer and its name in the checkpoint.
    pub(crate) fn linear_layers(&mut self, name: &str, visit: &mut LinearVisitor<'_>) {
        for (index, layer) in self.layer.iter_mut().enumerate() {
            let name = format!("{name}.layer.{index}");
            let own = &mut layer.attention.self_;
            visit(&format!("{name}.attention.self.query"), &mut own.query);
            visit(&format!("{name}.attention.self.key"), &mut own.key);
            visit(&format!("{name}.attention.self.value"), &mut own.value);
            let out = &mut layer.attention.output.dense;
            visit(&format!("{name}.attention.output.dense"), out);
            let inner = &mut layer.intermediate.dense;
            visit(&format!("{name}.intermediate.dense"), inner);
            visit(&format!("{name}.output.dense"), &mut layer.output.dense);
        }
    }

    /// Image rows `[B, I, D]` to what text rows read of them.
    pub(crate) fn encode_image(&self, mut x: Tensor<3>) -> KeyValuePrefix {
        let last = self.layer.len() - 1;
        let mut layers = Vec::with_capacity(self.layer.len());
        for (index, layer) in self.layer.iter().enumerate() {
            let keys = layer.attention.self_.keys(x.clone());
            layers.push(keys.clone());
            if index < last {
                x = layer.forward_image(x, keys);
            }
        }
        KeyValuePrefix { layers }
    }

    /// Image rows `[B, I, D]` through all layers, the last one too, to the same shape.
    pub(crate) fn forward_image(&self, mut x: Tensor<3>) -> Tensor<3> {
        for layer in &self.layer {
            let keys = layer.attention.self_.keys(x.clone());
            x = layer.forward_image(x, keys);
        }
        x
    }

    /// All text rows at once, `[R, T, D]` to the same shape. `mask` is `[R or 1, 1, T, T]`, true
    /// where a row may not look.
    pub(crate) fn forward_text(
        &self,
        mut x: Tensor<3>,
        prefix: &KeyValuePrefix,
        mask: Tensor<4, Bool>,
    ) -> Tensor<3> {
        for (layer, image) in self.layer.iter().zip(&prefix.layers) {
            let text = layer.attention.self_.keys(x.clone());
            x = layer.forward_text(x, image, text, Some(mask.clone()));
        }
        x
    }

    /// The next text rows of captions whose earlier rows are in `cache`, `[R, T, D]` to the same.
    pub(crate) fn extend_text(
        &self,
        mut x: Tensor<3>,
        prefix: &KeyValuePrefix,
        cache: &mut TextCache,
    ) -> Tensor<3> {
        let [_, length, _] = x.dims();
        let mask = cache.mask(length, &x.device());
        for (index, (layer, image)) in self.layer.iter().zip(&prefix.layers).enumerate() {
            let text = cache.extend(index, layer.attention.self_.keys(x.clone()));
            x = layer.forward_text(x, image, text, mask.clone());
        }
        cache.advance(length);
        x
    }
}

#[derive(Module, Debug)]
pub(crate) struct DecoderLayer {
    attention: Attention,
    intermediate: Intermediate,
    output: Output,
}

impl DecoderLayer {
    fn new(config: &GitConfig, device: &Device) -> Self {
        Self {
            attention: Attention::new(config, device),
            intermediate: Intermediate::new(config, device),
            output: Output::new(config.intermediate_size, config, device),
        }
    }

    fn forward_image(&self, x: Tensor<3>, keys: KeyValue) -> Tensor<3> {
        let own = &self.attention.self_;
        let context = attention(own.queries(x.clone()), keys, own.dropout);
        self.feed_forward(self.attention.output.forward(merge_heads(context), x))
    }

    fn forward_text(
        &self,
        x: Tensor<3>,
        image: &KeyValue,
        text: KeyValue,
        mask: Option<Tensor<4, Bool>>,
    ) -> Tensor<3> {
        let own = &self.attention.self_;
        let context = prefix_attention(own.queries(x.clone()), image, text, mask, own.dropout);
        self.feed_forward(self.attention.output.forward(merge_heads(context), x))
    }

    /// Queries, and keys and values, of the same rows.
    #[cfg(test)]
    pub(crate) fn project(&self, x: Tensor<3>) -> (Tensor<4>, KeyValue) {
        let own = &self.attention.self_;
        (own.queries(x.clone()), own.keys(x))
    }

    /// What follows the reading: `read` and the layer's input `x`, `[B, L, D]`.
    #[cfg(test)]
    pub(crate) fn finish(&self, read: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        self.feed_forward(self.attention.output.forward(read, x))
    }

    fn feed_forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.output.forward(self.intermediate.forward(x.clone()), x)
    }
}

#[derive(Module, Debug)]
struct Attention {
    /// `self` in the checkpoint: a trailing underscore is dropped from names.
    self_: SelfAttention,
    output: Output,
}

impl Attention {
    fn new(config: &GitConfig, device: &Device) -> Self {
        Self {
            self_: SelfAttention::new(config, device),
            output: Output::new(config.hidden_size, config, device),
        }
    }
}

#[derive(Module, Debug)]
struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    heads: usize,
    dropout: f64,
}

impl SelfAttention {
    fn new(config: &GitConfig, device: &Device) -> Self {
        let linear = || Linear::new(config.hidden_size, config.hidden_size, device);
        Self {
            query: linear(),
            key: linear(),
            value: linear(),
            heads: config.num_attention_heads,
            dropout: config.attention_probs_dropout_prob,
        }
    }

    fn queries(&self, x: Tensor<3>) -> Tensor<4> {
        split_heads(self.query.forward(x), self.heads)
    }

    fn keys(&self, x: Tensor<3>) -> KeyValue {
        KeyValue {
            key: split_heads(self.key.forward(x.clone()), self.heads),
            value: split_heads(self.value.forward(x), self.heads),
        }
    }
}

#[derive(Module, Debug)]
struct Intermediate {
    dense: Linear,
    #[module(skip)]
    hidden_act: HiddenAct,
}

impl Intermediate {
    fn new(config: &GitConfig, device: &Device) -> Self {
        Self {
            dense: Linear::new(config.hidden_size, config.intermediate_size, device),
            hidden_act: config.hidden_act,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        activate(self.hidden_act, self.dense.forward(x))
    }
}

/// A linear map, dropout, and the norm of its sum with the layer's input.
#[derive(Module, Debug)]
struct Output {
    dense: Linear,
    layer_norm: LayerNorm,
    dropout: f64,
}

impl Output {
    fn new(inputs: usize, config: &GitConfig, device: &Device) -> Self {
        Self {
            dense: Linear::new(inputs, config.hidden_size, device),
            layer_norm: LayerNorm::new(config.hidden_size, config.layer_norm_eps, device),
            dropout: config.hidden_dropout_prob,
        }
    }

    fn forward(&self, x: Tensor<3>, input: Tensor<3>) -> Tensor<3> {
        let x = dropout(self.dense.forward(x), self.dropout);
        self.layer_norm.forward(x + input)
    }
}
