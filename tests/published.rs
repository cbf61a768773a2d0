//! The published checkpoints of GIT, against the numbers that transformers' conversion script
//! asserts for them. For whoever is online:
//!
//! ```sh
//! python tools/reference/published_inputs.py INPUTS
//! CAPTIONER_PUBLISHED=INPUTS cargo test --release --features hub --test published -- --ignored --nocapture
//! ```
//!
//! The first line fetches two pictures and six frames of a video; the test fetches the checkpoints,
//! about 20 GB, into the Hub's usual cache, one after the other.

use std::error::Error;
use std::path::{Path, PathBuf};

use burn::tensor::{Int, Tensor, TensorData};
use captioner::git::GitForCausalLm;
use captioner::hub::find_model;
use captioner::image::{Source, Workers};
use captioner::model::{
    CaptionModel, GenerationConfig, PixelValues, Pretrained, Processor, Tokens,
};
use captioner::ops::DeviceSpec;

/// What a checkpoint looks at.
#[derive(Clone, Copy, PartialEq)]
enum Input {
    /// COCO's `val2017/000000039769.jpg`: two cats on a sofa.
    Cats,
    /// The front of a bus, with writing.
    Bus,
    /// Six frames of a woman who eats spaghetti.
    Video,
}

/// A checkpoint of `microsoft/`, and what transformers says of it.
struct Published {
    name: &'static str,
    input: Input,
    /// The first three logits of the token after `[CLS]`:
    /// `src/transformers/models/git/convert_git_to_pytorch.py` of transformers 4.57, to 1e-4.
    logits: [f32; 3],
    /// What is asked; the answer begins with it.
    question: Option<&'static str>,
    /// The text of at most so many tokens, from transformers' `tests/models/git/test_modeling_git.py`
    /// and the examples in `modeling_git.py`; none where they give none.
    text: Option<(&'static str, usize)>,
}

/// The tolerance of the conversion script.
const TOLERANCE: f32 = 1e-4;

const CATS: &str = "what are the cats doing?";
const BUS: &str = "what does the front of the bus say at the top?";
const WOMAN: &str = "what does the woman eat?";

const fn published(name: &'static str, input: Input, logits: [f32; 3]) -> Published {
    Published {
        name,
        input,
        logits,
        question: None,
        text: None,
    }
}

const fn asked(question: &'static str, checkpoint: Published) -> Published {
    Published {
        question: Some(question),
        ..checkpoint
    }
}

const fn says(text: &'static str, length: usize, checkpoint: Published) -> Published {
    Published {
        text: Some((text, length)),
        ..checkpoint
    }
}

#[expect(clippy::approx_constant, reason = "a logit that happens to be near 2/√π")]
#[rustfmt::skip]
const CHECKPOINTS: [Published; 17] = {
    use Input::{Bus, Cats, Video};
    [
        says("two cats laying on a pink blanket", 20, published("git-base", Cats, [-1.2832, -1.2835, -1.2840])),
        says("two cats sleeping on a pink blanket next to remotes.", 50, published("git-base-coco", Cats, [-0.9925, -0.9930, -0.9935])),
        published("git-base-textcaps", Cats, [-1.2980, -1.2983, -1.2985]),
        asked(CATS, published("git-base-vqav2", Cats, [-0.8570, -0.8568, -0.8561])),
        says("what does the front of the bus say at the top? special", 50, asked(BUS, published("git-base-textvqa", Bus, [-1.4085, -1.4083, -1.4082]))),
        published("git-base-vatex", Video, [-1.3451, -1.3447, -1.3447]),
        asked(WOMAN, published("git-base-msrvtt-qa", Video, [-0.8554, -0.8550, -0.8540])),
        published("git-large", Cats, [-1.1708, -1.1707, -1.1705]),
        published("git-large-coco", Cats, [-1.0425, -1.0423, -1.0422]),
        published("git-large-textcaps", Cats, [-1.2705, -1.2708, -1.2706]),
        asked(CATS, published("git-large-vqav2", Cats, [-0.7042, -0.7043, -0.7043])),
        asked(BUS, published("git-large-textvqa", Bus, [-0.8590, -0.8592, -0.8590])),
        published("git-large-vatex", Video, [-1.0113, -1.0114, -1.0113]),
        asked(WOMAN, published("git-large-msrvtt-qa", Video, [0.0130, 0.0134, 0.0131])),
        published("git-large-r", Cats, [-1.1283, -1.1285, -1.1286]),
        published("git-large-r-coco", Cats, [-0.9641, -0.9641, -0.9641]),
        published("git-large-r-textcaps", Cats, [-1.1121, -1.1120, -1.1124]),
    ]
};

/// Checks all, and only then fails: one run tells which differ.
#[test]
#[ignore = "needs CAPTIONER_PUBLISHED and the Hub: fetches 17 checkpoints"]
fn the_published_checkpoints_give_the_published_numbers() {
    let inputs = std::env::var_os("CAPTIONER_PUBLISHED");
    let inputs = PathBuf::from(inputs.expect("CAPTIONER_PUBLISHED names the folder of inputs"));
    let only = std::env::var("CAPTIONER_PUBLISHED_ONLY").unwrap_or_default();
    let chosen: Vec<_> = CHECKPOINTS
        .iter()
        .filter(|checkpoint| only.is_empty() || checkpoint.name == only)
        .collect();
    assert!(
        !chosen.is_empty(),
        "no published checkpoint is called {only}"
    );
    let mut differences = Vec::new();
    for checkpoint in chosen {
        if let Err(difference) = checkpoint.check(&inputs) {
            eprintln!("{difference}");
            differences.push(difference);
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

impl Published {
    fn check(&self, inputs: &Path) -> Result<(), String> {
        let (logits, text) = self
            .compute(inputs)
            .map_err(|error| format!("{}: {error}", self.name))?;
        let expected = self.logits;
        eprintln!(
            "{}: {logits:?}, published {expected:?}: {text:?}",
            self.name
        );
        let far = |(got, published): (&f32, &f32)| (got - published).abs() > TOLERANCE;
        if logits.len() != expected.len() || logits.iter().zip(&expected).any(far) {
            return Err(format!("{}: {logits:?}, published {expected:?}", self.name));
        }
        match self.text {
            Some((published, _)) if published != text => {
                Err(format!("{}: {text:?}, published {published:?}", self.name))
            }
            _ => Ok(()),
        }
    }

    /// The first logits of the token after the start token, and the text.
    fn compute(&self, inputs: &Path) -> Result<(Vec<f32>, String), Box<dyn Error>> {
        let folder = find_model(&format!("microsoft/{}", self.name))?;
        let model = GitForCausalLm::from_pretrained(&folder, &DeviceSpec::AUTO.open()?)?;
        let spec = model.spec();
        let processor = Processor::from_pretrained(&folder)?.for_model(&spec);
        let prefix = model.encode_pixels(&self.pixels(inputs, &processor)?)?;

        let start = TensorData::new(vec![i64::from(spec.start_token_id)], [1, 1]);
        let start = Tensor::<2, Int>::from_data(start, &model.device());
        let logits = model.logits(&prefix, Tokens::new(start))?.into_data();
        let logits = logits.iter::<f32>().take(self.logits.len()).collect();

        let prompts = match self.question {
            Some(question) => vec![processor.prompt(question)?],
            None => Vec::new(),
        };
        let settings = GenerationConfig {
            max_length: Some(self.text.map_or(50, |(_, length)| length)),
            ..GenerationConfig::default()
        };
        let generated = model.generate(&prefix, &prompts, &settings)?;
        let generated = generated.into_iter().next().ok_or("no text")?;
        Ok((logits, processor.caption(generated)?.text))
    }

    fn pixels(&self, inputs: &Path, processor: &Processor) -> Result<PixelValues, Box<dyn Error>> {
        let workers = Workers::new(0)?;
        let picture = match self.input {
            Input::Cats => inputs.join("000000039769.jpg"),
            Input::Bus => inputs.join("bus.png"),
            Input::Video => {
                let frames: Vec<_> = (0..6)
                    .map(|frame| inputs.join(format!("frame{frame}.png")))
                    .collect();
                let frames: Vec<_> = frames.iter().map(|frame| Source::File(frame)).collect();
                return Ok(processor.frame_values(&frames, &workers)?);
            }
        };
        Ok(processor.pixel_values(&[Source::File(&picture)], &workers)?)
    }
}
