//! Fresh weights.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::WeightLayout;
use crate::parameters::{ByName, LayerKind, NamedMapper, ParameterName};

/// The fresh values of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// Normally distributed about zero.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// An embedding table, normally distributed about zero, with one vector of zeros: that of the
    /// pad token.
    Embedding {
        /// Standard deviation.
        std: f64,
        /// The vector's place.
        padding_idx: usize,
    },
}

impl Init {
    /// Biases zero, norms one, all else normal with this standard deviation, as transformers'
    /// `_init_weights` draws most models.
    pub fn standard(name: &ParameterName, std: f64) -> Self {
        match (name.last(), name.kind()) {
            ("bias", _) => Self::Zeros,
            (_, LayerKind::Norm) => Self::Ones,
            _ => Self::Normal { std },
        }
    }
}

/// Draws every parameter anew as `init` says, on the host, in the order of the model's fields: the
/// same seed gives the same values on every device.
pub fn initialize<M: Module>(
    model: M,
    layout: &WeightLayout,
    seed: u64,
    init: impl Fn(&ParameterName) -> Init,
) -> M {
    let fresh = Fresh {
        random: ChaCha8Rng::seed_from_u64(seed),
        init,
    };
    ByName::new(layout, fresh).map(model).0
}

struct Fresh<F> {
    random: ChaCha8Rng,
    init: F,
}

impl<F> Fresh<F> {
    fn values(&mut self, init: Init, shape: &[usize]) -> Vec<f32> {
        let count = shape.iter().product();
        match init {
            Init::Zeros => vec![0.0; count],
            Init::Ones => vec![1.0; count],
            Init::Normal { std } => self.normal(count, std),
            Init::Embedding { std, padding_idx } => {
                let width = shape.last().copied().unwrap_or(0);
                let mut values = self.normal(count, std);
                if let Some(vector) = values.chunks_mut(width.max(1)).nth(padding_idx) {
                    vector.fill(0.0);
                }
                values
            }
        }
    }

    fn normal(&mut self, count: usize, std: f64) -> Vec<f32> {
        let draws: rand_distr::Iter<_, _, f32> = StandardNormal.sample_iter(&mut self.random);
        draws.take(count).map(|draw| draw * std as f32).collect()
    }
}

impl<F: Fn(&ParameterName) -> Init> NamedMapper for Fresh<F> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        let values = self.values((self.init)(name), &shape);
        let data = TensorData::new(values, shape);
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::layers::{LayerNorm, Linear};

    #[derive(Module, Debug)]
    struct Small {
        linear: Linear,
        norm: LayerNorm,
    }

    #[test]
    fn the_standard_values_are_those_of_the_kind_of_layer() {
        let device = Device::flex();
        let small = Small {
            linear: Linear::new(2, 2, &device),
            norm: LayerNorm::new(2, 1e-5, &device),
        };
        let small = initialize(small, &WeightLayout::default(), 1, |name| {
            Init::standard(name, 0.1)
        });
        let values =
            |param: &Param<Tensor<1>>| param.val().into_data().iter::<f32>().collect::<Vec<_>>();
        let (ones, zeros) = (vec![1.0; 2], vec![0.0; 2]);
        assert_eq!(values(&small.norm.weight), ones);
        assert_eq!(values(&small.norm.bias), zeros);
        assert_eq!(values(&small.linear.bias), zeros);
        let drawn = small.linear.weight.val().abs();
        let (least, most) = (drawn.clone().min(), drawn.max());
        assert!(least.into_scalar::<f32>() > 0.0 && most.into_scalar::<f32>() < 0.5);
    }
}
