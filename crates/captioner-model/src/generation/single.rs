//! Greedy search and sampling: one sequence.

use rand_chacha::ChaCha8Rng;

use super::config::GenerationConfig;
use super::logits_processors::{best, log_sum_exp, process_logits};
use super::sampling::{draw, filter};
use super::search::Search;
use super::sequence::{Generated, Sequence};
use crate::error::ModelError;

/// Extends one sequence token by token.
pub(super) struct Single<'a> {
    config: &'a GenerationConfig,
    prompt: usize,
    sequence: Sequence<'a>,
    /// Where tokens are drawn; the likeliest is taken where unset.
    random: Option<ChaCha8Rng>,
    log_probs: Vec<f32>,
}

impl<'a> Single<'a> {
    pub(super) fn new(
        config: &'a GenerationConfig,
        prompt: usize,
        sequence: Sequence<'a>,
        random: Option<ChaCha8Rng>,
    ) -> Self {
        Self {
            config,
            prompt,
            sequence,
            random,
            log_probs: Vec::new(),
        }
    }

    fn choose(&mut self, scores: &mut [f32]) -> Option<usize> {
        match &mut self.random {
            None => best(scores),
            Some(random) => {
                filter(self.config, scores);
                draw(scores, random)
            }
        }
    }
}

impl Search for Single<'_> {
    fn width(&self) -> usize {
        1
    }

    fn advance(&mut self, scores: &mut [f32]) -> Result<(), ModelError> {
        process_logits(self.config, &self.sequence, scores);
        let token = self.choose(scores).ok_or(ModelError::NoNextToken)?;
        if self.config.output_scores {
            self.log_probs.push(scores[token] - log_sum_exp(scores));
        }
        self.sequence.ids.push(token as u32);
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.sequence.is_finished()
    }

    fn row_tokens(&self) -> Vec<u32> {
        self.sequence.ids.last().copied().into_iter().collect()
    }

    fn row_origins(&self) -> &[usize] {
        &[0]
    }

    fn newest(&self) -> Option<u32> {
        self.sequence.ids.last().copied()
    }

    fn into_results(self) -> Vec<Generated> {
        let scored = self.config.output_scores;
        vec![Generated {
            prompt: self.prompt,
            ids: self.sequence.ids,
            score: scored.then(|| self.log_probs.iter().sum()),
            token_log_probs: self.log_probs,
        }]
    }
}
