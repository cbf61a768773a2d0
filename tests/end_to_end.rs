//! The whole way: draw a set, train a small model for a few steps, save it, load it, caption.

use std::sync::Arc;

use burn::module::Module;
use captioner::Captioner;
use captioner::creatures::Creatures;
use captioner::data::{CaptionDataset, Picture, Split, train_test_split};
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::model::{Processor, save_pretrained};
use captioner::ops::DeviceSpec;
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{PreparedSet, TrainOutput, Trainer, TrainingArguments, picture_source};

/// Smaller than the example's model: a few steps take seconds without optimisation.
fn config(tokenizer: &CaptionTokenizer) -> GitConfig {
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let mut config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
    config.vision_config.image_size = 48;
    config.vision_config.num_hidden_layers = 1;
    config.hidden_dropout_prob = 0.1;
    config
}

struct Outcome {
    losses: Vec<f64>,
    captions: Vec<String>,
    held_out: f64,
}

fn run(seed: u64) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let set: Arc<dyn CaptionDataset> = Arc::new(Creatures::with_rows(40, seed));
    let Split { train, test } = train_test_split(set, 0.1, seed).unwrap();
    let captions: Vec<String> = (0..train.len())
        .flat_map(|row| train.captions(row).unwrap().to_vec())
        .collect();
    let tokenizer =
        CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default()).unwrap();
    let device = "flex".parse::<DeviceSpec>().unwrap().open().unwrap();
    let model = GitForCausalLm::new(config(&tokenizer), seed, &device.autodiff()).unwrap();
    let processor = Processor::clip(48, tokenizer).unwrap();
    let prepare = |part| Arc::new(PreparedSet::new(Arc::new(part), processor.clone(), 64));
    let arguments = TrainingArguments {
        output_dir: folder.path().join("run"),
        max_steps: Some(12),
        learning_rate: 2e-3,
        logging_steps: 2.into(),
        save_steps: 6.into(),
        captions_per_image: 2,
        gradient_accumulation_steps: 2,
        seed,
        ..TrainingArguments::default()
    };
    let held_out = prepare(test.clone());
    let mut trainer = Trainer::new(arguments, prepare(train), Some(held_out)).unwrap();
    let TrainOutput { model, state, .. } = trainer.train(model).unwrap();
    let model = model.valid();
    let evaluation = trainer.evaluate(&model).unwrap();
    let saved = folder.path().join("model");
    save_pretrained(&model, &processor, &saved).unwrap();

    let captioner = Captioner::from_pretrained(&saved, "flex".parse().unwrap()).unwrap();
    let pictures: Vec<Picture> = (0..test.len())
        .map(|row| test.picture(row).unwrap())
        .collect();
    let sources: Vec<_> = pictures.iter().map(picture_source).collect();
    let captions = captioner.caption(&sources).unwrap();
    Outcome {
        losses: state
            .curve("loss")
            .into_iter()
            .map(|(_, loss)| loss)
            .collect(),
        captions: captions.into_iter().map(|caption| caption.text).collect(),
        held_out: evaluation.score("loss_per_token").unwrap(),
    }
}

#[test]
fn a_few_steps_learn_something_and_the_same_seed_gives_the_same_bits() {
    let first = run(7);
    let (begin, end) = (first.losses[0], *first.losses.last().unwrap());
    assert!(end < 0.7 * begin, "{begin} only fell to {end}");
    assert!(first.held_out < begin);
    assert_eq!(first.captions.len(), 4);
    assert!(
        first
            .captions
            .iter()
            .all(|caption| caption.starts_with('a'))
    );

    let again = run(7);
    let bits = |losses: &[f64]| losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&again.losses), bits(&first.losses));
    assert_eq!(again.captions, first.captions);
    assert_ne!(bits(&run(8).losses), bits(&first.losses));
}
