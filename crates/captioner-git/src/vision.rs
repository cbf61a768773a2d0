//! The vision encoder: CLIP's vision transformer
//! ([Radford et al., 2021](https://arxiv.org/abs/2103.00020)), whose every output row GIT reads.
//!
//! Shapes: `B` pictures, `N` positions (patches and the class embedding), `E` width.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use captioner_ops::{KeyValue, attention, merge_heads, split_heads};

use captioner_model::{
    Embedding, HiddenAct, LayerNorm, Linear, LinearVisitor, activate, parameter,
};

use crate::config::GitVisionConfig;
use crate::interpolation;

/// The wrapper that gives checkpoint names their `vision_model.` segment.
#[derive(Module, Debug)]
pub(crate) struct VisionModel {
    /// The transformer itself.
    pub vision_model: VisionTransformer,
}

/// Embeddings, layers, and the norms before and after them.
#[derive(Module, Debug)]
pub(crate) struct VisionTransformer {
    embeddings: VisionEmbeddings,
    /// Spelled as in every CLIP checkpoint.
    pre_layrnorm: LayerNorm,
    encoder: VisionEncoder,
    post_layernorm: LayerNorm,
}

impl VisionTransformer {
    pub(crate) fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let norm = || LayerNorm::new(config.hidden_size, config.layer_norm_eps, device);
        Self {
            embeddings: VisionEmbeddings::new(config, device),
            pre_layrnorm: norm(),
            encoder: VisionEncoder::new(config, device),
            post_layernorm: norm(),
        }
    }

    /// Calls `visit` with every linear layer and its name in the checkpoint.
    pub(crate) fn linear_layers(&mut self, name: &str, visit: &mut LinearVisitor<'_>) {
        for (index, layer) in self.encoder.layers.iter_mut().enumerate() {
            let name = format!("{name}.encoder.layers.{index}");
            let attention = &mut layer.self_attn;
            visit(&format!("{name}.self_attn.q_proj"), &mut attention.q_proj);
            visit(&format!("{name}.self_attn.k_proj"), &mut attention.k_proj);
            visit(&format!("{name}.self_attn.v_proj"), &mut attention.v_proj);
            let out = &mut attention.out_proj;
            visit(&format!("{name}.self_attn.out_proj"), out);
            visit(&format!("{name}.mlp.fc1"), &mut layer.mlp.fc1);
            visit(&format!("{name}.mlp.fc2"), &mut layer.mlp.fc2);
        }
    }

    /// Pixel values `[B, 3, H, W]` to features `[B, N, E]`. Pictures of another size than the
    /// model's have their position embeddings interpolated.
    pub(crate) fn forward(&self, pixel_values: Tensor<4>) -> Tensor<3> {
        let mut x = self
            .pre_layrnorm
            .forward(self.embeddings.forward(pixel_values));
        for layer in &self.encoder.layers {
            x = layer.forward(x);
        }
        self.post_layernorm.forward(x)
    }
}

#[derive(Module, Debug)]
struct VisionEmbeddings {
    class_embedding: Param<Tensor<1>>,
    patch_embedding: PatchEmbedding,
    position_embedding: Embedding,
    /// Patches along one side of the pictures that the position embeddings are for.
    grid: usize,
}

impl VisionEmbeddings {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        Self {
            class_embedding: parameter([width], device),
            patch_embedding: PatchEmbedding::new(config, device),
            position_embedding: Embedding::new(config.num_positions(), width, device),
            grid: config.grid(),
        }
    }

    fn forward(&self, pixel_values: Tensor<4>) -> Tensor<3> {
        let [_, _, height, row] = pixel_values.dims();
        let patch = self.patch_embedding.weight.dims()[2];
        let patches = self.patch_embedding.forward(pixel_values); // [B, N - 1, E]
        let [batch, _, width] = patches.dims();
        let class = self.class_embedding.val().reshape([1, 1, width]);
        let x = Tensor::cat(vec![class.expand([batch, 1, width]), patches], 1);
        x + self.positions(height / patch, row / patch).unsqueeze()
    }

    /// Position embeddings of a picture of `down` by `across` patches, `[1 + down · across, E]`.
    fn positions(&self, down: usize, across: usize) -> Tensor<2> {
        let table = self.position_embedding.weight.val();
        if (down, across) == (self.grid, self.grid) {
            return table;
        }
        let patches = table.clone().narrow(0, 1, self.grid * self.grid);
        let weights = interpolation::bicubic(self.grid, down, across);
        let shape = [down * across, self.grid * self.grid];
        let weights = Tensor::from_data(TensorData::new(weights, shape), &table.device());
        Tensor::cat(vec![table.narrow(0, 0, 1), weights.matmul(patches)], 0)
    }
}

/// A convolution whose stride is its kernel, computed as one product over the patches.
#[derive(Module, Debug)]
struct PatchEmbedding {
    /// `[E, 3, patch, patch]`.
    weight: Param<Tensor<4>>,
}

impl PatchEmbedding {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let (patch, channels) = (config.patch_size, config.num_channels);
        Self {
            weight: parameter([config.hidden_size, channels, patch, patch], device),
        }
    }

    fn forward(&self, pixel_values: Tensor<4>) -> Tensor<3> {
        let weight = self.weight.val();
        let [width, channels, patch, _] = weight.dims();
        let [batch, _, height, row] = pixel_values.dims();
        let (down, across) = (height / patch, row / patch);
        // Pixels right of and below the last whole patch are not read, as in a convolution.
        let patches = pixel_values
            .slice([0..batch, 0..channels, 0..down * patch, 0..across * patch])
            .reshape([batch, channels, down, patch, across, patch])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([batch * down * across, channels * patch * patch]);
        let weight = weight.reshape([width, channels * patch * patch]);
        let embedded = patches.matmul(weight.transpose());
        embedded.reshape([batch, down * across, width])
    }
}

#[derive(Module, Debug)]
struct VisionEncoder {
    layers: Vec<VisionEncoderLayer>,
}

impl VisionEncoder {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let layers = 0..config.num_hidden_layers;
        Self {
            layers: layers
                .map(|_| VisionEncoderLayer::new(config, device))
                .collect(),
        }
    }
}

#[derive(Module, Debug)]
struct VisionEncoderLayer {
    self_attn: VisionAttention,
    layer_norm1: LayerNorm,
    mlp: VisionMlp,
    layer_norm2: LayerNorm,
}

impl VisionEncoderLayer {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let norm = || LayerNorm::new(config.hidden_size, config.layer_norm_eps, device);
        Self {
            self_attn: VisionAttention::new(config, device),
            layer_norm1: norm(),
            mlp: VisionMlp::new(config, device),
            layer_norm2: norm(),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = x.clone() + self.self_attn.forward(self.layer_norm1.forward(x));
        x.clone() + self.mlp.forward(self.layer_norm2.forward(x))
    }
}

#[derive(Module, Debug)]
struct VisionAttention {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    heads: usize,
    dropout: f64,
}

impl VisionAttention {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        let linear = || Linear::new(config.hidden_size, config.hidden_size, device);
        Self {
            q_proj: linear(),
            k_proj: linear(),
            v_proj: linear(),
            out_proj: linear(),
            heads: config.num_attention_heads,
            dropout: config.attention_dropout,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let heads = |linear: &Linear| split_heads(linear.forward(x.clone()), self.heads);
        let keys = KeyValue {
            key: heads(&self.k_proj),
            value: heads(&self.v_proj),
        };
        let context = attention(heads(&self.q_proj), keys, self.dropout); // [B, heads, N, E / heads]
        self.out_proj.forward(merge_heads(context))
    }
}

#[derive(Module, Debug)]
struct VisionMlp {
    fc1: Linear,
    fc2: Linear,
    #[module(skip)]
    hidden_act: HiddenAct,
}

impl VisionMlp {
    fn new(config: &GitVisionConfig, device: &Device) -> Self {
        Self {
            fc1: Linear::new(config.hidden_size, config.intermediate_size, device),
            fc2: Linear::new(config.intermediate_size, config.hidden_size, device),
            hidden_act: config.hidden_act,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.fc2
            .forward(activate(self.hidden_act, self.fc1.forward(x)))
    }
}
