//! Beam search of one prompt, with the scoring and stopping of transformers.

use super::config::{EarlyStopping, GenerationConfig};
use super::logits_processors::{log_softmax, process_logits};
use super::search::Search;
use super::sequence::{Generated, Sequence};
use crate::error::ModelError;

/// Far below any log probability, and finite, so that differences stay numbers. Beams that do not
/// exist yet have it.
const NONE_YET: f32 = -1e9;

/// The beams that are followed at once for one prompt, and those already finished.
pub(super) struct Beams<'a> {
    config: &'a GenerationConfig,
    prompt: usize,
    running: Vec<Beam<'a>>,
    /// Best first; at most as many as beams.
    finished: Vec<Beam<'a>>,
    /// The row that each running sequence continues.
    origins: Vec<usize>,
    done: bool,
}

#[derive(Clone)]
struct Beam<'a> {
    sequence: Sequence<'a>,
    /// Running: the log probability of its new tokens. Finished: divided by the length penalty.
    score: f32,
}

/// A running sequence and the token that would extend it.
struct Candidate {
    beam: usize,
    token: u32,
    score: f32,
}

impl<'a> Beams<'a> {
    /// All beams start as the same sequence; only the first counts, so that they part at the first
    /// token.
    pub(super) fn new(config: &'a GenerationConfig, prompt: usize, sequence: Sequence<'a>) -> Self {
        let first = Beam {
            sequence: sequence.clone(),
            score: 0.0,
        };
        let other = Beam {
            sequence,
            score: NONE_YET,
        };
        let mut running = vec![other; config.num_beams];
        running[0] = first;
        Self {
            config,
            prompt,
            running,
            finished: Vec::new(),
            origins: (0..config.num_beams).collect(),
            done: false,
        }
    }

    /// The best candidates over all beams, best first: enough of them that as many as beams go on
    /// even if all end tokens are among them.
    fn candidates(&self, scores: &mut [f32]) -> Vec<Candidate> {
        let vocab = scores.len() / self.running.len();
        for (beam, scores) in self.running.iter().zip(scores.chunks_mut(vocab)) {
            log_softmax(scores);
            process_logits(self.config, &beam.sequence, scores);
            for score in scores {
                *score += beam.score;
            }
        }
        let ends = self.running[0].sequence.eos.len();
        let count = (1 + ends).max(2) * self.running.len();
        // A forbidden token is no candidate, however few others there are.
        let best = highest(scores, count).into_iter();
        let best = best.filter(|&index| scores[index] > f32::NEG_INFINITY);
        best.map(|index| Candidate {
            beam: index / vocab,
            token: (index % vocab) as u32,
            score: scores[index],
        })
        .collect()
    }

    fn sequence_of(&self, candidate: &Candidate) -> Sequence<'a> {
        let mut sequence = self.running[candidate.beam].sequence.clone();
        sequence.ids.push(candidate.token);
        sequence
    }

    /// The best unfinished candidates run on. Where they are too few, the last rows repeat the first
    /// one and count for nothing.
    fn keep_running(&mut self, open: Vec<(&Candidate, Sequence<'a>)>) {
        for row in 0..self.config.num_beams {
            let ((candidate, sequence), score) = match open.get(row) {
                Some(found) => (found, found.0.score),
                None => (&open[0], NONE_YET),
            };
            self.origins[row] = candidate.beam;
            self.running[row] = Beam {
                sequence: sequence.clone(),
                score,
            };
        }
    }

    /// Takes finished sequences into the best so far, unless none can be better any more.
    fn finish(&mut self, sequences: impl Iterator<Item = Beam<'a>>) {
        if self.is_full() && self.config.early_stopping == EarlyStopping::Yes {
            return;
        }
        for beam in sequences {
            let score = beam.score / self.penalty(beam.sequence.ids.len());
            let sequence = beam.sequence;
            // Behind those of the same score, as they came first.
            let at = self.finished.partition_point(|other| other.score >= score);
            self.finished.insert(at, Beam { sequence, score });
        }
        self.finished.truncate(self.config.num_beams);
    }

    fn is_full(&self) -> bool {
        self.finished.len() == self.config.num_beams
    }

    /// What the score of a sequence of `length` tokens is divided by.
    fn penalty(&self, length: usize) -> f32 {
        let new = length - self.running[0].sequence.prompt;
        (new as f64).powf(f64::from(self.config.length_penalty)) as f32
    }

    /// Whether the best running sequence, at the length that favours it, would be behind every
    /// finished one.
    fn is_beaten(&self) -> bool {
        let best = &self.running[0];
        let longest =
            self.config.early_stopping == EarlyStopping::Never && self.config.length_penalty > 0.0;
        let length = if longest {
            best.sequence.max_length
        } else {
            best.sequence.ids.len()
        };
        let possible = best.score / self.penalty(length);
        let worst = self.finished.last().map_or(NONE_YET, |beam| beam.score);
        self.is_full() && possible <= worst
    }
}

impl Search for Beams<'_> {
    fn width(&self) -> usize {
        self.config.num_beams
    }

    fn advance(&mut self, scores: &mut [f32]) -> Result<(), ModelError> {
        if scores.iter().any(|score| score.is_nan()) {
            return Err(ModelError::NoNextToken);
        }
        let candidates = self.candidates(scores);
        if candidates.is_empty() {
            return Err(ModelError::NoNextToken);
        }
        let sequences: Vec<Sequence> = candidates.iter().map(|c| self.sequence_of(c)).collect();
        let beams = candidates.iter().zip(sequences);
        let (ended, open): (Vec<_>, Vec<_>) = beams
            .enumerate()
            .partition(|(_, (_, sequence))| sequence.is_finished());
        // Beyond the first few, candidates only stand in for those that ended.
        let ended = ended
            .into_iter()
            .filter(|(rank, _)| *rank < self.config.num_beams);
        let ended: Vec<_> = ended
            .map(|(_, (candidate, sequence))| Beam {
                sequence,
                score: candidate.score,
            })
            .collect();
        self.finish(ended.into_iter());
        if open.is_empty() {
            self.done = true;
            return Ok(());
        }
        self.keep_running(open.into_iter().map(|(_, open)| open).collect());
        let full = self.is_full() && self.config.early_stopping == EarlyStopping::Yes;
        self.done = full || self.is_beaten();
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.done
    }

    fn row_tokens(&self) -> Vec<u32> {
        let last = |beam: &Beam| beam.sequence.ids.last().copied().unwrap_or(0);
        self.running.iter().map(last).collect()
    }

    fn row_origins(&self) -> &[usize] {
        &self.origins
    }

    fn newest(&self) -> Option<u32> {
        None
    }

    fn into_results(self) -> Vec<Generated> {
        let best = self.finished.into_iter();
        best.take(self.config.num_return_sequences)
            .map(|beam| Generated {
                prompt: self.prompt,
                ids: beam.sequence.ids,
                score: Some(beam.score),
                token_log_probs: Vec::new(),
            })
            .collect()
    }
}

/// The places of the `count` highest scores, highest first, earlier ones first where equal.
fn highest(scores: &[f32], count: usize) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(count + 1);
    for (index, &score) in scores.iter().enumerate() {
        let full = best.len() == count;
        if full && score <= scores[best[count - 1]] {
            continue;
        }
        let at = best.partition_point(|&other| scores[other] >= score);
        best.insert(at, index);
        best.truncate(count);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_come_in_order_and_ties_in_theirs() {
        assert_eq!(highest(&[1.0, 5.0, 3.0, 5.0, 2.0], 3), [1, 3, 2]);
        assert_eq!(highest(&[1.0], 3), [0]);
        assert_eq!(highest(&[f32::NEG_INFINITY; 3], 2), [0, 1]);
    }

    /// Two beams over the tokens 0, 1 (end) and 2.
    fn search(config: &GenerationConfig) -> Beams<'_> {
        let sequence = Sequence {
            ids: vec![0],
            prompt: 1,
            min_length: 0,
            max_length: 4,
            eos: &[1],
        };
        Beams::new(config, 0, sequence)
    }

    fn logits(probabilities: [[f32; 3]; 2]) -> Vec<f32> {
        probabilities.concat().into_iter().map(f32::ln).collect()
    }

    #[test]
    fn a_long_likely_text_beats_a_short_one_by_its_mean() {
        let config = GenerationConfig {
            num_beams: 2,
            ..GenerationConfig::default()
        };
        let mut beams = search(&config);
        let start = [0.1, 0.4, 0.5];
        beams.advance(&mut logits([start, start])).unwrap();
        // Token 1 ended one sequence; the running ones are 2 and 0.
        assert_eq!(beams.row_tokens(), [2, 0]);
        assert!(!beams.is_finished());
        let sure = [0.01, 0.98, 0.01];
        beams.advance(&mut logits([sure, sure])).unwrap();
        assert!(beams.is_finished());
        let results = beams.into_results();
        assert_eq!(results[0].ids, [0, 2, 1]);
        let want = (0.5f32.ln() + 0.98f32.ln()) / 2.0;
        assert!((results[0].score.unwrap() - want).abs() < 1e-6);
    }

    #[test]
    fn early_stopping_stops_with_the_first_full_set() {
        let config = GenerationConfig {
            num_beams: 2,
            early_stopping: EarlyStopping::Yes,
            num_return_sequences: 2,
            ..GenerationConfig::default()
        };
        let mut beams = search(&config);
        let end = [0.1, 0.8, 0.1];
        beams.advance(&mut logits([end, end])).unwrap();
        assert!(!beams.is_finished());
        beams.advance(&mut logits([end, end])).unwrap();
        assert!(beams.is_finished());
        assert_eq!(beams.into_results().len(), 2);
    }

    #[test]
    fn where_every_token_is_forbidden_none_is_taken() {
        let config = GenerationConfig {
            num_beams: 2,
            suppress_tokens: vec![0, 1, 2],
            ..GenerationConfig::default()
        };
        let mut beams = search(&config);
        let error = beams.advance(&mut logits([[0.3, 0.3, 0.4]; 2]));
        assert!(matches!(error, Err(ModelError::NoNextToken)));
    }

    #[test]
    fn the_greatest_length_ends_every_beam() {
        let config = GenerationConfig {
            num_beams: 2,
            ..GenerationConfig::default()
        };
        let mut beams = search(&config);
        let never = [0.5, 0.0, 0.5];
        for _ in 0..3 {
            assert!(!beams.is_finished());
            beams.advance(&mut logits([never, never])).unwrap();
        }
        assert!(beams.is_finished());
        assert_eq!(beams.into_results()[0].ids.len(), 4);
    }

    #[test]
    fn logits_that_are_nan_are_an_error() {
        let config = GenerationConfig {
            num_beams: 2,
            ..GenerationConfig::default()
        };
        let mut beams = search(&config);
        assert!(beams.advance(&mut [f32::NAN; 6]).is_err());
    }
}
