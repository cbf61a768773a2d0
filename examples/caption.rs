//! Captions pictures and videos, and answers questions about them, with a saved model.
//!
//! `cargo run --release --example caption -- picture.png --model git-pokemon/model`

mod cli;
#[path = "caption/dump.rs"]
mod dump;
#[path = "caption/flags.rs"]
mod flags;
#[path = "caption/inputs.rs"]
mod inputs;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use captioner::git::GitForCausalLm;
use captioner::hub::find_model;
use captioner::image::Workers;
use captioner::model::{
    CaptionModel, Generated, GenerationConfig, KeyValuePrefix, PixelValues, Pretrained, Processor,
    load_adapter, merge_adapter,
};
use serde_json::json;

use flags::Flags;
use inputs::Input;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let flags = match cli::parse::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    cli::end(|| run(&flags))
}

fn run(flags: &Flags) -> Outcome<()> {
    let inputs = inputs::find(&flags.pictures, flags.frames)?;
    let folder = find_model(&flags.model)?;
    let device = flags.device.open()?;
    let (mut model, report) = GitForCausalLm::from_pretrained_with_report(&folder, &device)?;
    for name in report.non_finite {
        cli::note(format_args!(
            "warning: '{name}' has values that are infinite or NaN"
        ));
    }
    if let Some(adapter) = &flags.adapter {
        model = merge_adapter(load_adapter(model, adapter)?);
    }
    let model = model.with_interpolate_pos_encoding(flags.interpolate_pos_encoding);
    let config = flags.generation(model.generation_config().clone());
    config.validate(&model.spec())?;
    let captioning = Captioning {
        flags,
        processor: Processor::from_pretrained(&folder)?.for_model(&model.spec()),
        model,
        workers: Workers::new(0)?,
        config,
    };
    captioning.run(&inputs)
}

struct Captioning<'a> {
    flags: &'a Flags,
    model: GitForCausalLm,
    processor: Processor,
    /// They decode and preprocess.
    workers: Workers,
    config: GenerationConfig,
}

impl Captioning<'_> {
    /// Captions the inputs batch by batch, in the order given.
    fn run(&self, inputs: &[Input]) -> Outcome<()> {
        // A dump is one batch, so that its tensors have one shape.
        let size = match self.flags.dump {
            Some(_) => inputs.len(),
            None => self.flags.batch_size,
        };
        for batch in inputs.chunks(size.max(1)) {
            self.batch(batch)?;
        }
        Ok(())
    }

    fn batch(&self, inputs: &[Input]) -> Outcome<()> {
        let start = Instant::now();
        let pixels = inputs::read(inputs, &self.processor, &self.workers)?;
        let prefix = self.model.encode_pixels(&pixels)?;
        let prompts = self.prompts(inputs.len())?;
        let texts = if self.flags.stream {
            self.stream(&prefix, &prompts)?
        } else {
            self.model.generate(&prefix, &prompts, &self.config)?
        };
        let seconds = start.elapsed().as_secs_f64() / inputs.len() as f64;
        if let Some(path) = &self.flags.dump {
            self.dump(path, &pixels, &prefix, &prompts, &texts)?;
        }
        for text in texts {
            // A picture is answered once for each of its prompts.
            let picture = text.prompt * inputs.len() / prompts.len();
            self.show(&inputs[picture], text, seconds)?;
        }
        Ok(())
    }

    /// Each picture's prompts: the start token alone where no prompt is given.
    fn prompts(&self, pictures: usize) -> Outcome<Vec<Vec<u32>>> {
        let bos = self.config.bos_token_id;
        let bos = bos.unwrap_or(self.model.spec().start_token_id);
        let texts = self.flags.prompt.iter();
        let prompts: Result<Vec<_>, _> = texts.map(|text| self.processor.prompt(text)).collect();
        let mut prompts = prompts?;
        if prompts.is_empty() {
            prompts.push(vec![bos]);
        }
        Ok((0..pictures).flat_map(|_| prompts.clone()).collect())
    }

    /// Writes tokens to standard error as they come.
    fn stream(&self, prefix: &KeyValuePrefix, prompts: &[Vec<u32>]) -> Outcome<Vec<Generated>> {
        let tokenizer = &self.processor.tokenizer;
        let texts = self
            .model
            .generate_streaming(prefix, prompts, &self.config, &mut |token| {
                let word = tokenizer.decode(&[token.id], true).unwrap_or_default();
                let end = if token.finished { "\n" } else { "" };
                let mut stderr = std::io::stderr();
                let _ = write!(stderr, "[{}] {word} {end}", token.sequence);
                let _ = stderr.flush();
            })?;
        Ok(texts)
    }

    fn dump(
        &self,
        path: &Path,
        pixels: &PixelValues,
        prefix: &KeyValuePrefix,
        prompts: &[Vec<u32>],
        texts: &[Generated],
    ) -> Outcome<()> {
        let logits = dump::logits(&self.model, prefix, prompts)?;
        let pad = self.model.spec().pad_token_id;
        dump::write(path, pixels, logits, texts, pad)
    }

    fn show(&self, input: &Input, text: Generated, seconds: f64) -> Outcome<()> {
        let log_probs = text.token_log_probs.clone();
        let caption = self.processor.caption(text)?;
        let file = input.name();
        if !self.flags.json {
            writeln!(std::io::stdout(), "{file}: {}", caption.text)?;
            return Ok(());
        }
        let mut line = json!({
            "file": file, "ids": caption.ids, "text": caption.text, "seconds": seconds,
        });
        if let Some(score) = caption.score {
            line["score"] = score.into();
        }
        if !log_probs.is_empty() {
            line["token_log_probs"] = log_probs.into();
        }
        writeln!(std::io::stdout(), "{line}")?;
        Ok(())
    }
}
