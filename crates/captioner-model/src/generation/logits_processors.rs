//! What changes the scores of the next token before one is chosen.
//!
//! Scores are logits, or log probabilities in beam search; minus infinity forbids a token. The
//! processors and their order are those of transformers' `logits_process.py`.

use super::config::GenerationConfig;
use super::sequence::Sequence;

/// Applies every processor of the settings but those of sampling.
pub(super) fn process_logits(config: &GenerationConfig, sequence: &Sequence, scores: &mut [f32]) {
    if config.repetition_penalty != 1.0 {
        penalize_repetition(sequence, config.repetition_penalty, scores);
    }
    if config.no_repeat_ngram_size > 0 {
        forbid_repeated_ngrams(&sequence.ids, config.no_repeat_ngram_size, scores);
    }
    for words in &config.bad_words_ids {
        forbid_words(&sequence.ids, words, sequence.eos, scores);
    }
    if sequence.ids.len() < sequence.min_length {
        forbid(sequence.eos, scores);
    }
    if let Some(id) = config
        .forced_bos_token_id
        .filter(|_| sequence.ids.len() == 1)
    {
        force(&[id], scores);
    }
    let last = sequence.ids.len() + 1 == sequence.max_length;
    if let Some(ids) = config.forced_eos_token_id.as_ref().filter(|_| last) {
        force(&ids.0, scores);
    }
    forbid(&config.suppress_tokens, scores);
}

fn forbid(ids: &[u32], scores: &mut [f32]) {
    for &id in ids {
        scores[id as usize] = f32::NEG_INFINITY;
    }
}

fn force(ids: &[u32], scores: &mut [f32]) {
    scores.fill(f32::NEG_INFINITY);
    for &id in ids {
        scores[id as usize] = 0.0;
    }
}

/// The penalty of CTRL ([Keskar et al., 2019](https://arxiv.org/abs/1909.05858)), once for each
/// token that occurs.
fn penalize_repetition(sequence: &Sequence, penalty: f32, scores: &mut [f32]) {
    let mut seen = sequence.ids.clone();
    seen.sort_unstable();
    seen.dedup();
    for id in seen {
        let score = &mut scores[id as usize];
        *score = if *score < 0.0 {
            *score * penalty
        } else {
            *score / penalty
        };
    }
}

/// Forbids each token that followed, earlier in the sequence, the same `size - 1` tokens it ends with.
fn forbid_repeated_ngrams(ids: &[u32], size: usize, scores: &mut [f32]) {
    if ids.len() < size {
        return;
    }
    let ending = &ids[ids.len() + 1 - size..];
    for window in ids.windows(size) {
        if window[..size - 1] == *ending {
            scores[window[size - 1] as usize] = f32::NEG_INFINITY;
        }
    }
}

/// Forbids the last token of `words` where the sequence ends with those before it. A single end token
/// is never forbidden.
fn forbid_words(ids: &[u32], words: &[u32], eos: &[u32], scores: &mut [f32]) {
    let Some((last, before)) = words.split_last() else {
        return;
    };
    let is_end = before.is_empty() && eos.contains(last);
    if !is_end && ids.ends_with(before) {
        scores[*last as usize] = f32::NEG_INFINITY;
    }
}

/// Turns logits into log probabilities.
pub(super) fn log_softmax(scores: &mut [f32]) {
    let shift = log_sum_exp(scores);
    for score in scores {
        *score -= shift;
    }
}

/// The log of the sum of exponentials, minus infinity where nothing is allowed.
pub(super) fn log_sum_exp(scores: &[f32]) -> f32 {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return max;
    }
    let sum: f64 = scores
        .iter()
        .map(|&score| f64::from((score - max).exp()))
        .sum();
    max + sum.ln() as f32
}

/// The first of the highest scores; `None` where every token is forbidden or a score is NaN.
pub(super) fn best(scores: &[f32]) -> Option<usize> {
    let mut best = None;
    let mut highest = f32::NEG_INFINITY;
    for (token, &score) in scores.iter().enumerate() {
        if score.is_nan() {
            return None;
        }
        if score > highest {
            (best, highest) = (Some(token), score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NEG_INFINITY;

    fn scored(config: GenerationConfig, ids: &[u32]) -> Vec<f32> {
        let sequence = Sequence {
            ids: ids.to_vec(),
            prompt: 1,
            min_length: config.min_length_after(1),
            max_length: 10,
            eos: &[2],
        };
        let mut scores = vec![-2.0, -1.0, 0.0, 1.0, 2.0];
        process_logits(&config, &sequence, &mut scores);
        scores
    }

    fn config() -> GenerationConfig {
        GenerationConfig::default()
    }

    #[test]
    fn a_repeated_token_is_penalized_once_whatever_its_sign() {
        let config = GenerationConfig {
            repetition_penalty: 2.0,
            ..config()
        };
        assert_eq!(scored(config, &[4, 4, 0]), [-4.0, -1.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn an_ngram_is_not_generated_twice() {
        let config = |size| GenerationConfig {
            no_repeat_ngram_size: size,
            ..config()
        };
        assert_eq!(scored(config(2), &[3, 1, 4, 3]), [-2.0, NO, 0.0, 1.0, 2.0]);
        assert_eq!(scored(config(1), &[3, 1]), [-2.0, NO, 0.0, NO, 2.0]);
        assert_eq!(scored(config(5), &[3, 1]), [-2.0, -1.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn bad_words_are_cut_at_their_last_token_and_the_end_is_never_bad() {
        let config = GenerationConfig {
            bad_words_ids: vec![vec![1, 3], vec![0], vec![2]],
            ..config()
        };
        assert_eq!(scored(config.clone(), &[1]), [NO, -1.0, 0.0, NO, 2.0]);
        assert_eq!(scored(config, &[4]), [NO, -1.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn a_sequence_does_not_end_too_early_and_can_be_made_to_end() {
        let early = GenerationConfig {
            min_new_tokens: Some(2),
            ..config()
        };
        assert_eq!(scored(early.clone(), &[1, 1])[2], NO);
        assert_eq!(scored(early, &[1, 1, 1])[2], 0.0);
        let forced = GenerationConfig {
            forced_eos_token_id: Some(vec![2].into()),
            forced_bos_token_id: Some(3),
            ..config()
        };
        assert_eq!(scored(forced.clone(), &[1; 9]), [NO, NO, 0.0, NO, NO]);
        assert_eq!(scored(forced.clone(), &[1]), [NO, NO, NO, 0.0, NO]);
        assert_eq!(scored(forced, &[1, 1])[4], 2.0);
    }

    #[test]
    fn nothing_is_best_where_nothing_is_allowed_or_a_score_is_nan() {
        assert_eq!(best(&[NO, NO]), None);
        assert_eq!(best(&[1.0, f32::NAN]), None);
        assert_eq!(best(&[1.0, 3.0, 3.0]), Some(1));
    }
}
