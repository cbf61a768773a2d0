//! The values of teacher-forced tokens, summed over batches.

use std::collections::BTreeMap;

use captioner_model::Predictions;

/// Sums over the batches so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TokenSums {
    /// Of all losses, in nats.
    loss: f64,
    /// Counted tokens.
    count: usize,
    /// Those of them that are the likeliest.
    right: usize,
    /// Of batches' means, each times the pictures of its batch.
    batch_means: f64,
    /// Pictures.
    rows: usize,
}

impl TokenSums {
    /// Adds a part of a batch.
    pub(super) fn add_part(&mut self, part: &Predictions) {
        self.loss += part.loss_sum;
        self.count += part.count;
        let pairs = part.predicted.iter().flatten();
        let pairs = pairs.zip(part.expected.iter().flatten());
        self.right += pairs
            .filter(|(predicted, true_one)| predicted == true_one)
            .count();
    }

    /// Adds a batch of `rows` pictures, whose parts were added to `batch`.
    pub(super) fn add_batch(&mut self, batch: &Self, rows: usize) {
        self.loss += batch.loss;
        self.count += batch.count;
        self.right += batch.right;
        self.batch_means += batch.mean() * rows as f64;
        self.rows += rows;
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn mean(&self) -> f64 {
        self.loss / self.count as f64
    }

    pub(super) fn scores(&self) -> BTreeMap<String, f64> {
        let scores = [
            ("loss_per_token", self.mean()),
            ("loss", self.batch_means / self.rows as f64),
            ("perplexity", self.mean().exp()),
            ("token_accuracy", self.right as f64 / self.count as f64),
        ];
        scores.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(loss_sum: f64, predicted: Vec<Vec<u32>>, expected: Vec<Vec<u32>>) -> TokenSums {
        let mut sums = TokenSums::default();
        sums.add_part(&Predictions {
            loss_sum,
            count: expected.iter().map(Vec::len).sum(),
            predicted,
            expected,
        });
        sums
    }

    #[test]
    fn tokens_and_batches_are_weighed_differently() {
        let mut all = TokenSums::default();
        // 4 tokens of 2 pictures with a mean of 1, 1 token of 1 picture with a mean of 3.
        all.add_batch(
            &sums(
                4.0,
                vec![vec![7, 8, 9], vec![5]],
                vec![vec![7, 0, 9], vec![5]],
            ),
            2,
        );
        all.add_batch(&sums(3.0, vec![vec![1]], vec![vec![2]]), 1);
        let scores = all.scores();
        assert_eq!(scores["loss_per_token"], 7.0 / 5.0);
        assert_eq!(scores["loss"], (2.0 * 1.0 + 3.0) / 3.0);
        assert_eq!(scores["perplexity"], (7.0f64 / 5.0).exp());
        assert_eq!(scores["token_accuracy"], 3.0 / 5.0);
    }

    #[test]
    fn a_perplexity_beyond_all_numbers_is_infinite() {
        let mut all = TokenSums::default();
        all.add_batch(&sums(710.0, vec![vec![1]], vec![vec![1]]), 1);
        assert_eq!(all.scores()["perplexity"], f64::INFINITY);
    }
}
