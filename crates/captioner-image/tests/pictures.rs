//! Files as people have them: broken, rotated, far too large.

use captioner_image::{
    DecodeLimits, DecodeOptions, ImageError, Orientation, RgbImage, decode, open,
};
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;
use std::path::PathBuf;

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone())
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

fn picture() -> RgbImage {
    RgbImage::from_fn(24, 16, |x, y| {
        image::Rgb([(x * 10) as u8, (y * 15) as u8, 128])
    })
}

/// A PNG of a few bytes whose header promises `width` x `height` pixels.
fn png_that_promises(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&picture(), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

#[test]
fn lossless_formats_come_back_as_they_were() {
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ] {
        let bytes = encoded(&picture(), format);
        assert_eq!(
            decode(&bytes, &DecodeOptions::default()).unwrap(),
            picture(),
            "{format:?}"
        );
    }
}

#[test]
fn no_bytes_are_a_named_error() {
    let error = decode(&[], &DecodeOptions::default()).unwrap_err();
    assert!(matches!(error, ImageError::Empty));
}

#[test]
fn text_is_a_named_error() {
    let error = decode(b"{\"error\": \"not found\"}", &DecodeOptions::default()).unwrap_err();
    assert!(matches!(error, ImageError::UnknownFormat));
}

#[test]
fn a_known_format_that_is_not_built_in_is_named() {
    let error = decode(b"#?RADIANCE\n", &DecodeOptions::default()).unwrap_err();
    assert!(matches!(error, ImageError::Unsupported { .. }), "{error}");
}

#[test]
fn a_cut_off_file_is_a_named_error() {
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Jpeg,
        ImageFormat::Tiff,
    ] {
        let bytes = encoded(&picture(), format);
        let error = decode(&bytes[..bytes.len() / 2], &DecodeOptions::default()).unwrap_err();
        assert!(
            matches!(error, ImageError::Corrupt { .. }),
            "{format:?}: {error}"
        );
        assert!(
            error
                .to_string()
                .contains(&format!("{format:?}").to_uppercase())
        );
    }
}

#[test]
fn a_bomb_is_refused_before_memory_is_taken() {
    // 4.6 billion pixels: decoding it would need 13.8 GB, which would fail on most machines.
    for (width, height, what) in [
        (65_536, 1, "width"),
        (1, 65_536, "height"),
        (65_535, 65_535, "number of pixels"),
    ] {
        let bytes = png_that_promises(width, height);
        let error = decode(&bytes, &DecodeOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(what) || error.contains("PNG"), "{error}");
        assert!(error.contains("DecodeLimits"), "{error}");
    }
}

#[test]
fn each_limit_is_a_setting() {
    let bytes = encoded(&picture(), ImageFormat::Png);
    let with = |limits| DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    let strict = [
        DecodeLimits {
            max_bytes: bytes.len() as u64 - 1,
            ..DecodeLimits::default()
        },
        DecodeLimits {
            max_pixels: 24 * 16 - 1,
            ..DecodeLimits::default()
        },
        DecodeLimits {
            max_memory: 24 * 16 * 6 - 1,
            ..DecodeLimits::default()
        },
    ];
    for limits in strict {
        let error = decode(&bytes, &with(limits)).unwrap_err();
        assert!(matches!(error, ImageError::LimitExceeded { .. }), "{error}");
    }
    decode(&bytes, &with(DecodeLimits::unlimited())).unwrap();
}

#[test]
fn a_file_that_is_missing_or_too_large_is_named_with_its_path() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let error = open(folder.join("no_such.png"), &DecodeOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("no_such.png: cannot be read"),
        "{error}"
    );

    let limits = DecodeLimits {
        max_bytes: 10,
        ..DecodeLimits::default()
    };
    let options = DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    let error = open(folder.join("rgb.png"), &options)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("rgb.png") && error.contains("max_bytes"),
        "{error}"
    );
}

fn shared_data(folder: &str) -> PathBuf {
    let data = std::env::var_os("CAPTIONER_DATA").expect("set CAPTIONER_DATA to the data folder");
    PathBuf::from(data).join(folder)
}

#[test]
#[ignore = "needs CAPTIONER_DATA/exif-orientation"]
fn rotated_photographs_stand_upright() {
    for (name, size) in [("Landscape", (1800, 1200)), ("Portrait", (1200, 1800))] {
        let path = |n: u32| shared_data("exif-orientation").join(format!("{name}_{n}.jpg"));
        let upright = open(path(1), &DecodeOptions::default()).unwrap();
        assert_eq!(upright.dimensions(), size);
        for orientation in 2..=8 {
            let turned = open(path(orientation), &DecodeOptions::default()).unwrap();
            assert_eq!(turned.dimensions(), size, "{name}_{orientation}");
            let difference = mean_difference(&upright, &turned);
            assert!(difference < 12.0, "{name}_{orientation}: {difference}");
        }
    }
}

#[test]
#[ignore = "needs CAPTIONER_DATA/exif-orientation"]
fn orientation_can_be_ignored_as_transformers_does() {
    let path = shared_data("exif-orientation").join("Landscape_6.jpg");
    let orientation = Orientation::Ignore;
    let stored = open(
        path,
        &DecodeOptions {
            orientation,
            ..DecodeOptions::default()
        },
    )
    .unwrap();
    assert_eq!(stored.dimensions(), (1200, 1800));
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let total: u64 = a
        .iter()
        .zip(b.iter())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    total as f64 / a.len() as f64
}

#[test]
#[ignore = "needs CAPTIONER_DATA/pngsuite"]
fn png_suite_decodes_where_valid_and_is_a_named_error_where_broken() {
    let mut valid = 0;
    let mut broken = 0;
    for entry in std::fs::read_dir(shared_data("pngsuite")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".png") {
            continue;
        }
        let result = open(&path, &DecodeOptions::default());
        if name.starts_with('x') {
            let error = result.expect_err(&name).to_string();
            assert!(error.contains(&name) && error.contains(';'), "{error}");
            broken += 1;
        } else {
            let picture = result.unwrap_or_else(|error| panic!("{error}"));
            assert!(picture.width() > 0, "{name}");
            valid += 1;
        }
    }
    assert!(
        valid > 150 && broken == 14,
        "{valid} valid, {broken} broken"
    );
}
