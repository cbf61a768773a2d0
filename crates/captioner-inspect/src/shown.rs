//! The rows that are shown, with their pictures.

use std::collections::HashMap;

use captioner_image::RgbImage;
use image::imageops::thumbnail;

use crate::inspection::ShownRow;
use crate::rows::Rows;
use crate::scan::fingerprint::{Content, Fingerprint};
use crate::scan::in_order;
use crate::scan::pictures::decoded;
use crate::wording::shortened;
use crate::{InspectError, InspectOptions, Progress, Stage};

/// The longest side of a picture that is shown.
const SIDE: u32 = 240;
const CAPTIONS: usize = 5;
const CAPTION_CHARACTERS: usize = 300;

/// The pictures of rows, read once more and made small.
pub(crate) struct Shown<'a> {
    rows: &'a Rows<'a>,
    pictures: HashMap<u32, RgbImage>,
}

impl<'a> Shown<'a> {
    /// Reads the pictures of these rows.
    pub(crate) fn read(
        rows: &'a Rows<'a>,
        mut wanted: Vec<u32>,
        options: &InspectOptions,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, InspectError> {
        wanted.sort_unstable();
        wanted.dedup();
        let mut pictures = HashMap::new();
        let (mut done, total) = (0, wanted.len());
        let read = |row: &u32| {
            let (set, index) = rows.place(*row);
            let picture = set.picture(index).ok()?;
            let picture = decoded(picture, &options.decode).ok()?;
            Some(small(picture))
        };
        let keep = |row: &u32, picture: Option<RgbImage>| {
            pictures.extend(picture.map(|picture| (*row, picture)));
            done += 1;
            progress(Progress {
                stage: Stage::Drawing,
                done,
                total,
            });
        };
        in_order::run(options.threads(), &wanted, read, keep).map_err(InspectError::Threads)?;
        Ok(Self { rows, pictures })
    }

    pub(crate) fn row(&self, row: u32) -> ShownRow {
        let (set, index) = self.rows.place(row);
        let captions = set.captions(index).unwrap_or_default();
        let first = captions.iter().take(CAPTIONS);
        ShownRow {
            row: self.rows.name(row),
            captions: first
                .map(|caption| shortened(caption, CAPTION_CHARACTERS))
                .collect(),
            picture: self.pictures.get(&row).cloned(),
        }
    }
}

fn small(picture: RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= SIDE {
        return picture;
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32;
    thumbnail(&picture, scaled(width), scaled(height))
}

/// Rows with a readable picture, drawn by the seed, in order. A row is drawn or not by its own number,
/// so that rows at the end change little about which of those before are drawn.
pub(crate) fn samples(prints: &[(Fingerprint, Content)], seed: u64, number: usize) -> Vec<u32> {
    let readable = (0_u32..)
        .zip(prints)
        .filter(|(_, (_, content))| *content != Content::Bad);
    let mut drawn: Vec<(u64, u32)> = readable.map(|(row, _)| (mixed(seed, row), row)).collect();
    if number < drawn.len() {
        drawn.select_nth_unstable(number);
        drawn.truncate(number);
    }
    let mut rows: Vec<u32> = drawn.into_iter().map(|(_, row)| row).collect();
    rows.sort_unstable();
    rows
}

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
fn mixed(seed: u64, row: u32) -> u64 {
    let step = u64::from(row)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut state = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(step);
    state = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ state >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ state >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_draws_readable_rows() {
        let prints: Vec<_> = (0..200)
            .map(|row| match row % 2 {
                0 => (Fingerprint::NONE, Content::Bad),
                _ => (Fingerprint::NONE, Content::Something),
            })
            .collect();
        let drawn = samples(&prints, 7, 10);
        assert_eq!(drawn.len(), 10);
        assert!(drawn.is_sorted() && drawn.iter().all(|row| row % 2 == 1));
        assert_eq!(drawn, samples(&prints, 7, 10));
        assert_ne!(drawn, samples(&prints, 8, 10));
        assert_eq!(samples(&prints, 7, 1000).len(), 100);
        assert!(samples(&prints, 7, 0).is_empty());
    }

    #[test]
    fn pictures_are_made_small_and_keep_their_shape() {
        assert_eq!(small(RgbImage::new(480, 120)).dimensions(), (240, 60));
        assert_eq!(small(RgbImage::new(1, 5000)).dimensions(), (1, 240));
        assert_eq!(small(RgbImage::new(20, 30)).dimensions(), (20, 30));
    }
}
