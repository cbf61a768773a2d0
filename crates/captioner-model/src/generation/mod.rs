//! Decoding strategies: captions, token by token.
//!
//! Pictures are read once ([`CaptionModel::encode_pixels`]); all sequences of a picture, be they
//! beams, samples or prompts, share what was read. Each step computes one row a sequence. A
//! sequence that is finished leaves the batch, and so does a picture whose sequences are all
//! finished.

mod beams;
mod config;
mod logits_processors;
mod rows;
mod sampling;
mod search;
mod sequence;
mod single;

pub use config::{EarlyStopping, GENERATION_FILE, GenerationConfig};
pub use sequence::{Generated, StreamedToken};

use crate::error::{ModelError, PromptError, SettingError};
use crate::model::CaptionModel;
use crate::prefix::Rows;
use crate::spec::ModelSpec;
use beams::Beams;
use rows::DecoderRows;
use search::{Search, run};
use sequence::Sequence;
use single::Single;

/// What [`CaptionModel::generate`] does.
pub(crate) fn generate<M: CaptionModel>(
    model: &M,
    prefix: &M::Prefix,
    prompts: &[Vec<u32>],
    config: &GenerationConfig,
    on_token: &mut dyn FnMut(StreamedToken),
) -> Result<Vec<Generated>, ModelError> {
    let spec = model.spec();
    config.validate(&spec)?;
    let start;
    let prompts = if prompts.is_empty() {
        let bos = config.bos_token_id.unwrap_or(spec.start_token_id);
        start = vec![vec![bos]; prefix.rows()];
        &start
    } else {
        prompts
    };
    let eos = match &config.eos_token_id {
        Some(eos) => &eos.0,
        None => &spec.eos_token_ids,
    };
    let sequences: Result<Vec<Sequence>, ModelError> = prompts
        .iter()
        .map(|prompt| sequence(prompt, eos, config, &spec))
        .collect();
    let sequences = sequences?;
    let new = sequences.iter().map(|s| s.max_length - s.prompt).max();
    let (rows, logits) = DecoderRows::prefill(model, prefix, prompts, new.unwrap_or(0))?;
    let start = Start {
        rows,
        logits,
        per_picture: prompts.len() / prefix.rows().max(1),
    };
    let sequences = sequences.into_iter().enumerate();
    if config.num_beams > 1 {
        let beams = sequences.map(|(prompt, sequence)| Beams::new(config, prompt, sequence));
        return start.run(beams.collect(), config.num_beams, 1, &mut |_, _| {});
    }
    let copies = config.num_return_sequences;
    let singles = sequences.flat_map(|(prompt, sequence)| {
        (0..copies).map(move |copy| {
            let stream = prompt * copies + copy;
            let random = || sampling::random(config.seed, stream);
            let random = config.do_sample.then(random);
            Single::new(config, prompt, sequence.clone(), random)
        })
    });
    start.run(singles.collect(), 1, copies, &mut |sequence, search| {
        if let Some(id) = search.newest() {
            let finished = search.is_finished();
            on_token(StreamedToken {
                sequence,
                id,
                finished,
            });
        }
    })
}

/// Checks that tokens are known before the sequence's end.
pub(crate) fn check_streaming(config: &GenerationConfig) -> Result<(), ModelError> {
    let help = "tokens can be streamed only with 1";
    let beams = config.num_beams;
    Ok(SettingError::check("num_beams", beams, beams < 2, help)?)
}

/// Prompts that were read, one row each.
struct Start<'m, M: CaptionModel> {
    rows: DecoderRows<'m, M>,
    logits: Vec<f32>,
    per_picture: usize,
}

impl<M: CaptionModel> Start<'_, M> {
    /// Makes `copies` searches of each prompt, `width` rows wide, from its one row, and runs
    /// them.
    fn run<S: Search>(
        mut self,
        searches: Vec<S>,
        width: usize,
        copies: usize,
        on_advance: &mut dyn FnMut(usize, &S),
    ) -> Result<Vec<Generated>, ModelError> {
        let each = width * copies;
        if each == 1 {
            return run(
                self.rows,
                searches,
                self.per_picture,
                self.logits,
                on_advance,
            );
        }
        let prompts = searches.len() / copies;
        let vocab = self.logits.len() / prompts.max(1);
        let rows: Vec<usize> = (0..prompts * each).map(|row| row / each).collect();
        self.rows.rearrange(&rows, None);
        let logits: Vec<f32> = rows
            .iter()
            .flat_map(|&prompt| &self.logits[prompt * vocab..(prompt + 1) * vocab])
            .copied()
            .collect();
        let per_picture = self.per_picture * copies;
        run(self.rows, searches, per_picture, logits, on_advance)
    }
}

/// Checks a prompt and finds the bounds of the sequence that continues it.
fn sequence<'a>(
    prompt: &[u32],
    eos: &'a [u32],
    config: &GenerationConfig,
    spec: &ModelSpec,
) -> Result<Sequence<'a>, ModelError> {
    if prompt.is_empty() {
        return Err(PromptError::Empty.into());
    }
    let vocab_size = spec.vocab_size;
    if let Some(&id) = prompt.iter().find(|id| **id as usize >= vocab_size) {
        return Err(PromptError::Token { id, vocab_size }.into());
    }
    let length = prompt.len();
    let max_length = config.max_length_after(length, spec);
    let limit = spec.max_positions;
    if max_length > limit || length >= limit {
        let length = max_length.max(length + 1);
        return Err(ModelError::TooLong { length, limit });
    }
    if length >= max_length {
        return Err(PromptError::Full { length, max_length }.into());
    }
    let min_length = config.min_length_after(length);
    let help = "it must not be above the greatest length: lower it or raise that";
    SettingError::check("min_length", min_length, min_length <= max_length, help)?;
    Ok(Sequence {
        ids: prompt.to_vec(),
        prompt: length,
        min_length,
        max_length,
        eos,
    })
}
