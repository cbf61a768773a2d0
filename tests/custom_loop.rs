//! The example of a loop of one's own takes the trainer's steps.

#[allow(dead_code)]
#[path = "../examples/custom_loop.rs"]
mod custom_loop;

use std::sync::Arc;

use captioner::burn::module::{Module, ModuleVisitor, Param};
use captioner::burn::tensor::{Device, Tensor};
use captioner::creatures::Creatures;
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::model::{ModelSpec, Processor};
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{Augmentation, PreparedSet, Trainer, TrainingArguments};

/// All weights.
#[derive(Default)]
struct Weights(Vec<f32>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().iter::<f32>());
    }
}

fn weights(model: &GitForCausalLm) -> Vec<f32> {
    let mut weights = Weights::default();
    model.visit(&mut weights);
    weights.0
}

#[test]
fn own_steps_are_the_trainers_to_the_bit() {
    let set = Arc::new(Creatures::with_rows(21, 5));
    let words = ["a drawing of a creature with wings and a smile on a pink background"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(words, &training).unwrap();
    let spec = ModelSpec::for_tokenizer(&tokenizer, 64);
    let processor = Processor::clip(32, tokenizer).unwrap();
    let prepared = PreparedSet::new(set, processor, 64);
    let prepared = Arc::new(prepared.with_augmentation(Some(Augmentation::default())));

    let folder = tempfile::tempdir().unwrap();
    let arguments = TrainingArguments {
        output_dir: folder.path().join("run"),
        num_train_epochs: 2.0,
        per_device_train_batch_size: 4,
        gradient_accumulation_steps: 4, // the last step of an epoch has fewer
        learning_rate: 2e-3,
        warmup_steps: 0.3.into(),
        weight_decay: 0.1,
        ..TrainingArguments::default()
    };
    let mut config = GitConfig::small_for(&spec);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    let device = Device::flex().autodiff();
    let fresh = || GitForCausalLm::new(config.clone(), 1, &device).unwrap();

    let own = custom_loop::train_model(fresh(), &prepared, &arguments).unwrap();
    let mut trainer = Trainer::new(arguments, prepared, None).unwrap();
    assert_eq!(trainer.total_steps(), 4);
    let trained = trainer.train(fresh()).unwrap().model;
    let (own, trained) = (weights(&own), weights(&trained));
    assert_ne!(own, weights(&fresh()));
    assert!(
        own.iter()
            .zip(&trained)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}
