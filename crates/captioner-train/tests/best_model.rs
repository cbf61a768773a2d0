//! The best model: the best of the saved ones, by any metric, with its adapter, freezing and
//! settings.

use std::sync::Arc;

use burn::tensor::Device;
use captioner_data::{InMemoryDataset, Picture};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_metrics::{
    Metric, MetricError, RowStatistics, check_rows as check_metric_rows, same_metric,
};
use captioner_model::{
    LoraConfig, NamePattern, Pretrained, Processor, add_lora, freeze, has_adapter, load_adapter,
    remove_adapter,
};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{IntervalStrategy, PreparedSet, Trainer, TrainingArguments};

fn processor() -> Processor {
    let captions = ["a dark square", "a light square"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    Processor::clip(32, tokenizer).unwrap()
}

fn set() -> Arc<PreparedSet> {
    let mut set = InMemoryDataset::new("squares");
    for grey in 0..12 {
        let picture = Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![20 * grey; 48],
        };
        let caption = if grey < 6 {
            "a dark square"
        } else {
            "a light square"
        };
        set.push(picture, [caption]);
    }
    Arc::new(PreparedSet::new(Arc::new(set), processor(), 16))
}

fn model() -> GitForCausalLm {
    let processor = processor();
    let tokenizer = &processor.tokenizer;
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let mut config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

fn arguments(folder: &tempfile::TempDir) -> TrainingArguments {
    TrainingArguments {
        output_dir: folder.path().join("run"),
        max_steps: Some(12),
        per_device_train_batch_size: 4,
        learning_rate: 1e-3,
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(2.into()),
        save_steps: 4.into(),
        load_best_model_at_end: true,
        ..TrainingArguments::default()
    }
}

#[test]
fn the_best_is_the_best_of_the_saved_ones_and_keeps_what_was_frozen() {
    let folder = tempfile::tempdir().unwrap();
    // Such a rate that the loss is not the lowest at the end.
    let arguments = TrainingArguments {
        learning_rate: 0.05,
        ..arguments(&folder)
    };
    let mut trainer = Trainer::new(arguments, set(), Some(set())).unwrap();
    let frozen = freeze(model(), &[NamePattern::new("image_encoder").unwrap()]).unwrap();
    let output = trainer.train(frozen).unwrap();
    let losses = output.state.curve("eval_loss");
    let saved = losses.iter().filter(|(step, _)| step % 4.0 == 0.0);
    let best = saved.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    let checkpoint = output.state.best_model_checkpoint.clone().unwrap();
    assert!(checkpoint.ends_with(format!("checkpoint-{}", best.0)));
    assert!(checkpoint.is_dir());
    let loss = trainer.evaluate(&output.model).unwrap().score("loss");
    assert_eq!(loss, Some(best.1));
    use captioner_model::CaptionModel;
    assert!(output.model.encoder_is_frozen());
}

#[test]
fn an_adapter_is_there_at_the_end_and_is_the_best_steps() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(arguments(&folder), set(), Some(set())).unwrap();
    let base = model();
    let adapted = add_lora(base.clone(), &LoraConfig::default(), 1).unwrap();
    let output = trainer.train(adapted).unwrap();
    assert!(has_adapter(&output.model));
    let loss = trainer.evaluate(&output.model).unwrap().score("loss");
    assert_eq!(loss, output.state.best_metric);
    // The checkpoint is the adapter alone, and names the model that it belongs to.
    let checkpoint = output.state.best_model_checkpoint.unwrap();
    let saved = GitForCausalLm::from_pretrained(trainer.base_model(), &Device::flex()).unwrap();
    let loaded = load_adapter(saved, &checkpoint).unwrap();
    let again = trainer.evaluate(&loaded).unwrap().score("loss").unwrap();
    assert!((again - loss.unwrap()).abs() < 1e-6 * again);
    let bare = trainer.evaluate(&remove_adapter(output.model)).unwrap();
    let before = trainer.evaluate(&base).unwrap();
    assert_eq!(bare.score("loss"), before.score("loss"));
}

/// How many words captions have that are no article, negated: more of it is better.
#[derive(Clone, Default)]
struct Brevity {
    rows: Vec<f64>,
}

impl Metric for Brevity {
    fn name(&self) -> &str {
        "brevity"
    }

    fn value_names(&self) -> Vec<String> {
        vec!["brevity".to_owned()]
    }

    fn greater_is_better(&self, _value: &str) -> Option<bool> {
        Some(true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Self::default())
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        check_metric_rows(predictions, references)?;
        let words = predictions
            .iter()
            .map(|caption| -(caption.split(' ').count() as f64));
        self.rows.extend(words);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        self.rows.extend(same_metric(self, other)?.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        Ok(RowStatistics::means(["brevity"], self.rows.clone()))
    }
}

#[test]
fn a_metric_of_ones_own_of_which_more_is_better_chooses_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = TrainingArguments {
        metric_for_best_model: Some("generated_brevity".into()),
        predict_with_generate: true,
        eval_steps: Some(4.into()),
        ..arguments(&folder)
    };
    let trainer = Trainer::new(arguments, set(), Some(set())).unwrap();
    let mut trainer = trainer.with_metric(Box::new(Brevity::default())).unwrap();
    let output = trainer.train(model()).unwrap();
    let values = output.state.curve("eval_generated_brevity");
    assert_eq!(values.len(), 3);
    let best = values
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN, f64::max);
    assert_eq!(output.state.best_metric, Some(best));
    let unknown = TrainingArguments {
        output_dir: folder.path().join("other"),
        metric_for_best_model: Some("generated_length".into()),
        ..trainer.arguments().clone()
    };
    let mut trainer = Trainer::new(unknown, set(), Some(set())).unwrap();
    let message = trainer.train(model()).err().unwrap().to_string();
    assert!(message.contains("generated_length"), "{message}");
    assert!(!folder.path().join("other").exists());
}

#[test]
fn an_earlier_runs_checkpoints_stay_until_this_run_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let steps = || {
        let entries = std::fs::read_dir(folder.path().join("run")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names
            .filter(|name| name.starts_with("checkpoint-"))
            .collect();
        names.sort();
        names
    };
    let mut first = Trainer::new(arguments(&folder), set(), Some(set())).unwrap();
    first.train(model()).unwrap();
    drop(first); // it keeps other runs out of its folder
    assert_eq!(steps(), ["checkpoint-12", "checkpoint-4", "checkpoint-8"]);
    let refused = Trainer::<GitForCausalLm>::new(arguments(&folder), set(), Some(set()));
    assert!(refused.is_err());
    let again = TrainingArguments {
        overwrite_output_dir: true,
        max_steps: Some(6),
        ..arguments(&folder)
    };
    // A run whose weights become NaN removes nothing and saves nothing.
    let diverging = TrainingArguments {
        weight_decay: 1e30,
        learning_rate: 1e30,
        ..again.clone()
    };
    let mut trainer = Trainer::new(diverging, set(), Some(set())).unwrap();
    assert!(trainer.train(model()).is_err());
    assert_eq!(steps(), ["checkpoint-12", "checkpoint-4", "checkpoint-8"]);
    drop(trainer);
    let mut trainer = Trainer::new(again, set(), Some(set())).unwrap();
    trainer.train(model()).unwrap();
    assert_eq!(steps(), ["checkpoint-4", "checkpoint-6"]);
}
