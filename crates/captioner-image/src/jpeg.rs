//! Whether a JPEG file is there to its end.
//!
//! The decoder fills what is missing with grey and says nothing, so that a broken download would be
//! trained on. Pillow refuses such files; so does [`decode`](crate::decode), by looking for the end.

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Walks from marker to marker, so that the end of a thumbnail inside is not taken for the file's.
pub(crate) fn is_cut_off(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default(); // after the start-of-image marker
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            END_OF_IMAGE => return false,
            START_OF_SCAN => after, // its data holds no marker: the search goes on behind it
            _ => match segment_length(after).and_then(|length| after.get(length..)) {
                Some(behind) => behind,
                None => return true,
            },
        };
    }
    true
}

/// The next marker and what follows it. `FF 00` is a byte of data, `FF D0` to `FF D7` stand in it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let is_marker =
        |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0x01 | 0xD0..=0xD7 | 0xFF);
    let place = bytes.windows(2).position(is_marker)?;
    Some((bytes[place + 1], &bytes[place + 2..]))
}

/// A segment's length, which counts the two bytes that say it.
fn segment_length(bytes: &[u8]) -> Option<usize> {
    let (length, _) = bytes.split_first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*length)).max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOI: [u8; 2] = [0xFF, 0xD8];
    const EOI: [u8; 2] = [0xFF, END_OF_IMAGE];
    const SCAN: [u8; 6] = [0xFF, START_OF_SCAN, 0, 2, 7, 9];

    #[test]
    fn the_end_of_a_thumbnail_is_not_the_end_of_the_file() {
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9];
        let cut = [&SOI[..], &thumbnail, &SCAN].concat();
        assert!(is_cut_off(&cut));
        assert!(!is_cut_off(&[&cut[..], &EOI].concat()));
    }

    #[test]
    fn data_that_looks_like_a_marker_does_not_end_the_search() {
        let data = [0xFF, 0x00, 0xD9, 0xFF, 0xD0, 3, 0xFF, 0xFF];
        let whole = [&SOI[..], &SCAN, &data, &EOI].concat();
        assert!(!is_cut_off(&whole));
        assert!(is_cut_off(&whole[..whole.len() - 1]));
    }

    #[test]
    fn progressive_files_have_segments_between_their_scans() {
        let table = [0xFF, 0xC4, 0, 4, 0xFF, 0xD9];
        let cut = [&SOI[..], &SCAN, &table, &SCAN].concat();
        assert!(is_cut_off(&cut));
        assert!(!is_cut_off(&[&cut[..], &EOI].concat()));
    }

    #[test]
    fn lengths_beyond_the_end_do_not_panic() {
        for end in [
            &[][..],
            &[0xFF],
            &[0xFF, 0xE0],
            &[0xFF, 0xE0, 0xFF],
            &[0xFF, 0xE0, 0xFF, 0xFF],
        ] {
            assert!(is_cut_off(&[&SOI[..], end].concat()));
        }
        assert!(is_cut_off(&[]));
    }
}
