//! The set: rows made from a seed, drawn when they are read.

use std::borrow::Cow;

use captioner_data::{CaptionDataset, DataError, Feature, FeatureType, Picture};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::traits::Traits;
use crate::{caption, draw};

/// Drawings of creatures with a caption each, made by the program itself.
///
/// It has as many rows as the "Pokémon BLIP captions" set, and captions in its
/// manner, such as "a drawing of a pink and blue creature with long ears and a
/// smile". The same seed gives the same pictures and captions, bit for bit. A
/// picture is drawn when its row is read, 256 by 256 pixels.
///
/// A caption is a function of what can be seen. About one row in 25 has two or
/// three captions; the first is always in the manner of all the others.
#[derive(Clone, Debug)]
pub struct Creatures {
    seed: u64,
    captions: Vec<Vec<String>>,
}

impl Creatures {
    /// The number of rows of [`Creatures::new`].
    pub const ROWS: usize = 833;

    /// The set of [`Creatures::ROWS`] rows for this seed.
    pub fn new(seed: u64) -> Self {
        Self::with_rows(Self::ROWS, seed)
    }

    /// A set of `rows` rows. Row `i` depends on the seed and `i` alone, so a
    /// smaller set is the beginning of a larger one.
    pub fn with_rows(rows: usize, seed: u64) -> Self {
        let captions = (0..rows)
            .map(|index| Blueprint::new(seed, index).captions())
            .collect();
        Self { seed, captions }
    }

    fn check(&self, row: usize) -> Result<(), DataError> {
        if row < self.len() {
            Ok(())
        } else {
            Err(self.out_of_range(row))
        }
    }

    fn out_of_range(&self, row: usize) -> DataError {
        DataError::row_out_of_range(self, row)
    }
}

impl CaptionDataset for Creatures {
    fn name(&self) -> &str {
        "creatures"
    }

    fn len(&self) -> usize {
        self.captions.len()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and("text", FeatureType::TextList)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let captions = self.captions.get(row).map(|all| Cow::from(all.as_slice()));
        captions.ok_or_else(|| self.out_of_range(row))
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.check(row)?;
        Ok(Blueprint::new(self.seed, row).picture())
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        self.check(row)?;
        Ok(format!("creature-{row}"))
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        self.check(row)?;
        let (number, seed) = (row + 1, self.seed);
        Ok(format!(
            "`creature-{row}` of the built-in creatures row {number} (seed {seed})"
        ))
    }
}

/// A row before it is drawn.
struct Blueprint {
    traits: Traits,
    caption_count: usize,
    /// Where the drawing's own random choices go on.
    rng: ChaCha8Rng,
}

impl Blueprint {
    fn new(seed: u64, index: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // A stream of its own for each row: rows can be made in any order.
        rng.set_stream(index as u64);
        let traits = Traits::sample(&mut rng);
        let several = rng.random_ratio(1, 25);
        let caption_count = if several { rng.random_range(2..=3) } else { 1 };
        Self {
            traits,
            caption_count,
            rng,
        }
    }

    fn captions(&self) -> Vec<String> {
        caption::captions(&self.traits, self.caption_count)
    }

    fn picture(mut self) -> Picture {
        draw::picture(&self.traits, &mut self.rng)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use captioner_data::{Subset, train_test_split};

    use super::*;

    fn pixels(set: &Creatures, index: usize) -> Vec<u8> {
        match set.picture(index).unwrap() {
            Picture::Rgb8 {
                width: 256,
                height: 256,
                pixels,
            } => pixels,
            other => panic!("not a drawing of 256 by 256 pixels: {other:?}"),
        }
    }

    /// The FNV-1a hash: cheap, and written down in a line.
    fn fnv(bytes: &[u8]) -> u64 {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
    }

    #[test]
    fn a_seed_gives_the_same_bits_in_any_order_and_set_size() {
        let (large, small) = (Creatures::new(9), Creatures::with_rows(4, 9));
        for index in [3, 0, 2, 1] {
            assert_eq!(pixels(&large, index), pixels(&small, index));
            assert_eq!(
                large.captions(index).unwrap(),
                small.captions(index).unwrap()
            );
        }
    }

    #[test]
    fn another_seed_gives_other_creatures() {
        let (one, other) = (Creatures::with_rows(20, 0), Creatures::with_rows(20, 1));
        assert_ne!(one.captions, other.captions);
        assert_ne!(pixels(&one, 0), pixels(&other, 0));
    }

    #[test]
    fn drawings_keep_their_bits_from_platform_to_platform() {
        let set = Creatures::with_rows(4, 0);
        let hashes: Vec<_> = (0..4).map(|index| fnv(&pixels(&set, index))).collect();
        let expected = [
            12087103344472920106,
            10927951607311523229,
            12101572767925086091,
            11213624320612548570,
        ];
        assert_eq!(hashes, expected);
    }

    #[test]
    fn every_picture_is_drawn_whole() {
        let set = Creatures::with_rows(60, 5);
        for index in 0..set.len() {
            let pixels = pixels(&set, index);
            assert_eq!(pixels.len(), 256 * 256 * 3);
            // Outlines are dark, and no creature is without.
            let dark = pixels
                .chunks(3)
                .filter(|rgb| rgb.iter().all(|&c| c < 80))
                .count();
            assert!(dark > 1500, "row {index} has {dark} dark pixels");
        }
    }

    #[test]
    fn captions_are_short_sentences_in_lower_case_without_punctuation() {
        for captions in &Creatures::new(0).captions {
            for caption in captions {
                assert!(
                    caption.chars().all(|c| c == ' ' || c.is_ascii_lowercase()),
                    "{caption}"
                );
                assert!((9..=18).contains(&caption.split(' ').count()), "{caption}");
            }
            assert!(captions[0].starts_with("a drawing of a"));
        }
    }

    #[test]
    fn captions_name_the_colours_that_are_drawn() {
        for index in 0..200 {
            let blueprint = Blueprint::new(0, index);
            let caption = &blueprint.captions()[0];
            let first = caption::colour_word(blueprint.traits.colour);
            let colours = match blueprint.traits.second {
                Some(second) => format!("{first} and {}", caption::colour_word(second)),
                None => first.to_owned(),
            };
            assert!(
                caption.contains(&format!(" {colours} ")),
                "{caption}: {colours}"
            );
        }
    }

    #[test]
    fn a_few_rows_have_several_captions() {
        let set = Creatures::new(0);
        let several = set
            .captions
            .iter()
            .filter(|captions| captions.len() > 1)
            .count();
        assert!((17..=58).contains(&several), "{several} of 833");
        assert!(set.captions.iter().any(|captions| captions.len() == 3));
        assert_eq!(set.features()[1].kind, FeatureType::TextList);
    }

    #[test]
    fn most_held_out_creatures_are_unseen_in_training() {
        let split = train_test_split(Arc::new(Creatures::new(0)), 0.1, 42).unwrap();
        let captions = |part: &Subset| -> Vec<String> {
            (0..part.len())
                .map(|index| part.captions(index).unwrap()[0].clone())
                .collect()
        };
        let seen: HashSet<_> = captions(&split.train).into_iter().collect();
        let held_out = captions(&split.test);
        let unseen = held_out
            .iter()
            .filter(|caption| !seen.contains(*caption))
            .count();
        assert!(
            unseen * 100 >= held_out.len() * 95,
            "{unseen} of {}",
            held_out.len()
        );
    }

    #[test]
    fn every_word_of_the_held_out_captions_is_in_training() {
        let split = train_test_split(Arc::new(Creatures::new(0)), 0.1, 42).unwrap();
        let words = |part: &Subset| -> HashSet<String> {
            let captions = (0..part.len()).map(|index| part.captions(index).unwrap()[0].clone());
            captions
                .flat_map(|c| c.split(' ').map(str::to_owned).collect::<Vec<_>>())
                .collect()
        };
        assert!(words(&split.test).is_subset(&words(&split.train)));
    }

    #[test]
    fn a_row_past_the_end_is_a_named_error() {
        let set = Creatures::with_rows(2, 0);
        let message = "there is no row at index 2: `creatures` has 2 rows";
        assert_eq!(set.picture(2).unwrap_err().to_string(), message);
        assert_eq!(set.captions(2).unwrap_err().to_string(), message);
        assert_eq!(set.row_name(2).unwrap_err().to_string(), message);
        assert_eq!(set.describe_row(2).unwrap_err().to_string(), message);
    }
}
