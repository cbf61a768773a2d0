//! Which masks dropout takes in which pass.

use captioner_ops::mix_key;

/// The key of dropout's masks in the pass over one micro-batch of one optimizer step, both counted
/// from 0 over the whole run: what `captioner_ops::with_dropout_key` takes.
///
/// Together with the place of a layer in the pass it says which values the layer drops. So a mask
/// depends on seed, step, micro-batch and layer alone: a run that continues from a checkpoint, or a
/// layer that is computed again, drops what it dropped before, whatever else the process does.
///
/// The numbers are hashed: near ones give unrelated keys.
pub fn dropout_key(seed: u64, step: u64, micro_batch: u64) -> u64 {
    mix_key(&[seed, step, micro_batch])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_of_many_near_passes_share_a_key() {
        let far = [0, 1 << 16, 1 << 32, 1 << 48, u64::MAX - 40];
        let mut keys = HashSet::new();
        let mut count = 0;
        for seed in far.iter().flat_map(|&far| far..far + 5) {
            for step in far.iter().flat_map(|&far| far..far + 40) {
                for micro_batch in 0..40 {
                    keys.insert(dropout_key(seed, step, micro_batch));
                    count += 1;
                }
            }
        }
        assert_eq!(keys.len(), count);
    }
}
