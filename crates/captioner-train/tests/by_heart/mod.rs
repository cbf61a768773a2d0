//! A model that gives learnt captions, and the set they are of.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use captioner_data::{InMemoryDataset, Picture};
use captioner_model::{CaptionModel, ModelError, ModelSpec, PixelValues, Processor, Rows, Tokens};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::PreparedSet;

/// Captions in every spelling that a tokenizer changes: case, accents, scripts, quotes, numbers,
/// punctuation.
pub(crate) const CAPTIONS: [&str; 8] = [
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
pub(crate) struct ByHeart {
    #[module(skip)]
    captions: Vec<Vec<u32>>,
    #[module(skip)]
    vocab_size: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Position {
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
pub(crate) fn given(learnt: [&str; 8]) -> (ByHeart, Arc<PreparedSet>) {
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
