//! The model computes what transformers computes: vision output, logits, loss, gradients, and the
//! tokens of every decoding strategy.
//!
//! The fixtures are made by `tools/reference/git_fixtures.py`; `docs/parity.md` has the values.

mod fixture;

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use captioner_model::{
    CaptionBatch, CaptionModel, GenerationConfig, LossOptions, Pretrained, load_adapter,
    merge_adapter,
};

use fixture::{Fixture, NAMES, Tensors, relative_difference};

/// Largest difference of outputs, as a share of the largest value: what sums in another order
/// leave.
const OUTPUT: f32 = 2e-5;
const LOSS: f32 = 1e-6;
const GRADIENT: f32 = 1e-4;

fn device() -> Device {
    Device::flex()
}

#[test]
fn vision_output_is_the_references() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let model = fixture.model(&device());
        let frames = fixture.tensor::<4>("pixel_values", &device());
        let got = model.vision_features(frames).unwrap();
        let difference = relative_difference(got, fixture.values("vision"));
        eprintln!("{name}: vision {difference:.1e}");
        assert!(difference < OUTPUT, "{name}: {difference:e}");
    }
}

#[test]
fn positions_of_other_picture_sizes_are_interpolated_as_in_the_reference() {
    for name in NAMES.iter().filter(|name| **name != "video") {
        let fixture = Fixture::open(name);
        let model = fixture.model(&device());
        let pixels = fixture.tensor::<4>("other_pixel_values", &device());
        assert!(model.vision_features(pixels.clone()).is_err());
        let model = model.with_interpolate_pos_encoding(true);
        let got = model.vision_features(pixels).unwrap();
        let difference = relative_difference(got, fixture.values("other_vision"));
        eprintln!("{name}: interpolated {difference:.1e}");
        assert!(difference < OUTPUT, "{name}: {difference:e}");
    }
}

#[test]
fn logits_are_the_references() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let got = fixture.logits(&fixture.model(&device()));
        let difference = fixture::difference(&got, &fixture.values("logits"));
        eprintln!("{name}: logits {difference:.1e}");
        assert!(difference < OUTPUT, "{name}: {difference:e}");
    }
}

#[test]
fn an_adapter_that_peft_wrote_gives_pefts_logits_merged_or_not() {
    let fixture = Fixture::open("base-like");
    let folder = fixture.folder.with_file_name("adapter");
    let want = Tensors::open(&folder.join("expected.safetensors")).values("logits");
    let adapted = load_adapter(fixture.model(&device()), &folder).unwrap();
    for model in [adapted.clone(), merge_adapter(adapted)] {
        let difference = fixture::difference(&fixture.logits(&model), &want);
        eprintln!("adapter: logits {difference:.1e}");
        assert!(difference < OUTPUT, "{difference:e}");
    }
    let bare = difference_to_bare(&fixture, &want);
    assert!(
        bare > 0.01,
        "the adapter changes too little to show anything: {bare:e}"
    );
}

#[test]
fn an_adapter_in_pytorchs_file_is_that_in_safetensors() {
    let fixture = Fixture::open("base-like");
    let folder = fixture.folder.with_file_name("adapter");
    let old = tempfile::tempdir().unwrap();
    for file in ["adapter_config.json", "adapter_model.bin"] {
        std::fs::copy(folder.join(file), old.path().join(file)).unwrap();
    }
    let logits = |folder: &std::path::Path| {
        let adapted = load_adapter(fixture.model(&device()), folder).unwrap();
        fixture.logits(&adapted)
    };
    assert_eq!(logits(old.path()), logits(&folder));
}

/// How far the wanted logits are from those without the adapter.
fn difference_to_bare(fixture: &Fixture, want: &[f32]) -> f32 {
    fixture::difference(&fixture.values("logits"), want)
}

fn batch(fixture: &Fixture, in_loss: bool) -> CaptionBatch {
    let batch = CaptionBatch::new(fixture.pixels(), fixture::tokens(&fixture.unpadded()));
    batch.unwrap().with_pads_in_loss(in_loss)
}

#[test]
fn losses_with_and_without_pads_are_the_references() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let model = fixture.model(&device());
        for (in_loss, key) in [(false, "loss"), (true, "padded_loss")] {
            let batch = batch(&fixture, in_loss);
            let output = model.loss(&batch, &LossOptions::default()).unwrap();
            let got = output.loss.into_scalar::<f32>() / output.count as f32;
            let want = fixture.values(key)[0];
            let difference = (got - want).abs() / want;
            eprintln!("{name}: {key} {difference:.1e}");
            assert!(difference < LOSS, "{name}: {key} {got} is not {want}");
        }
    }
}

/// Puts each parameter's gradient in its place, so that saving names them.
struct Gradients(GradientsParams);

impl ModuleMapper for Gradients {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let grad = self.0.get::<D>(param.id);
        param.map(|value| match grad {
            Some(grad) => Tensor::from_data(grad.into_data(), &value.device()),
            None => value.zeros_like(),
        })
    }
}

/// Every gradient by name, and the global norm of all.
fn gradients(fixture: &Fixture, in_loss: bool) -> (Tensors, f32) {
    let model = fixture.model(&device().autodiff());
    let batch = batch(fixture, in_loss);
    let options = LossOptions {
        divisor: batch.target_count() as f64,
        ..LossOptions::default()
    };
    let (_, grads) = model.gradients(&batch, &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let named = model.map(&mut Gradients(grads));
    named.save_pretrained(folder.path()).unwrap();
    let got = Tensors::open(&folder.path().join("model.safetensors"));
    let names = got.names();
    let squares = names.iter().flat_map(|name| got.values(name));
    let sum: f64 = squares
        .map(|value| f64::from(value) * f64::from(value))
        .sum();
    (got, sum.sqrt() as f32)
}

/// Checks every gradient; `got` and `want` name parameters alike but for `grad.`.
fn compare_gradients(name: &str, got: &Tensors, want: impl Fn(&str) -> Vec<f32>) {
    let mut worst = (0.0f32, String::new());
    for parameter in got.names() {
        let (got, want) = (got.values(&parameter), want(&format!("grad.{parameter}")));
        // A key's bias adds the same to all scores of a row, which softmax takes out again:
        // its gradient is zero, and what is left is rounding, in both programs.
        if fixture::is_key_bias(&parameter) {
            assert!(got.iter().chain(&want).all(|value| value.abs() < 1e-6));
            continue;
        }
        let difference = fixture::difference(&got, &want);
        if difference > worst.0 {
            worst = (difference, parameter);
        }
    }
    eprintln!("{name}: worst gradient {:.1e} ({})", worst.0, worst.1);
    assert!(worst.0 < GRADIENT, "{name}: {worst:?}");
}

#[test]
fn the_gradient_of_every_parameter_is_the_references() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let (got, _) = gradients(&fixture, false);
        compare_gradients(name, &got, |parameter| fixture.values(parameter));
    }
}

#[test]
fn gradients_with_pads_in_the_loss_are_the_references_and_none_reaches_the_pads_vector() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let want = Tensors::open(&fixture.folder.join("padded.safetensors"));
        let (got, norm) = gradients(&fixture, true);
        compare_gradients(&format!("{name}, padded"), &got, |parameter| {
            want.values(parameter)
        });
        let words = "git.embeddings.word_embeddings.weight";
        let width = got.shape(words)[1];
        assert!(got.values(words)[..width].iter().all(|value| *value == 0.0));
        let want = want.values("grad_norm")[0];
        let apart = (norm - want).abs() / want;
        eprintln!("{name}: norm {norm}, {apart:.1e} apart");
        assert!(apart < GRADIENT, "{name}: {norm} is not {want}");
    }
}

#[test]
fn every_decoding_strategy_gives_the_references_tokens() {
    for name in NAMES {
        let fixture = Fixture::open(name);
        let model = fixture.model(&device());
        let prefix = model.encode_pixels(&fixture.pixels()).unwrap();
        for case in fixture.generated() {
            let config: GenerationConfig = serde_json::from_value(case.settings).unwrap();
            let config = match config.max_new_tokens {
                None => GenerationConfig {
                    max_length: Some(14),
                    ..config
                },
                Some(_) => config,
            };
            let prompts = case.prompts.unwrap_or_default();
            let texts = model.generate(&prefix, &prompts, &config).unwrap();
            let ids: Vec<_> = texts.iter().map(|text| text.ids.clone()).collect();
            assert_eq!(ids, case.ids, "{name}: {}", case.name);
            for (text, want) in texts.iter().zip(case.scores.into_iter().flatten()) {
                let got = text.score.unwrap();
                let close = (got - want).abs() < 1e-4 * want.abs().max(1.0);
                assert!(close, "{name}: {}: score {got} is not {want}", case.name);
            }
        }
    }
}

#[test]
fn a_batch_of_prompts_of_different_lengths_gives_what_each_gives_alone() {
    let fixture = Fixture::open("base-like");
    let model = fixture.model(&device());
    let prefix = model.encode_pixels(&fixture.pixels()).unwrap();
    let prompts = [
        vec![1, 7, 9],
        vec![1],
        vec![1, 30, 12, 5, 8],
        vec![1, 4],
        vec![1, 11],
        vec![1, 2, 3],
    ];
    for num_beams in [1, 3] {
        let config = GenerationConfig {
            max_new_tokens: Some(8),
            num_beams,
            ..GenerationConfig::default()
        };
        let together = model.generate(&prefix, &prompts, &config).unwrap();
        assert_eq!(together.len(), prompts.len());
        for (index, prompt) in prompts.iter().enumerate() {
            // Two prompts a picture: all three pictures get this one.
            let alone = vec![prompt.clone(); 3];
            let alone = model.generate(&prefix, &alone, &config).unwrap();
            let alone = &alone[index / 2].ids;
            assert_eq!(
                &together[index].ids, alone,
                "prompt {index}, {num_beams} beams"
            );
        }
    }
}

#[test]
fn streamed_tokens_are_the_texts() {
    let fixture = Fixture::open("ends-apart");
    let model = fixture.model(&device());
    let prefix = model.encode_pixels(&fixture.pixels()).unwrap();
    let config = GenerationConfig {
        do_sample: true,
        num_return_sequences: 2,
        seed: 3,
        output_scores: true,
        ..GenerationConfig::default()
    };
    let mut streamed = vec![vec![1]; 6];
    let mut ended = Vec::new();
    let texts = model
        .generate_streaming(&prefix, &[], &config, &mut |token| {
            streamed[token.sequence].push(token.id);
            if token.finished {
                ended.push(token.sequence);
            }
        })
        .unwrap();
    let ids: Vec<_> = texts.iter().map(|text| text.ids.clone()).collect();
    assert_eq!(streamed, ids);
    ended.sort_unstable();
    assert_eq!(ended, [0, 1, 2, 3, 4, 5]);
    for text in &texts {
        assert_eq!(text.token_log_probs.len(), text.ids.len() - 1);
        assert!(text.token_log_probs.iter().all(|p| *p <= 0.0));
    }
    let again = model.generate(&prefix, &[], &config).unwrap();
    assert_eq!(again, texts);
    let beams = GenerationConfig {
        num_beams: 2,
        ..GenerationConfig::default()
    };
    let refused = model.generate_streaming(&prefix, &[], &beams, &mut |_| {});
    assert!(refused.is_err());
}

#[test]
#[ignore = "needs CAPTIONER_GIT_BASE, the 700 MB folder that tools/reference/git_base.py writes"]
fn full_size_git_base_computes_and_writes_what_transformers_does() {
    let folder = std::env::var_os("CAPTIONER_GIT_BASE").expect("CAPTIONER_GIT_BASE names a folder");
    let fixture = Fixture::open_folder(folder.into());
    let model = fixture.model(&device());
    let got = fixture.logits(&model);
    let difference = fixture::difference(&got, &fixture.values("logits"));
    eprintln!("git-base: logits {difference:.1e}");
    assert!(difference < OUTPUT, "{difference:e}");
    let config = GenerationConfig {
        max_new_tokens: Some(20),
        ..GenerationConfig::default()
    };
    let prefix = model.encode_pixels(&fixture.pixels()).unwrap();
    let texts = model.generate(&prefix, &[], &config).unwrap();
    let ids: Vec<_> = texts.into_iter().map(|text| text.ids).collect();
    assert_eq!(ids, fixture.sequences());
}
