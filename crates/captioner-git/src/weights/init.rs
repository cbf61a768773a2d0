//! Fresh weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::names::{Layer, Path};
use crate::model::GitForCausalLm;

/// Draws every weight anew, on the host, in the order of the model's fields.
pub(crate) fn initialize(
    model: GitForCausalLm,
    seed: u64,
    std: f64,
    pad_token_id: u32,
) -> GitForCausalLm {
    let mut fresh = Fresh {
        path: Path::default(),
        std: std as f32,
        random: ChaCha8Rng::seed_from_u64(seed),
        pad: pad_token_id as usize,
    };
    model.map(&mut fresh)
}

struct Fresh {
    path: Path,
    std: f32,
    random: ChaCha8Rng,
    pad: usize,
}

impl Fresh {
    fn values(&mut self, shape: &[usize]) -> Vec<f32> {
        let name = self.path.name();
        let count = shape.iter().product();
        if name.ends_with(".bias") || name.contains("img_temporal_embedding") {
            return vec![0.0; count];
        }
        if self.path.layer() == Layer::Norm {
            return vec![1.0; count];
        }
        let draws: rand_distr::Iter<_, _, f32> = StandardNormal.sample_iter(&mut self.random);
        let mut values: Vec<f32> = draws.take(count).map(|draw| draw * self.std).collect();
        if name.ends_with("word_embeddings.weight") {
            let width = shape[1];
            values[self.pad * width..(self.pad + 1) * width].fill(0.0);
        }
        values
    }
}

impl ModuleMapper for Fresh {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        let values = self.values(&shape);
        let data = TensorData::new(values, shape);
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
