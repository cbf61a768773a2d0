//! What an evaluation measures, shown on a model that has learnt its captions by heart.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use captioner_data::{InMemoryDataset, Picture};
use captioner_metrics::MetricSet;
use captioner_model::{
    CaptionModel, GenerationConfig, ModelError, ModelSpec, PixelValues, Processor, Rows, Tokens,
};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{EvaluationOptions, MetricSpelling, PreparedSet, evaluate};

/// Captions in every spelling that a tokenizer changes: case, accents, scripts, quotes, numbers,
/// punctuation.
const CAPTIONS: [&str; 8] = [
    "A Drawing of a GREEN Cat",
    "Über dem Café: ein Täubchen!",
    "«Красный» кот, 3,5 кг",
    "日本語の猫 と 犬",
    "it's \"quoted\", isn't it? -- yes...",
    "U.S.A. 1,000.50 $ (50 %)",
    "  two   spaces\tand a tab ",
    "e\u{301}tude No. 5 / ½ cup",
];

/// Gives the caption that belongs to a picture's shade, token by token, whatever comes before.
#[derive(Module, Debug)]
struct ByHeart {
    #[module(skip)]
    captions: Vec<Vec<u32>>,
    #[module(skip)]
    vocab_size: usize,
}

#[derive(Clone, Debug)]
struct Position {
    rows: usize,
    length: usize,
}

impl Rows for Position {
    fn rows(&self) -> usize {
        self.rows
    }

    fn select(&mut self, rows: &[usize]) {
        self.rows = rows.len();
    }
}

impl ByHeart {
    /// `[R, T, 2]`: which caption, and the position in it.
    fn places(
        &self,
        prefix: &Tensor<3>,
        rows: usize,
        positions: std::ops::Range<usize>,
    ) -> Tensor<3> {
        let captions: Vec<f32> = prefix.clone().into_data().iter().collect();
        let each = rows / captions.len();
        let length = positions.len();
        let row = |row: usize| {
            let caption = captions[row / each];
            positions
                .clone()
                .flat_map(move |position| [caption, position as f32])
        };
        let values: Vec<f32> = (0..rows).flat_map(row).collect();
        Tensor::from_data(TensorData::new(values, [rows, length, 2]), &prefix.device())
    }
}

impl CaptionModel for ByHeart {
    type Prefix = Tensor<3>;
    type Cache = Position;

    fn spec(&self) -> ModelSpec {
        ModelSpec {
            vocab_size: self.vocab_size,
            max_positions: 64,
            max_frames: 1,
            start_token_id: self.captions[0][0],
            eos_token_ids: vec![self.captions[0][self.captions[0].len() - 1]],
            pad_token_id: 0,
        }
    }

    fn device(&self) -> Device {
        Device::flex()
    }

    fn encode(&self, pixels: &PixelValues) -> Result<Tensor<3>, ModelError> {
        let each = pixels.values().len() / pixels.count();
        // The blue channel's normalisation, undone: the shade is 20 times the caption's number.
        let shade = |values: &[f32]| (values[each - 1] * 0.275_777_1 + 0.408_210_73) * 255.0;
        let numbers = pixels
            .values()
            .chunks(each)
            .map(|v| (shade(v) / 20.0).round());
        let data = TensorData::new(numbers.collect::<Vec<f32>>(), [pixels.count(), 1, 1]);
        Ok(Tensor::from_data(data, &self.device()))
    }

    fn prefix(&self, features: Tensor<3>) -> Result<Tensor<3>, ModelError> {
        Ok(features)
    }

    fn cache(&self, pads: &[usize], _capacity: usize) -> Position {
        Position {
            rows: pads.len(),
            length: 0,
        }
    }

    fn hidden(&self, prefix: &Tensor<3>, tokens: Tokens) -> Result<Tensor<3>, ModelError> {
        let [rows, length] = tokens.dims();
        Ok(self.places(prefix, rows, 0..length))
    }

    fn extend(
        &self,
        prefix: &Tensor<3>,
        ids: Tensor<2, Int>,
        cache: &mut Position,
    ) -> Result<Tensor<3>, ModelError> {
        let [rows, length] = ids.dims();
        let start = cache.length;
        cache.length += length;
        Ok(self.places(prefix, rows, start..start + length))
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        let [rows, _] = hidden.dims();
        let places: Vec<f32> = hidden.into_data().iter().collect();
        let mut logits = vec![0.0f32; rows * self.vocab_size];
        for (place, logits) in places.chunks(2).zip(logits.chunks_mut(self.vocab_size)) {
            let caption = &self.captions[place[0] as usize];
            let next = caption.get(place[1] as usize + 1);
            logits[next.copied().unwrap_or(0) as usize] = 50.0;
        }
        Tensor::from_data(
            TensorData::new(logits, [rows, self.vocab_size]),
            &Device::flex(),
        )
    }
}

/// The set, and a model that has learnt `learnt` by heart.
fn given(learnt: [&str; 8]) -> (ByHeart, Arc<PreparedSet>) {
    let training = WordPieceTraining::default();
    let all = CAPTIONS.iter().chain(&learnt);
    let tokenizer = CaptionTokenizer::train_word_piece(all, &training).unwrap();
    let captions = learnt
        .iter()
        .map(|caption| tokenizer.encode(caption).unwrap());
    let model = ByHeart {
        captions: captions.collect(),
        vocab_size: tokenizer.vocab_size(),
    };
    let mut set = InMemoryDataset::new("by heart");
    for (number, caption) in CAPTIONS.iter().enumerate() {
        let picture = Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![20 * number as u8; 48],
        };
        set.push(picture, [*caption]);
    }
    let processor = Processor::clip(32, tokenizer).unwrap();
    (
        model,
        Arc::new(PreparedSet::new(Arc::new(set), processor, 64)),
    )
}

fn options(spelling: MetricSpelling) -> EvaluationOptions {
    EvaluationOptions {
        batch_size: 3,
        generation: Some(GenerationConfig {
            max_length: Some(64),
            ..GenerationConfig::default()
        }),
        metrics: MetricSet::from_names(["wer", "exact_match", "cider_d", "bleu_4"]).unwrap(),
        spelling,
        ..EvaluationOptions::default()
    }
}

#[test]
fn a_caption_learnt_by_heart_is_right_in_the_tokenizers_spelling() {
    let (model, set) = given(CAPTIONS);
    let evaluation = evaluate(&model, &set, &options(MetricSpelling::Tokenizer)).unwrap();
    let score = |name: &str| evaluation.score(name).unwrap();
    assert_eq!(score("generated_wer"), 0.0);
    assert_eq!(score("generated_exact_match"), 1.0);
    assert_eq!(score("wer"), 0.0);
    assert!((score("generated_bleu_4") - 1.0).abs() < 1e-6);
    assert!(score("loss") < 1e-6);
    // As they are in the set they are spelled otherwise; that is written too, and shown to people.
    assert!(evaluation.scores_in_other_spelling["generated_wer"] > 0.3);
    assert_eq!(evaluation.rows[0].references, [CAPTIONS[0]]);
    let generated = evaluation.rows[0].generated.as_deref();
    assert_eq!(generated, Some("a drawing of a green cat"));
    let raw = evaluate(&model, &set, &options(MetricSpelling::Raw)).unwrap();
    assert_eq!(
        raw.scores["generated_wer"],
        evaluation.scores_in_other_spelling["generated_wer"]
    );
    assert_eq!(raw.scores_in_other_spelling["generated_wer"], 0.0);
}

#[test]
fn a_wrong_caption_is_wrong_in_either_spelling() {
    let mut learnt = CAPTIONS;
    learnt[0] = "a drawing of a green dog";
    let (model, set) = given(learnt);
    for spelling in [MetricSpelling::Tokenizer, MetricSpelling::Raw] {
        let evaluation = evaluate(&model, &set, &options(spelling)).unwrap();
        let exact = evaluation.score("generated_exact_match").unwrap();
        assert!(exact <= 7.0 / 8.0, "{spelling}: {exact}");
        assert!(evaluation.score("generated_wer").unwrap() > 0.0);
    }
}

#[test]
fn several_captions_a_picture_are_scored_by_the_first() {
    let (model, set) = given(CAPTIONS);
    let mut options = options(MetricSpelling::Tokenizer);
    options.generation = Some(GenerationConfig {
        max_length: Some(64),
        num_beams: 2,
        num_return_sequences: 2,
        ..GenerationConfig::default()
    });
    let evaluation = evaluate(&model, &set, &options).unwrap();
    assert_eq!(evaluation.rows.len(), 8);
    assert_eq!(evaluation.score("generated_exact_match"), Some(1.0));
}

#[test]
fn references_with_unknown_tokens_are_counted() {
    let (model, set) = given(CAPTIONS);
    let evaluation = evaluate(&model, &set, &options(MetricSpelling::Tokenizer)).unwrap();
    assert_eq!(evaluation.references_with_unknown_tokens, 0);
    let mut foreign = InMemoryDataset::new("foreign");
    for caption in ["a drawing of a 🐈", "a drawing"] {
        let picture = Picture::Rgb8 {
            width: 1,
            height: 1,
            pixels: vec![0; 3],
        };
        foreign.push(picture, [caption]);
    }
    let foreign = PreparedSet::new(Arc::new(foreign), set.processor().clone(), 64);
    let evaluation = evaluate(
        &model,
        &Arc::new(foreign),
        &options(MetricSpelling::Tokenizer),
    );
    assert_eq!(evaluation.unwrap().references_with_unknown_tokens, 1);
}
