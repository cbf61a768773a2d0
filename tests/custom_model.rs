//! What is written over the traits works with the example of a model of one's own.

#[allow(dead_code)]
#[path = "../examples/custom_model.rs"]
mod custom_model;

use captioner::Captioner;
use captioner::burn::tensor::{Device, Int, Tensor, TensorData};
use captioner::image::{Source, rgb_from_raw};
use captioner::model::{
    CaptionModel, GenerationConfig, ModelSpec, PixelValues, Pretrained, Processor, Tokens,
    model_type,
};
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use custom_model::{PatchCaptioner, PatchConfig};

fn config() -> PatchConfig {
    let spec = ModelSpec {
        vocab_size: 30,
        max_positions: 40,
        max_frames: 1,
        start_token_id: 1,
        eos_token_ids: vec![2],
        pad_token_id: 0,
    };
    PatchConfig { width: 16, spec }
}

fn model() -> PatchCaptioner {
    PatchCaptioner::with_fresh_weights(config(), 3, &Device::flex()).unwrap()
}

/// Pictures that differ.
fn pixels(pictures: usize) -> PixelValues {
    let values = (0..pictures * 3 * 96 * 96).map(|at| (at / 1000 % 97) as f32 / 48.0 - 1.0);
    PixelValues::new(values.collect(), &[pictures, 3, 96, 96]).unwrap()
}

fn ids(rows: &[&[i64]]) -> Tensor<2, Int> {
    let data = TensorData::new(rows.concat(), [rows.len(), rows[0].len()]);
    Tensor::from_data(data, &Device::flex())
}

#[test]
fn token_by_token_gives_what_all_at_once_gives_whatever_pads_are_before() {
    let model = model();
    let prefix = model.encode_pixels(&pixels(2)).unwrap();
    let rows = [[1, 5, 9, 4], [1, 7, 7, 3]];
    let all = ids(&[&rows[0], &rows[1]]);
    let whole = model.hidden(&prefix, Tokens::new(all)).unwrap();
    let mut cache = model.cache(&[1, 1], 5);
    let mut steps = vec![];
    for (at, pad) in [(0, true), (0, false), (1, false), (2, false), (3, false)] {
        let column = |row: usize| [if pad { 0 } else { rows[row][at] }];
        let next = ids(&[&column(0), &column(1)]);
        let hidden = model.extend(&prefix, next, &mut cache).unwrap();
        if !pad {
            steps.push(hidden);
        }
    }
    let difference = (Tensor::cat(steps, 1) - whole.clone()).abs().max();
    assert!(difference.into_scalar::<f32>() < 1e-6);
    // Another picture gives something else.
    let rows = whole.narrow(1, 0, 1); // both begin with the same token
    let apart = (rows.clone().narrow(0, 0, 1) - rows.narrow(0, 1, 1)).abs();
    assert!(apart.max().into_scalar::<f32>() > 1e-6);
}

#[test]
fn beams_and_prompts_of_several_lengths_are_what_they_are_alone() {
    let model = model();
    let (both, first) = (pixels(2), pixels(1));
    let prefix = model.encode_pixels(&both).unwrap();
    let settings = GenerationConfig {
        max_new_tokens: Some(6),
        num_beams: 3,
        ..GenerationConfig::default()
    };
    let prompts = [vec![1], vec![1, 5, 9], vec![1, 4], vec![1]];
    let together = model.generate(&prefix, &prompts, &settings).unwrap();
    assert_eq!(together.len(), 4);
    let alone = model.encode_pixels(&first).unwrap();
    for (prompt, generated) in prompts.iter().zip(&together).take(2) {
        let prompt = std::slice::from_ref(prompt);
        let single = model.generate(&alone, prompt, &settings).unwrap();
        assert_eq!(single[0].ids, generated.ids);
    }
}

#[test]
fn its_folder_says_what_it_is_and_holds_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = model();
    model.save_pretrained(folder.path()).unwrap();
    assert_eq!(model_type(folder.path()).unwrap(), "patch_captioner");
    let again = PatchCaptioner::from_pretrained(folder.path(), &Device::flex()).unwrap();
    assert_eq!(again.config().width, 16);
    assert_eq!(again.spec(), model.spec());
    let captions = |model: &PatchCaptioner| {
        let prefix = model.encode_pixels(&pixels(1)).unwrap();
        let settings = GenerationConfig::default();
        model.generate(&prefix, &[], &settings).unwrap()
    };
    assert_eq!(captions(&again)[0].ids, captions(&model)[0].ids);
}

#[test]
fn the_same_seed_draws_the_same_weights_and_a_wrong_width_is_refused() {
    let weight = |seed| {
        let model = PatchCaptioner::with_fresh_weights(config(), seed, &Device::flex()).unwrap();
        let prefix = model.encode_pixels(&pixels(1)).unwrap();
        prefix.sum().into_scalar::<f32>().to_bits()
    };
    assert_eq!(weight(1), weight(1));
    assert_ne!(weight(1), weight(2));
    let odd = PatchConfig {
        width: 18,
        ..config()
    };
    let refused = PatchCaptioner::with_fresh_weights(odd, 1, &Device::flex());
    assert!(refused.err().unwrap().to_string().contains("width is 18"));
}

#[test]
fn a_model_in_memory_captions_in_one_call_with_its_own_settings() {
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(["a cat on a mat"], &training).unwrap();
    let mut spec = ModelSpec::for_tokenizer(&tokenizer, 40);
    spec.start_token_id = 7; // not the tokenizer's
    let config = PatchConfig { width: 16, spec };
    let mut model = PatchCaptioner::with_fresh_weights(config, 3, &Device::flex()).unwrap();
    model.set_generation_config(GenerationConfig {
        max_new_tokens: Some(3),
        suppress_tokens: vec![tokenizer.sep_id()],
        ..GenerationConfig::default()
    });
    let captioner = Captioner::new(model, Processor::clip(96, tokenizer).unwrap()).unwrap();
    let white = rgb_from_raw(20, 30, vec![255; 1800]).unwrap();
    let captions = captioner.caption(&[Source::Rgb(&white)]).unwrap();
    assert_eq!((captions[0].ids.len(), captions[0].ids[0]), (4, 7));
}
