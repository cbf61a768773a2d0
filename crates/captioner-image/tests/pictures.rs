//! Files as people have them: broken, rotated, of every kind.

mod made_files;

use captioner_image::{
    DecodeLimits, DecodeOptions, ImageError, ImageProcessor, ImageProcessorConfig, Orientation,
    ResizedPicture, RgbImage, SixteenBit, Source, Workers, decode, decode_frames, open,
    sample_frames,
};
use image::{DynamicImage, ImageFormat};
use made_files::{crc32, encoded, fixture, picture};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;

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

#[test]
fn a_jpeg_cut_anywhere_is_a_named_error() {
    for name in [
        "jpeg_420.jpg",
        "jpeg_444_progressive.jpg",
        "jpeg_restarts.jpg",
        "jpeg_cmyk_False.jpg",
        "jpeg_high_grey.jpg",
    ] {
        let bytes = fixture(name);
        for end in (3..bytes.len()).step_by(7) {
            let error = decoded_and_fused(&bytes[..end]).unwrap_err();
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
                let _ = decoded_and_fused(&broken);
            }
        }
    }
}

/// The pixels of a picture that is decoded first and then resized, which those of its bytes must equal;
/// at a reduced size too.
fn decoded_and_fused(bytes: &[u8]) -> Result<ResizedPicture, ImageError> {
    let smaller = DecodeOptions {
        jpeg_shorter_edge: Some(20),
        ..DecodeOptions::default()
    };
    let _ = decoded_and_fused_with(bytes, &smaller);
    decoded_and_fused_with(bytes, &DecodeOptions::default())
}

fn decoded_and_fused_with(
    bytes: &[u8],
    options: &DecodeOptions,
) -> Result<ResizedPicture, ImageError> {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let decoded = decode(bytes, options).map(|picture| {
        let resized = processor.resize(Source::Rgb(&picture), options);
        resized.unwrap()
    });
    let fused = processor.resize(Source::Encoded(bytes), options);
    let text = |result: &Result<_, ImageError>| result.as_ref().err().map(ToString::to_string);
    assert_eq!(text(&fused), text(&decoded));
    assert_eq!(fused.ok(), decoded.as_ref().ok().cloned());
    decoded
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
            // The pictures are finely waved, which the two methods of shrinking treat differently.
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
        Source::Rgb8 {
            width: picture.width(),
            height: picture.height(),
            pixels: picture.as_raw(),
        },
    ];
    let workers = Workers::new(3).unwrap();
    let batch = processor.preprocess(&sources, &options, &workers).unwrap();
    assert_eq!(batch.shape(), [5, 3, 16, 16]);
    let alone = values(&processor, sources[3]);
    assert_eq!(batch.values(), alone.repeat(5));
    for source in sources {
        assert_eq!(*source.to_rgb(&options).unwrap(), picture);
    }
    let mut out = vec![0.0; 5 * 3 * 16 * 16];
    let size = processor.preprocess_into(&sources, &options, &workers, &mut out);
    assert_eq!(size.unwrap(), (16, 16));
    assert_eq!(out, batch.into_values());
    let video = processor.preprocess_frames(&sources, &options, &workers);
    assert_eq!(video.unwrap().shape(), [1, 5, 3, 16, 16]);
}

/// The pixel values of one picture.
fn values(processor: &ImageProcessor, source: Source) -> Vec<f32> {
    let resized = processor.resize(source, &DecodeOptions::default()).unwrap();
    let mut values = vec![0.0; resized.pixels().len()];
    processor.normalize_into(&resized, &mut values).unwrap();
    values
}

#[test]
fn no_pictures_are_a_named_error_and_no_panic() {
    for config in [ImageProcessorConfig::clip(16), uncropped(16)] {
        let processor = ImageProcessor::new(config).unwrap();
        let (options, workers) = (DecodeOptions::default(), Workers::new(2).unwrap());
        for error in [
            processor.preprocess(&[], &options, &workers).unwrap_err(),
            processor
                .preprocess_frames(&[], &options, &workers)
                .unwrap_err(),
            processor
                .preprocess_into(&[], &options, &workers, &mut [])
                .unwrap_err(),
        ] {
            assert!(matches!(error, ImageError::NoPictures), "{error}");
        }
    }
}

#[test]
fn raw_bytes_of_the_wrong_length_are_a_named_error() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let options = DecodeOptions::default();
    for (width, height, length) in [(2, 2, 11), (2, 2, 13), (0, 2, 0), (u32::MAX, u32::MAX, 3)] {
        let pixels = vec![0; length];
        let source = Source::Rgb8 {
            width,
            height,
            pixels: &pixels,
        };
        for error in [
            processor.resize(source, &options).unwrap_err(),
            source.to_rgb(&options).unwrap_err(),
        ] {
            assert!(
                matches!(
                    error,
                    ImageError::RawLength { .. } | ImageError::NoPixels { .. }
                ),
                "{error}"
            );
        }
    }
}

#[test]
fn a_resized_picture_of_another_size_than_its_slot_is_a_named_error() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let picture = picture();
    let resized = processor
        .resize(Source::Rgb(&picture), &DecodeOptions::default())
        .unwrap();
    assert!(resized.bytes() >= 3 * 16 * 16);
    let error = processor
        .normalize_into(&resized, &mut [0.0; 767])
        .unwrap_err();
    assert!(
        matches!(
            error,
            ImageError::OutputLength {
                expected: 768,
                given: 767,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_resized_is_named() {
    let processor = ImageProcessor::new(uncropped(4096)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strip.png");
    RgbImage::new(1, 60_000).save(&path).unwrap();
    let error = processor
        .resize(Source::File(&path), &DecodeOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("strip.png: the picture would become"),
        "{error}"
    );
}

fn uncropped(edge: u32) -> ImageProcessorConfig {
    let mut config = ImageProcessorConfig::clip(edge);
    config.do_center_crop = false;
    config
}

/// Only what the crop keeps is made of a JPEG's planes: wherever its edges fall, the values are those of
/// the whole picture.
#[test]
fn a_crop_of_any_size_is_a_part_of_the_whole_jpeg() {
    let options = DecodeOptions::default();
    for (name, wide) in [
        ("jpeg_wide_420.jpg", true),
        ("jpeg_wide_422.jpg", true),
        ("jpeg_high_420.jpg", false),
    ] {
        let bytes = fixture(name);
        let picture = decode(&bytes, &options).unwrap();
        for length in (2..=picture.width().max(picture.height())).step_by(2) {
            let mut config = ImageProcessorConfig::clip(16);
            config.do_resize = false;
            (config.crop_size.width, config.crop_size.height) = match wide {
                true => (length, 10),
                false => (10, length),
            };
            let processor = ImageProcessor::new(config).unwrap();
            let whole = processor.resize(Source::Rgb(&picture), &options);
            let part = processor.resize(Source::Encoded(&bytes), &options);
            assert!(part.unwrap() == whole.unwrap(), "{name} {length}");
        }
    }
}

#[test]
fn any_number_of_workers_and_pictures_gives_the_same_values() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(48)).unwrap();
    let options = DecodeOptions::default();
    let files = [
        "jpeg_wide_444.jpg",
        "jpeg_high_420.jpg",
        "rgb.png",
        "jpeg_444_progressive.jpg",
    ];
    let bytes = files.map(fixture);
    let sources = bytes.each_ref().map(|bytes| Source::Encoded(bytes));
    let alone = sources.map(|source| values(&processor, source));
    for threads in 1..=6 {
        let workers = Workers::new(threads).unwrap();
        for _ in 0..10 {
            for count in 1..=sources.len() {
                let batch = processor.preprocess(&sources[..count], &options, &workers);
                assert!(
                    batch.unwrap().values() == alone[..count].concat(),
                    "{threads} {count}"
                );
            }
        }
    }
}

#[test]
fn a_broken_picture_of_a_batch_is_named_by_its_place() {
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap();
    let picture = picture();
    let sources = [Source::Rgb(&picture), Source::Encoded(b"<html>")];
    let workers = Workers::new(1).unwrap();
    let error = processor.preprocess(&sources, &DecodeOptions::default(), &workers);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("picture 1: not a picture")
    );
}

#[test]
fn uncropped_pictures_of_several_sizes_make_no_batch() {
    let processor = ImageProcessor::new(uncropped(16)).unwrap();
    let (wide, high) = (RgbImage::new(40, 20), RgbImage::new(20, 40));
    let workers = Workers::new(1).unwrap();
    let sources = [Source::Rgb(&wide), Source::Rgb(&high), Source::Rgb(&wide)];
    let options = DecodeOptions::default();
    assert!(
        processor
            .preprocess(&sources[..1], &options, &workers)
            .is_ok()
    );
    let square = RgbImage::new(40, 40);
    let sources = [Source::Rgb(&wide), Source::Rgb(&square)];
    let error = processor
        .preprocess(&sources, &options, &workers)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("picture 1: 16 x 16") && error.contains("16 x 32") && error.contains("crop"),
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
            let rotated = open(path(orientation), &DecodeOptions::default()).unwrap();
            assert_eq!(rotated.dimensions(), size, "{name}_{orientation}");
            let difference = mean_difference(&upright, &rotated);
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
    let table: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&fixture("pngsuite.json")).unwrap();
    let mut valid = Vec::new();
    let mut broken = 0;
    for entry in std::fs::read_dir(shared_data("pngsuite")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".png") {
            continue;
        }
        let result = open(&path, &DecodeOptions::default());
        if !name.starts_with('x') {
            let picture = result.unwrap_or_else(|error| panic!("{error}"));
            assert!(picture.width() > 0, "{name}");
            valid.push(name);
            continue;
        }
        let error = result.expect_err(&name);
        assert!(error.to_string().contains(&name), "{error}");
        assert!(error.to_string().contains(';'), "{error}");
        let ImageError::File { source, .. } = error else {
            panic!("no file is named: {error}");
        };
        // Where the signature is broken, nothing says that it is a PNG.
        let signature = ["xcr", "xlf", "xs"]
            .iter()
            .any(|start| name.starts_with(start));
        match *source {
            ImageError::UnknownFormat => assert!(signature, "{name}"),
            ImageError::Corrupt { format, .. } => assert!(!signature && format == "PNG", "{name}"),
            other => panic!("{name}: {other}"),
        }
        broken += 1;
    }
    valid.sort();
    assert_eq!(valid, table.into_keys().collect::<Vec<_>>());
    assert_eq!((valid.len(), broken), (161, 14));
}
