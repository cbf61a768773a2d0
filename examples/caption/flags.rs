//! The command line of the captioning example.

use std::path::PathBuf;

use captioner::model::{EarlyStopping, GenerationConfig};
use captioner::ops::DeviceSpec;
use clap::Parser;

/// Caption pictures and videos, or answer questions about them.
#[derive(Parser)]
pub(crate) struct Flags {
    /// Pictures, and folders whose pictures are taken in the order of their names.
    #[arg(required = true, value_name = "PICTURE OR FOLDER")]
    pub(crate) pictures: Vec<PathBuf>,

    /// Folder of the model, as the fine-tuning example or transformers saves it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) model: String,

    /// Folder of an adapter that PEFT or this project saved; it is merged into the model.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) adapter: Option<PathBuf>,

    /// A text to continue, such as a question; several are several answers to each picture.
    #[arg(long, value_name = "TEXT")]
    pub(crate) prompt: Vec<String>,

    /// Every folder is one video, and its pictures are the frames in the order of their names.
    #[arg(long)]
    pub(crate) frames: bool,

    /// Pictures that are captioned together.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(crate) batch_size: usize,

    /// Read pictures of another size than the model's, interpolating its position embeddings. The
    /// processor must give that size.
    #[arg(long)]
    pub(crate) interpolate_pos_encoding: bool,

    /// Where to compute: auto, flex, ndarray, cuda, wgpu, vulkan or metal; `cuda:1` is the second.
    #[arg(long, default_value_t = DeviceSpec::AUTO, value_name = "DEVICE")]
    pub(crate) device: DeviceSpec,

    /// One JSON object a line: file, ids, text, seconds, and score where there is one.
    #[arg(long)]
    pub(crate) json: bool,

    /// Show each token on standard error as soon as it is generated.
    #[arg(long)]
    pub(crate) stream: bool,

    /// Also write `pixel_values`, `logits` of the prompts' positions, and `sequences` to a
    /// safetensors file, all pictures as one batch.
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<PathBuf>,

    #[command(flatten)]
    generation: GenerationFlags,
}

/// Every generation setting by its Hugging Face name. Each default is what the model's
/// generation_config.json says, or else what is given here.
#[derive(clap::Args)]
#[command(next_help_heading = "Generation")]
struct GenerationFlags {
    /// Longest text in tokens, prompt and end included. [default: the prompt and 20 more]
    #[arg(long, value_name = "N")]
    max_length: Option<usize>,

    /// Most tokens after the prompt; goes before --max-length.
    #[arg(long, value_name = "N")]
    max_new_tokens: Option<usize>,

    /// Least tokens of a text, prompt and end included. [default: 0]
    #[arg(long, value_name = "N")]
    min_length: Option<usize>,

    /// Least tokens after the prompt; goes before --min-length.
    #[arg(long, value_name = "N")]
    min_new_tokens: Option<usize>,

    /// Texts that beam search follows; 1 is greedy search or sampling. [default: 1]
    #[arg(long, value_name = "N")]
    num_beams: Option<usize>,

    /// Texts for each prompt, best first. [default: 1]
    #[arg(long, value_name = "N")]
    num_return_sequences: Option<usize>,

    /// Above 0, beam search favours longer texts. [default: 1]
    #[arg(long, value_name = "POWER", allow_negative_numbers = true)]
    length_penalty: Option<f32>,

    /// When beam search stops: false, true or never. [default: false]
    #[arg(long, value_name = "WHEN")]
    early_stopping: Option<EarlyStopping>,

    /// Draw tokens at random. [default: false]
    #[arg(long, value_name = "BOOL")]
    do_sample: Option<bool>,

    /// Above 1 draws unlikely tokens more often. [default: 1]
    #[arg(long, value_name = "VALUE")]
    temperature: Option<f32>,

    /// Draw among so many of the likeliest tokens; 0 is all. [default: 50]
    #[arg(long, value_name = "N")]
    top_k: Option<usize>,

    /// Draw among the likeliest tokens of this joint probability. [default: 1]
    #[arg(long, value_name = "SHARE")]
    top_p: Option<f32>,

    /// Draw among tokens of this share of the likeliest one's probability. [default: none]
    #[arg(long, value_name = "SHARE")]
    min_p: Option<f32>,

    /// Above 1 makes tokens that the text has less likely. [default: 1]
    #[arg(long, value_name = "VALUE")]
    repetition_penalty: Option<f32>,

    /// No sequence of so many tokens twice; 0 allows it. [default: 0]
    #[arg(long, value_name = "N")]
    no_repeat_ngram_size: Option<usize>,

    /// Token ids, separated by commas, that are never generated in a row; can be given several times.
    #[arg(long, value_name = "IDS", value_parser = ids)]
    bad_words_ids: Vec<Ids>,

    /// Token ids, separated by commas, that are never generated.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    suppress_tokens: Vec<u32>,

    /// The token that follows a prompt of one token.
    #[arg(long, value_name = "ID")]
    forced_bos_token_id: Option<u32>,

    /// The token that ends a text of the greatest length.
    #[arg(long, value_name = "ID")]
    forced_eos_token_id: Option<u32>,

    /// Report the log probability of each token.
    #[arg(long)]
    output_scores: bool,

    /// Seed of --do-sample. [default: 0]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

#[derive(Clone)]
struct Ids(Vec<u32>);

fn ids(text: &str) -> Result<Ids, String> {
    let ids: Result<Vec<u32>, _> = text.split(',').map(str::parse).collect();
    ids.map(Ids)
        .map_err(|_| format!("'{text}' is no list of token ids such as 7,12"))
}

impl Flags {
    /// The model's own settings with the flags over them.
    pub(crate) fn generation(&self, mut config: GenerationConfig) -> GenerationConfig {
        let flags = &self.generation;
        macro_rules! override_with {
            ($($name:ident),* $(,)?) => {
                $(if let Some(value) = flags.$name {
                    config.$name = value.into();
                })*
            };
        }
        override_with!(
            max_length,
            max_new_tokens,
            min_length,
            min_new_tokens,
            num_beams,
            num_return_sequences,
            length_penalty,
            early_stopping,
            do_sample,
            temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            no_repeat_ngram_size,
            forced_bos_token_id,
            seed,
        );
        if !flags.bad_words_ids.is_empty() {
            config.bad_words_ids = flags
                .bad_words_ids
                .iter()
                .map(|ids| ids.0.clone())
                .collect();
        }
        if !flags.suppress_tokens.is_empty() {
            config.suppress_tokens = flags.suppress_tokens.clone();
        }
        if let Some(id) = flags.forced_eos_token_id {
            config.forced_eos_token_id = Some(vec![id].into());
        }
        config.output_scores |= flags.output_scores;
        config
    }
}
