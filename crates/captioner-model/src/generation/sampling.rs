//! Drawing tokens at random.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::config::GenerationConfig;
use super::logits_processors::log_sum_exp;

/// The random numbers of one sequence: a stream of its own, so that what it draws does not depend on
/// the sequences beside it.
pub(super) fn random(seed: u64, sequence: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(sequence as u64);
    random
}

/// Sets the scores of all tokens that must not be drawn to minus infinity: temperature, top-k,
/// top-p ([Holtzman et al., 2019](https://arxiv.org/abs/1904.09751)) and min-p
/// ([Nguyen et al., 2024](https://arxiv.org/abs/2407.01082)), in this order.
pub(super) fn filter(config: &GenerationConfig, scores: &mut [f32]) {
    if config.temperature != 1.0 {
        for score in scores.iter_mut() {
            *score /= config.temperature;
        }
    }
    if config.top_k > 0 && config.top_k < scores.len() {
        keep_top_k(config.top_k, scores);
    }
    if config.top_p < 1.0 {
        keep_top_p(config.top_p, scores);
    }
    if let Some(min_p) = config.min_p {
        keep_min_p(min_p, scores);
    }
}

/// Keeps the `k` highest scores, and whatever equals the last of them.
fn keep_top_k(k: usize, scores: &mut [f32]) {
    let mut sorted = scores.to_vec();
    let (_, least, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let least = *least;
    drop_where(scores, |score| score < least);
}

/// Keeps the likeliest tokens that together reach probability `top_p`; always the likeliest.
fn keep_top_p(top_p: f32, scores: &mut [f32]) {
    let total = log_sum_exp(scores);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.retain(|&token| scores[token] > f32::NEG_INFINITY);
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    order.pop();
    let mut unlikely = 0.0;
    for token in order {
        unlikely += f64::from((scores[token] - total).exp());
        if unlikely as f32 > 1.0 - top_p {
            return;
        }
        scores[token] = f32::NEG_INFINITY;
    }
}

/// Keeps tokens with at least `min_p` times the probability of the likeliest.
fn keep_min_p(min_p: f32, scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    drop_where(scores, |score| (score - max).exp() < min_p);
}

fn drop_where(scores: &mut [f32], drop: impl Fn(f32) -> bool) {
    for score in scores {
        if drop(*score) {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// Draws a token in proportion to the exponentials of the scores; `None` where no token is allowed
/// or a score is NaN.
pub(super) fn draw(scores: &[f32], random: &mut ChaCha8Rng) -> Option<usize> {
    let total = log_sum_exp(scores);
    if !total.is_finite() {
        return None;
    }
    let weight = |score: &f32| f64::from((score - total).exp());
    let sum: f64 = scores.iter().map(weight).sum();
    // 53 bits: every number from 0 to below 1 that a double of that size can hold.
    let mut left = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * sum;
    let mut last = None;
    for (token, score) in scores.iter().enumerate() {
        let weight = weight(score);
        if weight > 0.0 {
            last = Some(token);
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NEG_INFINITY;

    fn filtered(config: GenerationConfig, scores: &[f32]) -> Vec<bool> {
        let mut scores = scores.to_vec();
        filter(&config, &mut scores);
        scores.into_iter().map(|score| score > NO).collect()
    }

    fn all() -> GenerationConfig {
        GenerationConfig {
            top_k: 0,
            ..GenerationConfig::default()
        }
    }

    #[test]
    fn top_p_keeps_the_token_that_crosses_the_threshold() {
        // Probabilities 0.5, 0.3, 0.2.
        let scores = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let keep = |top_p| filtered(GenerationConfig { top_p, ..all() }, &scores);
        assert_eq!(keep(0.4), [true, false, false]);
        assert_eq!(keep(0.6), [true, true, false]);
        assert_eq!(keep(0.9), [true, true, true]);
        assert_eq!(keep(0.0), [true, false, false]);
    }

    #[test]
    fn top_k_keeps_ties_and_min_p_is_relative_to_the_likeliest() {
        let top_k = GenerationConfig { top_k: 2, ..all() };
        assert_eq!(
            filtered(top_k, &[1.0, 3.0, 1.0, 0.0]),
            [true, true, true, false]
        );
        let min_p = GenerationConfig {
            min_p: Some(0.5),
            ..all()
        };
        let scores = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        assert_eq!(filtered(min_p, &scores), [true, true, false]);
    }

    #[test]
    fn drawn_frequencies_are_the_probabilities() {
        // Chi-square over 5 tokens, one of them forbidden: 3 degrees of freedom, and 16.27 is
        // exceeded once in 1000 seeds; the seed is fixed.
        let scores = [0.4f32.ln(), NO, 0.3f32.ln(), 0.2f32.ln(), 0.1f32.ln()];
        let mut random = random(7, 0);
        let draws = 20_000;
        let mut counts = [0.0f64; 5];
        for _ in 0..draws {
            counts[draw(&scores, &mut random).unwrap()] += 1.0;
        }
        assert_eq!(counts[1], 0.0);
        let chi: f64 = [(0, 0.4), (2, 0.3), (3, 0.2), (4, 0.1)]
            .map(|(token, p)| {
                let expected = p * f64::from(draws);
                (counts[token] - expected).powi(2) / expected
            })
            .iter()
            .sum();
        assert!(chi < 16.27, "chi-square {chi}");
    }

    #[test]
    fn nothing_is_drawn_where_nothing_is_allowed() {
        assert_eq!(draw(&[NO, NO], &mut random(1, 0)), None);
        assert_eq!(draw(&[f32::NAN, 0.0], &mut random(1, 0)), None);
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        logits: Vec<Vec<f32>>,
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        temperature: f32,
        top_k: usize,
        top_p: f32,
        min_p: Option<f32>,
        probabilities: Vec<Vec<f32>>,
    }

    #[test]
    fn filtered_probabilities_are_those_of_transformers() {
        let text = include_str!("../../tests/fixtures/sampling.json");
        let fixture: Fixture = serde_json::from_str(text).unwrap();
        for case in fixture.cases {
            let config = GenerationConfig {
                temperature: case.temperature,
                top_k: case.top_k,
                top_p: case.top_p,
                min_p: case.min_p,
                ..all()
            };
            for (logits, want) in fixture.logits.iter().zip(&case.probabilities) {
                let mut scores = logits.clone();
                filter(&config, &mut scores);
                let total = log_sum_exp(&scores);
                for (score, want) in scores.iter().zip(want) {
                    let got = (score - total).exp();
                    assert_eq!(got == 0.0, *want == 0.0, "{config:?}");
                    assert!((got - want).abs() < 1e-6, "{got} is not {want}");
                }
            }
        }
    }
}
