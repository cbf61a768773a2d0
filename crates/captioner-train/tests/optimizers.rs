//! Ten steps of each optimizer give what those of transformers' Trainer give:
//! `tools/reference/optimizers.py` made them with `Trainer(...).create_optimizer()`.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use captioner_model::{
    ByName, Embedding, LayerNorm, Linear, NamedMapper, NamedVisitor, ParameterName, TensorReader,
    WeightLayout, parameter,
};
use captioner_train::{Optimizer, OptimizerKind, OptimizerSettings, TrainingArguments};

const STEPS: usize = 10;

/// `Net` of the script.
#[derive(Module, Debug)]
struct Net {
    linear: Linear,
    norm: LayerNorm,
    table: Embedding,
    patch: Param<Tensor<4>>,
    late: Param<Tensor<1>>,
}

fn net(device: &Device) -> Net {
    Net {
        linear: Linear::new(5, 7, device),
        norm: LayerNorm::new(6, 1e-5, device),
        table: Embedding::new(9, 4, device),
        patch: parameter([3, 2, 4, 5], device),
        late: parameter([8], device),
    }
}

/// The fixture's tensor of a parameter, in the parameter's layout.
fn stored<const D: usize>(
    file: &TensorReader,
    prefix: &str,
    name: &ParameterName,
    mut shape: [usize; D],
) -> Option<Tensor<D>> {
    let full = format!("{prefix}.{}", name.full());
    file.names().find(|known| *known == full)?;
    if name.is_transposed() {
        shape.reverse();
    }
    let values = file.floats(&full, &shape).unwrap();
    let tensor = Tensor::from_data(TensorData::new(values, shape), &Device::flex());
    Some(if name.is_transposed() {
        tensor.transpose()
    } else {
        tensor
    })
}

struct Load<'a>(&'a TensorReader);

impl NamedMapper for Load<'_> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let value = stored(self.0, "start", name, param.dims()).unwrap();
        param.map(|_| value.autodiff().require_grad())
    }
}

struct Gradients<'a> {
    file: &'a TensorReader,
    step: usize,
    grads: GradientsParams,
}

impl NamedVisitor for Gradients<'_> {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        let prefix = format!("grad.{}", self.step);
        if let Some(grad) = stored(self.file, &prefix, name, param.dims()) {
            self.grads.register(param.id, grad);
        }
    }
}

/// The largest difference of each parameter from the reference, relative to its largest value.
struct Differences<'a> {
    file: &'a TensorReader,
    reference: &'a str,
    found: BTreeMap<String, f32>,
}

impl NamedVisitor for Differences<'_> {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        let want = stored(self.file, self.reference, name, param.dims()).unwrap();
        let largest = want.clone().abs().max().into_scalar::<f32>();
        let difference = (param.val().inner() - want).abs().max();
        let difference = difference.into_scalar::<f32>() / largest;
        self.found.insert(name.full(), difference);
    }
}

#[test]
fn ten_steps_are_those_of_transformers_trainer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/optimizers.safetensors");
    let file = TensorReader::open(path).unwrap();
    let layout = WeightLayout::default();
    for (reference, kind) in [
        ("adamw_torch", OptimizerKind::AdamW),
        ("sgd", OptimizerKind::Sgd),
        ("adafactor", OptimizerKind::Adafactor),
    ] {
        let args = TrainingArguments {
            weight_decay: 0.1,
            ..TrainingArguments::default()
        };
        let settings = OptimizerSettings {
            kind,
            ..OptimizerSettings::from(&args)
        };
        let device = Device::flex().autodiff();
        let (mut model, _) = ByName::new(&layout, Load(&file)).map(net(&device));
        let mut optimizer = Optimizer::with_layout(&settings, layout);
        for step in 0..STEPS {
            let gradients = Gradients {
                file: &file,
                step,
                grads: GradientsParams::new(),
            };
            let grads = ByName::new(&layout, gradients).visit(&model).grads;
            let rate = 1e-2 * (STEPS - step) as f64 / STEPS as f64;
            model = optimizer.step(rate, model, grads);
        }
        let differences = Differences {
            file: &file,
            reference,
            found: BTreeMap::new(),
        };
        let found = ByName::new(&layout, differences).visit(&model).found;
        eprintln!("{reference}: {found:?}");
        assert_eq!(found.len(), 7);
        for (name, difference) in found {
            assert!(difference < 1e-6, "{reference}: {name}: {difference}");
        }
    }
}
