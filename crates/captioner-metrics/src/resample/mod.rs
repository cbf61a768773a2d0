//! How far a score would move with other rows: bootstrap intervals and paired tests, seeded.

mod bootstrap;
mod paired;

pub use bootstrap::{ConfidenceInterval, confidence_intervals};
pub use paired::{PairedTest, paired_bootstrap, paired_permutation};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::MetricError;

/// How resampling is done. The same seed gives the same values on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResampleSettings {
    /// How many times rows are drawn.
    pub samples: usize,
    /// Share of the drawn scores that the interval holds, between 0 and 1.
    pub confidence: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for ResampleSettings {
    fn default() -> Self {
        ResampleSettings {
            samples: 1000,
            confidence: 0.95,
            seed: 0,
        }
    }
}

impl ResampleSettings {
    fn check(&self) -> Result<(), MetricError> {
        if self.samples == 0 {
            return Err(MetricError::NoSamples);
        }
        if !(0.0..=1.0).contains(&self.confidence) {
            return Err(MetricError::Confidence {
                confidence: self.confidence,
            });
        }
        Ok(())
    }
}

/// Draws row numbers.
struct Draws(ChaCha8Rng);

impl Draws {
    fn new(seed: u64) -> Self {
        Draws(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `rows`, each about as often.
    fn row(&mut self, rows: usize) -> usize {
        ((u128::from(self.0.next_u64()) * rows as u128) >> 64) as usize
    }

    fn coin(&mut self) -> bool {
        self.0.next_u32() & 1 == 1
    }
}
