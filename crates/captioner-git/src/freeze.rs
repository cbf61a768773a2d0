//! Keeping parts of the model as they are while the rest is trained.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::GitError;
use crate::model::GitForCausalLm;
use crate::pattern::NamePattern;
use crate::weights::{Layer, Path};

impl GitForCausalLm {
    /// Freezes every parameter that a pattern picks: training does not change it, and what comes
    /// before all trained parameters keeps no record for gradients. Adapters are never frozen.
    ///
    /// # Errors
    /// When a pattern picks nothing; the message names it.
    pub fn freeze(self, patterns: &[NamePattern]) -> Result<Self, GitError> {
        let names = self.parameter_names();
        for pattern in patterns {
            if !names.iter().any(|name| pattern.matches(name)) {
                return Err(pattern.picks_nothing("parameter"));
            }
        }
        Ok(self.freeze_where(&|name| patterns.iter().any(|pattern| pattern.matches(name))))
    }

    /// The names of all parameters, as in the checkpoint; adapters left out.
    pub fn parameter_names(&self) -> Vec<String> {
        let mut names = Names::default();
        self.visit(&mut names);
        names.names
    }

    pub(crate) fn freeze_where(self, picks: &dyn Fn(&str) -> bool) -> Self {
        self.map(&mut Freezing {
            path: Path::default(),
            picks,
        })
    }
}

#[derive(Default)]
struct Names {
    path: Path,
    names: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        if self.path.layer() != Layer::Adapter {
            self.names.push(self.path.name());
        }
    }
}

struct Freezing<'a> {
    path: Path,
    picks: &'a dyn Fn(&str) -> bool,
}

impl ModuleMapper for Freezing<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.layer() == Layer::Adapter || !(self.picks)(&self.path.name()) {
            return param;
        }
        param.set_require_grad(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CaptionBatch, GitConfig, PixelValues, TextPadding};
    use burn::optim::GradientsParams;
    use burn::tensor::Device;

    fn trained(model: &GitForCausalLm) -> usize {
        let pixels = PixelValues::new(vec![0.5; 3 * 96 * 96], &[1, 3, 96, 96]).unwrap();
        let rows = [vec![1, 5, 2]];
        let batch = CaptionBatch::new(pixels, &rows, 0, TextPadding::default()).unwrap();
        let loss = model.loss(&batch, 0.0).unwrap().sum;
        GradientsParams::from_grads(loss.backward(), model).len()
    }

    #[test]
    fn frozen_parts_get_no_gradient_and_the_rest_does() {
        let device = Device::flex().autodiff();
        let config = GitConfig::small(30, 0, 1, 2);
        let model = GitForCausalLm::new(config, 1, &device).unwrap();
        let all = model.parameter_names().len();
        assert_eq!(trained(&model), all);
        let patterns = ["image_encoder", "embeddings"].map(|p| NamePattern::new(p).unwrap());
        let frozen = model.clone().freeze(&patterns).unwrap();
        let picked = model.parameter_names();
        let picked = picked
            .iter()
            .filter(|n| patterns.iter().any(|p| p.matches(n)))
            .count();
        assert!(picked > 0);
        assert_eq!(trained(&frozen), all - picked);
    }

    #[test]
    fn a_pattern_that_picks_nothing_is_named() {
        let config = GitConfig::small(30, 0, 1, 2);
        let model = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
        let pattern = NamePattern::new("image_encodr").unwrap();
        let message = model.freeze(&[pattern]).unwrap_err().to_string();
        assert!(message.contains("image_encodr"), "{message}");
    }
}
