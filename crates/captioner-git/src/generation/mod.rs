//! Writing captions, token by token.
//!
//! Pictures are read once ([`ImagePrefix`]); all texts of a picture, be they beams, samples or
//! prompts, share what was read. Each step computes one row a text. A text that is finished leaves
//! the batch, and so does a picture whose texts are all finished.

mod beams;
mod config;
mod lanes;
mod sampling;
mod scores;
mod search;
mod single;
mod text;

pub use config::{EarlyStopping, GENERATION_FILE, GenerationConfig};
pub use text::{Generated, StreamedToken};

use crate::GitError;
use crate::config::GitConfig;
use crate::decoder::ImagePrefix;
use crate::model::GitForCausalLm;
use beams::Beams;
use lanes::Lanes;
use search::{Search, run};
use single::Single;
use text::Text;

impl GitForCausalLm {
    /// Writes captions of pictures that were read with
    /// [`encode_image`](Self::encode_image) or [`encode_frames`](Self::encode_frames).
    ///
    /// Without `prompts` each picture gets a caption. Otherwise each prompt is a text to go on
    /// from, such as the start token and a question; there are equally many for each picture, and
    /// those of a picture follow each other. Prompts may differ in length: each gives what it
    /// gives alone. The results come in the order of the prompts, `num_return_sequences` for each,
    /// best first.
    ///
    /// # Errors
    /// When a setting is out of range, a prompt is empty, unknown to the vocabulary or too long,
    /// the prompts don't fit the pictures, every token is forbidden, the model's output is no
    /// number, or the device fails.
    pub fn generate(
        &self,
        prefix: &ImagePrefix,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
    ) -> Result<Vec<Generated>, GitError> {
        self.write(prefix, prompts, config, &mut |_| {})
    }

    /// As [`generate`](Self::generate), and tells `on_token` each token as soon as it is written.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and with beam search, whose texts are not known before its
    /// end.
    pub fn generate_streaming(
        &self,
        prefix: &ImagePrefix,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
        on_token: &mut dyn FnMut(StreamedToken),
    ) -> Result<Vec<Generated>, GitError> {
        if config.num_beams > 1 {
            return Err(GitError::Setting {
                name: "num_beams".into(),
                value: config.num_beams.to_string(),
                mend: "tokens can be streamed only with 1",
            });
        }
        self.write(prefix, prompts, config, on_token)
    }

    fn write(
        &self,
        prefix: &ImagePrefix,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
        on_token: &mut dyn FnMut(StreamedToken),
    ) -> Result<Vec<Generated>, GitError> {
        let model = self.config();
        config.validate(model)?;
        let start;
        let prompts = if prompts.is_empty() {
            let bos = config.bos_token_id.unwrap_or(model.bos_token_id);
            start = vec![vec![bos]; prefix.batch()];
            &start
        } else {
            prompts
        };
        let eos = config.eos_token_id.as_ref().unwrap_or(&model.eos_token_id);
        let texts: Result<Vec<Text>, GitError> = prompts
            .iter()
            .map(|prompt| text(prompt, &eos.0, config, model))
            .collect();
        let texts = texts?;
        let longest = texts.iter().map(|text| text.max_length - text.prompt).max();
        let (lanes, logits) = Lanes::prefill(self, prefix, prompts, longest.unwrap_or(0))?;
        let start = Start {
            lanes,
            logits,
            per_picture: prompts.len() / prefix.batch().max(1),
        };
        let texts = texts.into_iter().enumerate();
        if config.num_beams > 1 {
            let beams = texts.map(|(prompt, text)| Beams::new(config, prompt, text));
            return start.run(beams.collect(), config.num_beams, 1, &mut |_, _| {});
        }
        let copies = config.num_return_sequences;
        let singles = texts.flat_map(|(prompt, text)| {
            (0..copies).map(move |copy| {
                let stream = prompt * copies + copy;
                let random = || sampling::random(config.seed, stream);
                let random = config.do_sample.then(random);
                Single::new(config, prompt, text.clone(), random)
            })
        });
        start.run(singles.collect(), 1, copies, &mut |text, search| {
            if let Some(id) = search.newest() {
                let finished = search.is_finished();
                on_token(StreamedToken { text, id, finished });
            }
        })
    }
}

/// Prompts that were read, one lane each.
struct Start<'m> {
    lanes: Lanes<'m>,
    logits: Vec<f32>,
    per_picture: usize,
}

impl Start<'_> {
    /// Makes `copies` searches of each prompt, `width` lanes wide, from its one lane, and runs
    /// them.
    fn run<S: Search>(
        mut self,
        searches: Vec<S>,
        width: usize,
        copies: usize,
        on_advance: &mut dyn FnMut(usize, &S),
    ) -> Result<Vec<Generated>, GitError> {
        let each = width * copies;
        if each == 1 {
            return run(
                self.lanes,
                searches,
                self.per_picture,
                self.logits,
                on_advance,
            );
        }
        let prompts = searches.len() / copies;
        let vocab = self.logits.len() / prompts.max(1);
        let lanes: Vec<usize> = (0..prompts * each).map(|lane| lane / each).collect();
        self.lanes.rearrange(&lanes, None);
        let logits: Vec<f32> = lanes
            .iter()
            .flat_map(|&prompt| &self.logits[prompt * vocab..(prompt + 1) * vocab])
            .copied()
            .collect();
        let per_picture = self.per_picture * copies;
        run(self.lanes, searches, per_picture, logits, on_advance)
    }
}

/// Checks a prompt and finds the bounds of the text that goes on from it.
fn text<'a>(
    prompt: &[u32],
    eos: &'a [u32],
    config: &GenerationConfig,
    model: &GitConfig,
) -> Result<Text<'a>, GitError> {
    if prompt.is_empty() {
        let problem = "a prompt is empty: it needs at least the start token";
        return Err(GitError::Prompt(problem.into()));
    }
    if let Some(id) = prompt.iter().find(|id| **id as usize >= model.vocab_size) {
        let size = model.vocab_size;
        let problem = format!("it has token {id}, but the vocabulary only {size}");
        return Err(GitError::Prompt(problem));
    }
    let length = prompt.len();
    let max_length = config.max_length_after(length, model);
    let limit = model.max_position_embeddings;
    if max_length > limit || length >= limit {
        let length = max_length.max(length + 1);
        return Err(GitError::TooLong { length, limit });
    }
    if length >= max_length {
        let problem = format!(
            "it has {length} tokens, and max_length {max_length} leaves no room: \
             raise max_length, or set max_new_tokens"
        );
        return Err(GitError::Prompt(problem));
    }
    let min_length = config.min_length_after(length);
    if min_length > max_length {
        return Err(GitError::Setting {
            name: "min_length".into(),
            value: min_length.to_string(),
            mend: "it must not be above the greatest length: lower it or raise that",
        });
    }
    Ok(Text {
        ids: prompt.to_vec(),
        prompt: length,
        min_length,
        max_length,
        eos,
    })
}
