//! Optimizer state and averaged weights, saved and loaded in the middle of a run.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{
    ByName, LoraConfig, NamePattern, NamedVisitor, ParameterName, Pretrained, TensorReader,
    TensorWriter, WeightsError, add_lora, freeze,
};
use captioner_train::{
    Ema, Optimizer, OptimizerKind, OptimizerSettings, StateError, TrainingArguments,
};

const KINDS: [OptimizerKind; 3] = [
    OptimizerKind::AdamW,
    OptimizerKind::Sgd,
    OptimizerKind::Adafactor,
];

fn settings(kind: OptimizerKind) -> OptimizerSettings {
    let args = TrainingArguments {
        weight_decay: 0.1,
        ..TrainingArguments::default()
    };
    OptimizerSettings {
        kind,
        ..OptimizerSettings::from(&args)
    }
}

/// Norms, biases, four axes, two halves; and what is trained of it.
fn models() -> [(&'static str, GitForCausalLm); 3] {
    let device = Device::flex().autodiff();
    let config = GitConfig::small(30, 0, 2, 3);
    let whole = GitForCausalLm::with_fresh_weights(config, 1, &device).unwrap();
    let pattern = NamePattern::new("image_encoder").unwrap();
    let half = freeze(whole.clone(), &[pattern]).unwrap();
    let adapted = add_lora(whole.clone(), &LoraConfig::default(), 3).unwrap();
    [("whole", whole), ("half", half), ("adapted", adapted)]
}

/// Gradients that differ from value to value and from step to step.
struct Gradients {
    step: u64,
    grads: GradientsParams,
}

impl NamedVisitor for Gradients {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        // Of one parameter there is none at first: its steps are counted on their own.
        if !param.is_require_grad() || (name.full().ends_with("key.bias") && self.step < 2) {
            return;
        }
        let shape = param.dims();
        let seed = captioner_ops::mix_key(&[self.step, name.full().len() as u64]) | 1;
        let draw = |at: usize| {
            let bits = seed.wrapping_mul(2 * at as u64 + 1);
            (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let values: Vec<f32> = (0..shape.iter().product()).map(draw).collect();
        let data = TensorData::new(values, shape);
        let grad: Tensor<D> = Tensor::from_data(data, &Device::flex());
        self.grads.register(param.id, grad);
    }
}

fn step(optimizer: &mut Optimizer, model: GitForCausalLm, step: u64) -> GitForCausalLm {
    let gradients = Gradients {
        step,
        grads: GradientsParams::new(),
    };
    let grads = ByName::new(&GitForCausalLm::layout(), gradients);
    let grads = grads.visit(&model).grads;
    optimizer.step(0.01, model, grads)
}

/// Every parameter's name and bits.
#[derive(Default, PartialEq, Debug)]
struct Bits(Vec<(String, Vec<u32>)>);

impl NamedVisitor for Bits {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        let values = param.val().into_data().try_to_vec::<f32>().unwrap();
        let bits = values.into_iter().map(f32::to_bits).collect();
        self.0.push((name.full(), bits));
    }
}

fn bits(model: &GitForCausalLm) -> Vec<(String, Vec<u32>)> {
    let bits = ByName::new(&GitForCausalLm::layout(), Bits::default());
    bits.visit(model).0
}

#[test]
fn an_optimizer_that_is_saved_and_loaded_takes_the_same_steps_to_the_bit() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("optimizer.safetensors");
    for kind in KINDS {
        for (what, mut model) in models() {
            let mut optimizer = Optimizer::new(&settings(kind), &model);
            for at in 0..3 {
                model = step(&mut optimizer, model, at);
            }
            optimizer.save(&model, &file).unwrap();
            let mut loaded = Optimizer::new(&settings(kind), &model);
            loaded.load(&model, &file).unwrap();
            let mut again = model.clone();
            for at in 3..6 {
                model = step(&mut optimizer, model, at);
                again = step(&mut loaded, again, at);
            }
            assert_eq!(bits(&model), bits(&again), "{kind:?}, {what}");

            // What is saved then is the same file, and a fresh optimizer takes other steps.
            let (first, second) = (root.path().join("first"), root.path().join("second"));
            optimizer.save(&model, &first).unwrap();
            loaded.save(&again, &second).unwrap();
            let read = |file| std::fs::read(file).unwrap();
            assert!(read(first) == read(second), "{kind:?}, {what}");
            let mut fresh = Optimizer::new(&settings(kind), &model);
            let same =
                bits(&step(&mut fresh, model.clone(), 6)) == bits(&step(&mut optimizer, model, 6));
            assert_eq!(same, kind == OptimizerKind::Sgd, "{kind:?}, {what}");
        }
    }
}

#[test]
fn the_file_names_what_is_trained_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("optimizer.safetensors");
    for (what, model) in models() {
        let mut optimizer = Optimizer::new(&settings(OptimizerKind::AdamW), &model);
        let model = step(&mut optimizer, model, 0);
        optimizer.save(&model, &file).unwrap();
        let reader = TensorReader::open(&file).unwrap();
        let names: Vec<&str> = reader.names().collect();
        let key = "git.encoder.layer.0.attention.self.key.bias";
        let adapter = "git.encoder.layer.0.attention.self.query.lora.a";
        let has = |name: &str, ending: &str| names.contains(&format!("{name}.{ending}").as_str());
        assert_eq!(has(key, "step"), what != "adapted", "{what}: {names:?}");
        assert!(!has(key, "exp_avg"), "it took no step yet");
        for ending in ["step", "exp_avg", "exp_avg_sq"] {
            assert_eq!(has(adapter, ending), what == "adapted", "{names:?}");
        }
        if what != "adapted" {
            assert_eq!(reader.number(&format!("{key}.step")).unwrap(), 0);
            let query = "git.encoder.layer.0.attention.self.query.bias.step";
            assert_eq!(reader.number(query).unwrap(), 1);
        }
        let encoder = names.iter().any(|name| name.contains("image_encoder"));
        let encoder_trained = what == "whole" || what == "adapted";
        assert_eq!(encoder, encoder_trained, "{what}: {names:?}");
    }
}

#[test]
fn a_file_of_another_optimizer_or_model_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("optimizer.safetensors");
    let [(_, whole), (_, half), (_, adapted)] = models();
    let mut optimizer = Optimizer::new(&settings(OptimizerKind::AdamW), &whole);
    let stepped = step(&mut optimizer, whole.clone(), 0);
    optimizer.save(&stepped, &path).unwrap();
    let name = path.display().to_string();

    let mut other = Optimizer::new(&settings(OptimizerKind::Adafactor), &whole);
    let error = other.load(&whole, &path).unwrap_err();
    assert!(matches!(error, StateError::Content { .. }), "{error}");
    let message = error.to_string();
    for part in [&name, "the state of AdamW", "the state of Adafactor"] {
        assert!(message.contains(part), "{message}");
    }

    let error = optimizer.load(&half, &path).unwrap_err();
    assert!(matches!(error, StateError::Unexpected { .. }), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    let error = optimizer.load(&adapted, &path).unwrap_err();
    let StateError::Tensors(WeightsError::NoTensor { path: file, tensor }) = error else {
        panic!("{error}");
    };
    assert_eq!(file, path);
    assert!(tensor.ends_with(".lora.a.step"), "{tensor}");

    let config = GitConfig::small(31, 0, 2, 3);
    let device = Device::flex().autodiff();
    let wider = GitForCausalLm::with_fresh_weights(config, 1, &device).unwrap();
    let error = optimizer.load(&wider, &path).unwrap_err();
    let shape = matches!(error, StateError::Tensors(WeightsError::OtherTensor { .. }));
    assert!(shape, "{error}");
    let message = error.to_string();
    assert!(
        message.contains(&name) && message.contains("exp_avg"),
        "{message}"
    );

    // After all of that its state is what it was.
    let after = step(&mut optimizer, stepped.clone(), 1);
    let mut loaded = Optimizer::new(&settings(OptimizerKind::AdamW), &whole);
    loaded.load(&stepped, &path).unwrap();
    assert_eq!(bits(&after), bits(&step(&mut loaded, stepped, 1)));

    // Other types of numbers, a damaged file, none at all.
    let mut writer = TensorWriter::new("content", "the state of AdamW");
    writer.number("git.encoder.layer.0.attention.self.query.bias.exp_avg", 1);
    writer.write(&path).unwrap();
    assert!(optimizer.load(&whole, &path).is_err());
    std::fs::write(&path, [1; 40]).unwrap();
    let error = optimizer.load(&whole, &path).unwrap_err().to_string();
    assert!(
        error.contains(&name) && error.contains("damaged"),
        "{error}"
    );
    std::fs::remove_file(&path).unwrap();
    let error = optimizer.load(&whole, &path).unwrap_err().to_string();
    assert!(error.contains(&name), "{error}");
}

#[test]
fn a_run_that_ends_before_its_first_step_is_saved_as_well() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("optimizer.safetensors");
    let [(_, model), ..] = models();
    for kind in KINDS {
        let mut optimizer = Optimizer::new(&settings(kind), &model);
        optimizer.save(&model, &file).unwrap();
        let mut loaded = Optimizer::new(&settings(kind), &model);
        loaded.load(&model, &file).unwrap();
        let want = bits(&step(&mut optimizer, model.clone(), 0));
        assert_eq!(want, bits(&step(&mut loaded, model.clone(), 0)), "{kind:?}");
    }
}

/// `average + (1 - decay) · (weight - average)` in single precision, parameter by parameter.
fn averaged(average: &mut [(String, Vec<u32>)], weights: &[(String, Vec<u32>)], decay: f64) {
    let share = (1.0 - decay) as f32;
    for ((_, average), (_, weights)) in average.iter_mut().zip(weights) {
        for (average, weight) in average.iter_mut().zip(weights) {
            let (old, weight) = (f32::from_bits(*average), f32::from_bits(*weight));
            *average = (old + share * (weight - old)).to_bits();
        }
    }
}

#[test]
fn averages_are_those_of_the_formula_to_the_bit_also_after_loading() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("ema.safetensors");
    let decay = 0.9;
    for (what, mut model) in models() {
        let mut optimizer = Optimizer::new(&settings(OptimizerKind::AdamW), &model);
        let mut ema = Ema::new(&model, decay).unwrap();
        let start = bits(&model);
        let mut want = start.clone();
        for at in 0..4 {
            if at == 2 {
                ema.save(&model, &file).unwrap();
                ema = Ema::new(&model, decay).unwrap();
                ema.load(&model, &file).unwrap();
            }
            model = step(&mut optimizer, model, at);
            ema.update(&model);
            averaged(&mut want, &bits(&model), decay);
        }
        let applied = ema.apply(model.clone());
        assert_eq!(bits(&applied), want, "{what}");
        assert_ne!(want, start);
        assert_eq!(bits(&ema.apply(model.valid())), want, "{what}");

        // The average itself stays when the model that shares its memory is trained on.
        let on = step(&mut optimizer, applied.clone(), 9);
        ema.update(&on);
        assert_eq!(bits(&applied), want, "{what}");
        let trained = |model: &GitForCausalLm| {
            let all = ByName::new(&GitForCausalLm::layout(), Trained::default());
            all.visit(model).0
        };
        assert_eq!(trained(&applied), trained(&model), "{what}");
    }
}

/// Ids of the parameters, and whether they are trained.
#[derive(Default)]
struct Trained(Vec<(u64, bool)>);

impl NamedVisitor for Trained {
    fn visit<const D: usize>(&mut self, _name: &ParameterName, param: &Param<Tensor<D>>) {
        self.0.push((param.id.val(), param.is_require_grad()));
    }
}

#[test]
fn averages_of_another_model_and_decays_out_of_range_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("ema.safetensors");
    let [(_, whole), (_, half), _] = models();
    for decay in [-0.1, 1.5, f64::NAN] {
        let error = Ema::new(&whole, decay).unwrap_err().to_string();
        assert!(error.starts_with(&format!("decay is {decay}")), "{error}");
    }
    let mut ema = Ema::new(&half, 0.5).unwrap();
    ema.save(&half, &file).unwrap();
    let error = ema.load(&whole, &file).unwrap_err();
    let missing = matches!(error, StateError::Tensors(WeightsError::NoTensor { .. }));
    assert!(missing, "{error}");
    let mut optimizer = Optimizer::new(&settings(OptimizerKind::AdamW), &half);
    let error = optimizer.load(&half, &file).unwrap_err();
    assert!(matches!(error, StateError::Content { .. }), "{error}");
}
