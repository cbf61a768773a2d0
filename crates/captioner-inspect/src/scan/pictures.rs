//! What there is to say of a row's picture.

use std::collections::BTreeMap;

use captioner_data::Picture;
use captioner_image::{DecodeOptions, ImageError, RgbImage, Source};

use super::examples::{Examples, Failures};
use super::fingerprint::{Content, Fingerprint, Fingerprinter};
use super::header::{DECODED, Header};
use crate::distribution::Counts;

/// Pictures whose shorter edge is below this are blurred by any vision encoder.
pub(crate) const SMALL: u32 = 64;
/// From how many times as long as it is high (or the other way round) a centre crop loses a lot.
pub(crate) const LONG: u32 = 2;

/// The shapes of pictures, by width and height.
pub(crate) const SHAPES: [&str; 5] = ["tall", "upright", "about square", "broad", "wide"];

/// What is known of pictures.
#[derive(Debug, Default)]
pub(crate) struct PictureFacts {
    /// One for each row.
    pub(crate) fingerprints: Vec<(Fingerprint, Content)>,
    pub(crate) bad: Failures,
    pub(crate) widths: Counts,
    pub(crate) heights: Counts,
    pub(crate) sizes: BTreeMap<(u32, u32), u64>,
    /// In the order of [`SHAPES`].
    pub(crate) shapes: [u64; 5],
    pub(crate) formats: BTreeMap<&'static str, u64>,
    pub(crate) modes: BTreeMap<&'static str, u64>,
    pub(crate) bytes: u64,
    pub(crate) largest_file: u64,
    pub(crate) alpha: Examples,
    pub(crate) sixteen_bit: Examples,
    pub(crate) animated: Examples,
    pub(crate) turned: Examples,
    pub(crate) flat: Examples,
    pub(crate) small: Examples,
    pub(crate) long: Examples,
}

/// The pixels of a row's picture.
pub(crate) fn decoded(picture: Picture, options: &DecodeOptions) -> Result<RgbImage, ImageError> {
    match picture {
        Picture::Encoded(bytes) => captioner_image::decode(&bytes, options),
        Picture::Rgb8 {
            width,
            height,
            pixels,
        } => captioner_image::rgb_from_raw(width, height, pixels),
    }
}

impl PictureFacts {
    pub(crate) fn add(
        &mut self,
        row: u32,
        picture: &Picture,
        options: &DecodeOptions,
        fingerprinter: &Fingerprinter,
    ) {
        let source = match picture {
            Picture::Encoded(bytes) => Source::Encoded(bytes),
            Picture::Rgb8 {
                width,
                height,
                pixels,
            } => Source::Rgb8 {
                width: *width,
                height: *height,
                pixels,
            },
        };
        let decoded = source.to_rgb(options);
        let seen = decoded.and_then(|rgb| Ok((rgb.dimensions(), fingerprinter.of(&rgb)?)));
        match seen {
            Ok((size, (fingerprint, content))) => {
                self.fingerprints.push((fingerprint, content));
                self.flat.add_if(row, content == Content::Flat);
                self.add_size(row, size);
                self.add_header(row, picture);
            }
            Err(error) => self.add_bad(row, error),
        }
    }

    pub(crate) fn add_bad(&mut self, row: u32, reason: impl std::fmt::Display) {
        self.fingerprints.push((Fingerprint::NONE, Content::Bad));
        self.bad.add(row, reason);
    }

    fn add_size(&mut self, row: u32, (width, height): (u32, u32)) {
        self.widths.add(width as usize);
        self.heights.add(height as usize);
        *self.sizes.entry((width, height)).or_default() += 1;
        self.shapes[shape(width, height)] += 1;
        let (shorter, longer) = (width.min(height), width.max(height));
        self.small.add_if(row, shorter < SMALL);
        self.long.add_if(
            row,
            u64::from(longer) > u64::from(LONG) * u64::from(shorter),
        );
    }

    fn add_header(&mut self, row: u32, picture: &Picture) {
        let (header, bytes) = match picture {
            Picture::Encoded(bytes) => (Header::read(bytes), bytes.len() as u64),
            Picture::Rgb8 { pixels, .. } => (DECODED, pixels.len() as u64),
        };
        *self.formats.entry(header.format).or_default() += 1;
        *self.modes.entry(header.mode).or_default() += 1;
        self.bytes += bytes;
        self.largest_file = self.largest_file.max(bytes);
        self.alpha.add_if(row, header.alpha);
        self.sixteen_bit.add_if(row, header.sixteen_bit);
        self.animated.add_if(row, header.animated);
        self.turned.add_if(row, header.turned);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.fingerprints.extend(other.fingerprints);
        self.bad.merge(other.bad);
        self.widths.merge(other.widths);
        self.heights.merge(other.heights);
        merge_counts(&mut self.sizes, other.sizes);
        for (sum, count) in self.shapes.iter_mut().zip(other.shapes) {
            *sum += count;
        }
        merge_counts(&mut self.formats, other.formats);
        merge_counts(&mut self.modes, other.modes);
        self.bytes += other.bytes;
        self.largest_file = self.largest_file.max(other.largest_file);
        self.alpha.merge(other.alpha);
        self.sixteen_bit.merge(other.sixteen_bit);
        self.animated.merge(other.animated);
        self.turned.merge(other.turned);
        self.flat.merge(other.flat);
        self.small.merge(other.small);
        self.long.merge(other.long);
    }
}

fn merge_counts<K: Ord>(sums: &mut BTreeMap<K, u64>, counts: BTreeMap<K, u64>) {
    for (key, count) in counts {
        *sums.entry(key).or_default() += count;
    }
}

/// Which of [`SHAPES`] a picture has: below 1:2, 4:5, up to 5:4, 2:1, beyond.
fn shape(width: u32, height: u32) -> usize {
    let (width, height) = (u64::from(width), u64::from(height));
    let bounds = [(1, 2), (4, 5), (5, 4), (2, 1)];
    let below = |place: usize, (across, down): (u64, u64)| match place < 2 {
        true => width * down >= height * across,
        false => width * down > height * across,
    };
    let passed = bounds.into_iter().enumerate();
    passed
        .filter(|(place, bound)| below(*place, *bound))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_go_from_tall_to_wide() {
        let sizes = [
            (1, 3),
            (1, 2),
            (3, 4),
            (4, 5),
            (1, 1),
            (5, 4),
            (4, 3),
            (2, 1),
            (3, 1),
        ];
        let found = sizes.map(|(width, height)| shape(width, height));
        assert_eq!(found, [0, 1, 1, 2, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn a_broken_picture_is_bad_and_leaves_a_place() {
        let mut facts = PictureFacts::default();
        let fingerprinter = Fingerprinter::new().unwrap();
        let options = DecodeOptions::default();
        let mut add = |row, picture| facts.add(row, &picture, &options, &fingerprinter);
        add(0, Picture::Encoded(b"no picture".to_vec()));
        add(
            1,
            Picture::Rgb8 {
                width: 2,
                height: 1,
                pixels: vec![7; 5],
            },
        );
        add(
            2,
            Picture::Rgb8 {
                width: 2,
                height: 1,
                pixels: vec![7; 6],
            },
        );
        assert_eq!((facts.bad.count, facts.fingerprints.len()), (2, 3));
        assert_eq!(facts.fingerprints[2].1, Content::Flat);
        assert_eq!(facts.formats["decoded"], 1);
    }
}
