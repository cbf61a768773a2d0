//! Files that ask for more than they are worth, and every limit that refuses them.

mod made_files;

use captioner_image::{
    DecodeLimits, DecodeOptions, ImageError, Orientation, RgbImage, decode, decode_frames,
    sample_frames,
};
use image::{DynamicImage, ImageFormat};
use made_files::{crc32, encoded, fixture, picture};
use std::io::Cursor;

/// The limit that was passed.
fn setting_of(error: &ImageError) -> &'static str {
    match error {
        ImageError::LimitExceeded { setting, .. } => setting,
        other => panic!("not a limit: {other}"),
    }
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
    type Change = fn(&mut DecodeLimits, u64);
    let strict: [(&str, u64, Change); 5] = [
        ("max_bytes", bytes.len() as u64, |limits, most| {
            limits.max_bytes = most
        }),
        ("max_width", 24, |limits, most| {
            limits.max_width = most as u32
        }),
        ("max_height", 16, |limits, most| {
            limits.max_height = most as u32
        }),
        ("max_pixels", 24 * 16, |limits, most| {
            limits.max_pixels = most
        }),
        ("max_memory", 24 * 16 * 6, |limits, most| {
            limits.max_memory = most
        }),
    ];
    for (setting, enough, change) in strict {
        let mut limits = DecodeLimits::unlimited();
        change(&mut limits, enough);
        decode(&bytes, &with(limits)).unwrap();
        change(&mut limits, enough - 1);
        let error = decode(&bytes, &with(limits)).unwrap_err().to_string();
        assert!(error.contains(setting), "{setting}: {error}");
    }
    decode(&bytes, &with(DecodeLimits::unlimited())).unwrap();
}

fn with_memory(max_memory: u64) -> DecodeOptions {
    let limits = DecodeLimits {
        max_memory,
        ..DecodeLimits::default()
    };
    DecodeOptions {
        limits,
        ..DecodeOptions::default()
    }
}

/// An uncompressed TIFF of one strip, with `samples` of 8 bits, whose pixels are missing. Three
/// samples are RGB, four CMYK.
fn tiff_that_promises(width: u32, height: u32, samples: u32, strip_bytes: u32) -> Vec<u8> {
    let (short, long) = (3_u16, 4_u16);
    let photometric = if samples == 4 { 5 } else { 2 };
    let entries = [
        (256, long, 1, width),
        (257, long, 1, height),
        (258, short, samples, 8), // where the bits of each sample stand
        (259, short, 1, 1),
        (262, short, 1, photometric),
        (273, long, 1, 8), // where the strip starts
        (277, short, 1, samples),
        (278, long, 1, height),
        (279, long, 1, strip_bytes),
    ];
    let mut bytes = b"II*\0\x10\0\0\0".to_vec();
    bytes.extend([8, 0].repeat(4));
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([u16::to_le_bytes(tag), kind.to_le_bytes()].concat());
        bytes.extend([u32::to_le_bytes(count), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn inks_of_a_tiff_count_against_the_limits() {
    let bytes = fixture("cmyk.tiff");
    let pixels = 16 * 21;
    let error = decode(&bytes, &with_memory(7 * pixels - 1)).unwrap_err();
    assert_eq!(setting_of(&error), "max_memory");
    decode(&bytes, &with_memory(7 * pixels + bytes.len() as u64)).unwrap();
    let error = decode(&bytes, &with_memory(7 * pixels)).unwrap_err(); // no memory for a strip
    assert!(
        matches!(error, ImageError::BeyondDecoderLimits { .. }),
        "{error}"
    );

    // More ink than the decoder's own limit of 256 MiB, but within ours: only the pixels lack.
    let bytes = tiff_that_promises(8192, 8200, 4, 1000);
    let limits = DecodeLimits::unlimited();
    let unlimited = DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    for options in [DecodeOptions::default(), unlimited] {
        let error = decode(&bytes, &options).unwrap_err();
        assert!(matches!(error, ImageError::Corrupt { .. }), "{error}");
        assert!(!error.to_string().contains("limit"), "{error}");
    }
}

#[test]
fn a_picture_that_exif_rotates_counts_twice() {
    let grey = image::GrayImage::from_pixel(20, 10, image::Luma([7]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(grey)
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    let mut chunk = b"eXIfII*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    chunk.extend(crc32(&chunk).to_be_bytes());
    let length = (chunk.len() as u32 - 8).to_be_bytes();
    let mut bytes = bytes.into_inner();
    bytes.splice(33..33, length.into_iter().chain(chunk)); // after the header

    let enough = with_memory(20 * 10 * 6);
    assert_eq!(decode(&bytes, &enough).unwrap().dimensions(), (10, 20));
    let less = with_memory(20 * 10 * 6 - 1);
    assert_eq!(
        setting_of(&decode(&bytes, &less).unwrap_err()),
        "max_memory"
    );
    let orientation = Orientation::Ignore;
    let unrotated = DecodeOptions {
        orientation,
        ..less
    };
    assert_eq!(decode(&bytes, &unrotated).unwrap().dimensions(), (20, 10));
}

#[test]
fn canvases_of_an_animation_and_all_copies_count_against_the_memory() {
    for name in ["animation.gif", "animation.png"] {
        let bytes = fixture(name);
        let (width, height) = decode(&bytes, &DecodeOptions::default())
            .unwrap()
            .dimensions();
        let two_frames = u64::from(width) * u64::from(height) * (12 + 2 * 3);
        for (options, fits) in [
            (with_memory(two_frames), true),
            (with_memory(two_frames - 1), false),
        ] {
            assert_eq!(decode_frames(&bytes, &options).is_ok(), fits, "{name}");
            assert_eq!(sample_frames(&bytes, 2, &options).is_ok(), fits, "{name}");
        }
    }
    let still = encoded(&picture(), ImageFormat::Png);
    let options = with_memory(24 * 16 * 3 * 5);
    assert_eq!(sample_frames(&still, 5, &options).unwrap().len(), 5);
    let error = sample_frames(&still, 6, &options).unwrap_err();
    assert_eq!(setting_of(&error), "max_memory");
}

#[test]
fn a_jpeg_that_promises_more_than_its_bytes_can_hold_is_refused() {
    let mut bytes = fixture("jpeg_420.jpg");
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x20, 0, 0x20, 0]); // 8192 x 8192
    let error = decode(&bytes, &DecodeOptions::default()).unwrap_err();
    assert!(matches!(error, ImageError::Corrupt { .. }), "{error}");
    let limits = DecodeLimits {
        max_pixels: 1 << 20,
        ..DecodeLimits::default()
    };
    let options = DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    let error = decode(&bytes, &options).unwrap_err();
    assert!(
        matches!(
            error,
            ImageError::LimitExceeded {
                setting: "max_pixels",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn more_frames_than_the_limit_are_a_named_error() {
    for name in ["animation.gif", "animation.png"] {
        let bytes = fixture(name);
        let frames = decode_frames(&bytes, &DecodeOptions::default()).unwrap();
        assert_eq!(frames.len(), 2, "{name}");
        assert_eq!(
            frames[0],
            decode(&bytes, &DecodeOptions::default()).unwrap(),
            "{name}"
        );
        let sampled = sample_frames(&bytes, 3, &DecodeOptions::default()).unwrap();
        assert_eq!(
            sampled,
            [&frames[0], &frames[0], &frames[1]].map(RgbImage::clone),
            "{name}"
        );

        let one = DecodeLimits {
            max_frames: 1,
            ..DecodeLimits::default()
        };
        let small = DecodeLimits {
            max_memory: frames[0].len() as u64 * 7 / 3,
            ..DecodeLimits::default()
        };
        let few_pixels = DecodeLimits {
            max_frame_pixels: frames[0].len() as u64 / 3 * 2 - 1,
            ..DecodeLimits::default()
        };
        for (limits, setting) in [
            (one, "max_frames"),
            (small, "max_memory"),
            (few_pixels, "max_frame_pixels"),
        ] {
            let options = DecodeOptions {
                limits,
                ..DecodeOptions::default()
            };
            let error = decode_frames(&bytes, &options).unwrap_err().to_string();
            assert!(error.contains(setting), "{name}: {error}");
            let error = sample_frames(&bytes, 1, &options).unwrap_err().to_string();
            assert!(error.contains(setting), "{name}: {error}");
        }
    }
}

/// A GIF with a canvas of `width` x `height` and `count` frames of one pixel each.
fn gif_of_tiny_frames(width: u16, height: u16, count: usize) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend(width.to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]); // two colours for all frames
    for _ in 0..count {
        bytes.extend([0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
    }
    bytes.push(0x3B);
    bytes
}

#[test]
fn tiny_frames_of_a_huge_canvas_are_refused_before_all_are_composed() {
    let bytes = gif_of_tiny_frames(2000, 1000, 3000);
    assert!(bytes.len() < 50_000);
    assert_eq!(DecodeLimits::default().max_frame_pixels, 1 << 31);
    let limits = DecodeLimits {
        max_frame_pixels: 3 * 2_000_000,
        ..DecodeLimits::default()
    };
    let options = DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    let refused = [
        sample_frames(&bytes, 6, &options).unwrap_err(),
        decode_frames(&bytes, &options).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(setting_of(&error), "max_frame_pixels", "{error}");
    }
    let mut huge = gif_of_tiny_frames(1, 1, 2);
    huge[24..28].copy_from_slice(&[0xFF, 0x0F, 0xFF, 0x0F]); // 4095 x 4095 on a canvas of one pixel
    let error = decode_frames(&huge, &options).unwrap_err();
    assert_eq!(setting_of(&error), "max_frame_pixels", "{error}");
    let few = gif_of_tiny_frames(2000, 1000, 3);
    assert_eq!(sample_frames(&few, 6, &options).unwrap().len(), 6);
}

#[test]
fn headers_that_promise_too_much_are_refused_before_memory_is_taken() {
    let side = 65_535_u16.to_le_bytes();
    let mut gif = gif_of_tiny_frames(1, 1, 2);
    gif[6..10].copy_from_slice(&[side, side].concat());

    let mut bmp = encoded(&picture(), ImageFormat::Bmp);
    for place in [18, 22] {
        bmp[place..place + 4].copy_from_slice(&65_535_u32.to_le_bytes());
    }

    // Lossless: 14 bits each of width and height, less 1, after a signature.
    let mut webp = encoded(&picture(), ImageFormat::WebP);
    let place = webp.windows(4).position(|name| name == b"VP8L").unwrap() + 9;
    assert_eq!(webp[place - 1], 0x2F);
    webp[place..place + 4].copy_from_slice(&0x0FFF_BFFE_u32.to_le_bytes());

    let mut animated = b"RIFF\x44\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0".to_vec();
    animated.extend([0xFE, 0xFF, 0, 0xFE, 0xFF, 0]); // the canvas, less 1
    animated.extend(b"ANIM\x06\0\0\0\0\0\0\0\0\0ANMF\x18\0\0\0");
    animated.extend([0; 16]);
    animated.extend(b"VP8L\0\0\0\0");

    let tiff = tiff_that_promises(65_535, 65_535, 3, 100);
    let inks = tiff_that_promises(65_535, 65_535, 4, 100);
    for (name, bytes) in [
        ("GIF", gif),
        ("BMP", bmp),
        ("WebP", webp),
        ("animated WebP", animated),
        ("TIFF", tiff),
        ("CMYK TIFF", inks),
    ] {
        assert!(bytes.len() < 2000, "{name}");
        let options = DecodeOptions::default();
        for error in [
            decode(&bytes, &options).unwrap_err(),
            decode_frames(&bytes, &options).unwrap_err(),
            sample_frames(&bytes, 6, &options).unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("number of pixels"),
                "{name}: {error}"
            );
            assert_eq!(setting_of(&error), "max_pixels", "{name}");
        }
    }
}
