//! Whole files: their pixels are those that Pillow decodes with libjpeg-turbo, and broken ones are named
//! errors. `tools/reference/jpeg_fixtures.py` wrote what is expected.

use captioner_jpeg::{Corruption, Jpeg, JpegError, Limit, Limits};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Vec<u8>, JpegError> {
    Jpeg::open(bytes, &Limits::default())?.decode()
}

/// FNV-1a, 64 bits.
fn fnv(data: &[u8]) -> String {
    let step = |value: u64, byte: &u8| (value ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    format!("{:016x}", data.iter().fold(0xCBF2_9CE4_8422_2325, step))
}

#[test]
fn every_sampling_coding_and_colour_model_gives_libjpeg_turbos_pixels() {
    let table: BTreeMap<String, (u32, u32, String)> =
        serde_json::from_slice(&fixture("decoded.json")).unwrap();
    assert!(table.len() >= 15);
    for (name, (width, height, hash)) in table {
        let bytes = fixture(&name);
        let jpeg = Jpeg::open(&bytes, &Limits::default()).unwrap();
        assert_eq!(jpeg.size(), (width, height), "{name}");
        let rgb = jpeg.decode().unwrap();
        assert_eq!(
            (rgb.len() as u32, fnv(&rgb)),
            (3 * width * height, hash),
            "{name}"
        );
    }
}

#[test]
fn a_file_cut_anywhere_is_a_named_error() {
    for name in ["420.jpg", "444_progressive.jpg", "restarts.jpg", "cmyk.jpg"] {
        let bytes = fixture(name);
        for end in 0..bytes.len() {
            let error = decode(&bytes[..end]).unwrap_err();
            let expected = match end {
                0 | 1 => JpegError::NotJpeg,
                _ => Corruption::CutOff.into(),
            };
            assert_eq!(error, expected, "{name} {end}: {error}");
        }
    }
}

#[test]
fn a_file_with_any_byte_broken_never_panics() {
    for name in ["422.jpg", "420_progressive.jpg", "restarts.jpg", "ycck.jpg"] {
        let bytes = fixture(name);
        for place in 0..bytes.len() {
            for value in [0x00, 0xFF, bytes[place] ^ 0x10] {
                let mut broken = bytes.clone();
                broken[place] = value;
                let _ = decode(&broken);
                if let Ok(jpeg) = Jpeg::open_reduced(&broken, &Limits::default(), 9) {
                    let (width, height) = jpeg.size();
                    if let Ok(rgb) = jpeg.decode() {
                        assert_eq!(rgb.len() as u32, 3 * width * height);
                    }
                }
            }
        }
    }
}

#[test]
fn a_reduced_picture_is_never_smaller_than_asked() {
    let bytes = fixture("420.jpg"); // 53 x 37
    for (wanted, expected) in [(1, 5), (5, 5), (6, 10), (19, 19), (20, 37), (1000, 37)] {
        let jpeg = Jpeg::open_reduced(&bytes, &Limits::default(), wanted).unwrap();
        let (width, height) = jpeg.size();
        assert_eq!(height, expected, "{wanted}");
        assert_eq!(jpeg.decode().unwrap().len() as u32, 3 * width * height);
    }
}

#[test]
fn each_limit_refuses_before_the_pixels_are_read() {
    let bytes = fixture("420.jpg"); // 53 x 37
    let limits = Limits::unlimited();
    for (limits, expected) in [
        (
            Limits {
                max_width: 52,
                ..limits
            },
            Limit::Width,
        ),
        (
            Limits {
                max_height: 36,
                ..limits
            },
            Limit::Height,
        ),
        (
            Limits {
                max_pixels: 53 * 37 - 1,
                ..limits
            },
            Limit::Pixels,
        ),
        (
            Limits {
                max_memory: 20_000,
                ..limits
            },
            Limit::Memory,
        ),
    ] {
        let error = Jpeg::open(&bytes, &limits).unwrap_err();
        assert!(
            matches!(error, JpegError::LimitExceeded { limit, .. } if limit == expected),
            "{error}"
        );
    }
    let mut promising = bytes;
    let frame = promising.windows(2).position(|pair| pair == [0xFF, 0xC0]);
    promising[frame.unwrap() + 5..][..4].copy_from_slice(&[0x20, 0, 0x20, 0]); // 8192 x 8192
    let error = Jpeg::open(&promising, &Limits::default()).unwrap_err();
    assert_eq!(error, Corruption::CutOff.into());
}

#[test]
fn exif_is_given_as_it_stands() {
    let bytes = fixture("420.jpg");
    assert_eq!(Jpeg::open(&bytes, &Limits::default()).unwrap().exif(), None);
    let segment = [&[0xFF, 0xE1, 0, 12][..], b"Exif\0\0II*\0"].concat();
    let with_exif = [&bytes[..2], &segment, &bytes[2..]].concat();
    let jpeg = Jpeg::open(&with_exif, &Limits::default()).unwrap();
    assert_eq!(jpeg.exif(), Some(&b"II*\0"[..]));
    assert_eq!(jpeg.decode(), decode(&bytes));
}
