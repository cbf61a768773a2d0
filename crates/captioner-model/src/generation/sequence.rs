//! A sequence while it is being generated, and when it is done.

/// The tokens of one sequence so far, and its bounds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sequence<'a> {
    /// Prompt and new tokens.
    pub(super) ids: Vec<u32>,
    /// Tokens of the prompt.
    pub(super) prompt: usize,
    pub(super) min_length: usize,
    pub(super) max_length: usize,
    /// Tokens that end it.
    pub(super) eos: &'a [u32],
}

impl Sequence<'_> {
    /// Whether the last token ended it, or it can't be longer.
    pub(super) fn is_finished(&self) -> bool {
        let ended = self.ids.len() > self.prompt
            && self.ids.last().is_some_and(|last| self.eos.contains(last));
        ended || self.ids.len() >= self.max_length
    }
}

/// A generated sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Which prompt it continues; without prompts, which picture it describes.
    pub prompt: usize,
    /// The tokens, those of the prompt included. The last one is an end token unless the greatest
    /// length came first.
    pub ids: Vec<u32>,
    /// Beam search: the log probability of the new tokens, divided by their number to the power of
    /// `length_penalty`. Otherwise the log probability of the new tokens, where
    /// `output_scores` asks for it.
    pub score: Option<f32>,
    /// The log probability of each new token under the distribution it was taken from, where
    /// `output_scores` asks for it and beams are not searched.
    pub token_log_probs: Vec<f32>,
}

/// A token as soon as it is generated; see
/// [`CaptionModel::generate_streaming`](crate::CaptionModel::generate_streaming).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamedToken {
    /// Which of the sequences it belongs to, in the order of the results.
    pub sequence: usize,
    /// The token.
    pub id: u32,
    /// Whether it is the sequence's last.
    pub finished: bool,
}
