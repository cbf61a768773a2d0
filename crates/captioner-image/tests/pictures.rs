//! Files as people have them: broken, rotated, far too large.

use captioner_image::{
    DecodeLimits, DecodeOptions, ImageError, ImageProcessor, ImageProcessorConfig, Orientation,
    RgbImage, SixteenBit, Source, Workers, decode, decode_frames, open, sample_frames,
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
    let error = decode(&bytes, &with_memory(7 * pixels)).unwrap_err(); // no room for a strip
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
fn a_picture_that_exif_turns_counts_twice() {
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
    let unturned = DecodeOptions {
        orientation,
        ..less
    };
    assert_eq!(decode(&bytes, &unturned).unwrap().dimensions(), (20, 10));
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

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
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
fn a_jpeg_cut_anywhere_is_a_named_error() {
    for name in [
        "jpeg_420.jpg",
        "jpeg_444_progressive.jpg",
        "jpeg_restarts.jpg",
        "jpeg_cmyk_False.jpg",
    ] {
        let bytes = fixture(name);
        for end in (3..bytes.len()).step_by(7) {
            let error = decode(&bytes[..end], &DecodeOptions::default()).unwrap_err();
            assert!(error.to_string().contains("JPEG"), "{name} {end}: {error}");
        }
    }
}

#[test]
fn a_jpeg_with_any_byte_broken_never_panics() {
    for name in [
        "jpeg_422.jpg",
        "jpeg_420_progressive.jpg",
        "jpeg_restarts.jpg",
    ] {
        let bytes = fixture(name);
        for place in 2..bytes.len() {
            for value in [0x00, 0xFF, bytes[place] ^ 0x10] {
                let mut broken = bytes.clone();
                broken[place] = value;
                let _ = decode(&broken, &DecodeOptions::default());
            }
        }
    }
}

/// The mean of each square of pixels.
fn shrunk(picture: &RgbImage, by: u32) -> RgbImage {
    let size = |length: u32| length.div_ceil(by);
    RgbImage::from_fn(size(picture.width()), size(picture.height()), |x, y| {
        let (right, below) = ((x + 1) * by, (y + 1) * by);
        let mut sums = [0_u32; 4];
        for (x, y) in (y * by..below.min(picture.height()))
            .flat_map(|y| (x * by..right.min(picture.width())).map(move |x| (x, y)))
        {
            let pixel = picture.get_pixel(x, y).0;
            sums = [
                sums[0] + u32::from(pixel[0]),
                sums[1] + u32::from(pixel[1]),
                sums[2] + u32::from(pixel[2]),
                sums[3] + 1,
            ];
        }
        image::Rgb([0, 1, 2].map(|channel| (sums[channel] / sums[3]) as u8))
    })
}

#[test]
fn a_jpeg_decoded_smaller_looks_like_the_whole_one_shrunk() {
    for name in [
        "jpeg_444.jpg",
        "jpeg_420.jpg",
        "jpeg_420_progressive.jpg",
        "jpeg_grey.jpg",
    ] {
        let bytes = fixture(name);
        let whole = decode(&bytes, &DecodeOptions::default()).unwrap();
        let shorter = whole.width().min(whole.height());
        for by in [1, 2, 4, 8] {
            let jpeg_shorter_edge = Some(shorter / by);
            let options = DecodeOptions {
                jpeg_shorter_edge,
                ..DecodeOptions::default()
            };
            let small = decode(&bytes, &options).unwrap();
            let expected = shrunk(&whole, by);
            assert_eq!(small.dimensions(), expected.dimensions(), "{name}");
            // The pictures are finely waved, which the two ways of shrinking treat differently.
            let difference = mean_difference(&small, &expected);
            assert!(difference < 12.0, "{name} by {by}: {difference}");
        }
    }
}

#[test]
fn a_jpeg_is_never_decoded_smaller_than_asked() {
    let bytes = fixture("jpeg_420.jpg"); // 53 x 37
    for (wanted, expected) in [(1, 5), (5, 5), (6, 10), (19, 19), (20, 37), (1000, 37)] {
        let options = DecodeOptions {
            jpeg_shorter_edge: Some(wanted),
            ..DecodeOptions::default()
        };
        assert_eq!(
            decode(&bytes, &options).unwrap().height(),
            expected,
            "{wanted}"
        );
    }
}

#[test]
fn sixteen_bit_grey_is_scaled_or_clipped_as_asked() {
    let grey = image::ImageBuffer::from_pixel(2, 1, image::Luma([0x1234_u16]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(grey)
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    let with = |sixteen_bit| DecodeOptions {
        sixteen_bit,
        ..DecodeOptions::default()
    };
    let dynamic = image::load_from_memory(bytes.get_ref()).unwrap();
    assert!(matches!(dynamic, DynamicImage::ImageLuma16(_)));
    for source in [Source::Encoded(bytes.get_ref()), Source::Dynamic(&dynamic)] {
        let scaled = source.to_rgb(&with(SixteenBit::Scale)).unwrap();
        let clipped = source.to_rgb(&with(SixteenBit::Clip)).unwrap();
        assert_eq!((scaled.as_raw()[0], clipped.as_raw()[0]), (0x12, 255));
    }
}

/// Found by fuzzing: each made a decoder panic.
#[test]
fn pictures_that_once_broke_a_decoder_are_named_errors() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/broken");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let error = open(&path, &DecodeOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("broken") && !error.contains("gave up"),
            "{error}"
        );
        let bytes = std::fs::read(&path).unwrap();
        assert!(decode_frames(&bytes, &DecodeOptions::default()).is_err());
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn a_palette_that_breaks_the_rules_is_a_named_error() {
    let bytes = fixture("palette.png");
    let place = bytes.windows(4).position(|kind| kind == b"PLTE").unwrap();
    let length = u32::from_be_bytes(bytes[place - 4..place].try_into().unwrap()) as usize;
    for colours in [0, 1, 257] {
        let mut palette = b"PLTE".to_vec();
        palette.resize(4 + 3 * colours, 7);
        let mut changed = bytes[..place - 4].to_vec();
        changed.extend((3 * colours as u32).to_be_bytes());
        changed.extend_from_slice(&palette);
        changed.extend(crc32(&palette).to_be_bytes());
        changed.extend_from_slice(&bytes[place + 4 + length + 4..]);
        let error = decode(&changed, &DecodeOptions::default()).unwrap_err();
        assert!(
            matches!(error, ImageError::Corrupt { .. }),
            "{colours}: {error}"
        );
        assert!(!error.to_string().contains("gave up"), "{colours}: {error}");
    }
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
        for (limits, setting) in [(one, "max_frames"), (small, "max_memory")] {
            let options = DecodeOptions {
                limits,
                ..DecodeOptions::default()
            };
            let error = decode_frames(&bytes, &options).unwrap_err().to_string();
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
    let few = gif_of_tiny_frames(2000, 1000, 3);
    assert_eq!(sample_frames(&few, 6, &options).unwrap().len(), 6);
}

#[test]
fn a_still_picture_is_a_video_of_one_frame() {
    let bytes = fixture("rgb.png");
    assert_eq!(
        decode_frames(&bytes, &DecodeOptions::default())
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        sample_frames(&bytes, 6, &DecodeOptions::default())
            .unwrap()
            .len(),
        6
    );
}

#[test]
fn a_batch_from_any_source_is_each_picture_alone() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let options = DecodeOptions::default();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rgb.png");
    let bytes = std::fs::read(&path).unwrap();
    let picture = decode(&bytes, &options).unwrap();
    let dynamic = DynamicImage::from(picture.clone());
    let sources = [
        Source::Encoded(&bytes),
        Source::File(&path),
        Source::Dynamic(&dynamic),
        Source::Rgb(&picture),
    ];
    let workers = Workers::new(3).unwrap();
    let batch = processor
        .preprocess_batch(&sources, &options, &workers)
        .unwrap();
    let alone = processor.preprocess(&picture).unwrap();
    assert_eq!((batch.rows, batch.height, batch.width), (4, 16, 16));
    assert_eq!(batch.data, alone.data.repeat(4));
    let none = processor.preprocess_batch(&[], &options, &workers).unwrap();
    assert_eq!((none.rows, none.data.len()), (0, 0));
}

#[test]
fn a_broken_picture_of_a_batch_is_named_by_its_place() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let picture = picture();
    let sources = [Source::Rgb(&picture), Source::Encoded(b"<html>")];
    let workers = Workers::new(1).unwrap();
    let error = processor.preprocess_batch(&sources, &DecodeOptions::default(), &workers);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("picture 1: not a picture")
    );
}

#[test]
fn uncropped_pictures_of_several_sizes_make_no_batch() {
    let mut config = ImageProcessorConfig::clip(16);
    config.do_center_crop = false;
    let processor = ImageProcessor::new(config).unwrap();
    let (wide, high) = (RgbImage::new(40, 20), RgbImage::new(20, 40));
    let workers = Workers::new(1).unwrap();
    let sources = [Source::Rgb(&wide), Source::Rgb(&high), Source::Rgb(&wide)];
    let options = DecodeOptions::default();
    assert!(
        processor
            .preprocess_batch(&sources[..1], &options, &workers)
            .is_ok()
    );
    let square = RgbImage::new(40, 40);
    let sources = [Source::Rgb(&wide), Source::Rgb(&square)];
    let error = processor
        .preprocess_batch(&sources, &options, &workers)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("picture 1") && error.contains("crop"),
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
