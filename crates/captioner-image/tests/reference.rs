//! Pixel values equal those of transformers' `CLIPImageProcessorPil` (Pillow), and decoded pictures
//! those of Pillow.
//!
//! `tools/reference/image_fixtures.py` made the pictures and what is expected of them.

use captioner_image::{
    Alpha, DecodeOptions, ImageProcessor, ImageProcessorConfig, Orientation, PixelValues, Source,
    Workers, decode_frames, open,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Processes a file from every source, which must give the same values: decoded before, from its
/// bytes, on several threads, and in the two steps of a cache.
fn process(file: &str, config: &Value) -> PixelValues {
    let config = ImageProcessorConfig::from_json(config).unwrap();
    let processor = ImageProcessor::new(config).unwrap();
    check_every_source(&processor, file, &DecodeOptions::default());
    check_every_source(&processor, file, &DecodeOptions::reference())
}

fn check_every_source(
    processor: &ImageProcessor,
    file: &str,
    options: &DecodeOptions,
) -> PixelValues {
    let path = fixture(file);
    let picture = open(&path, options).unwrap();
    let preprocess = |source, workers| processor.preprocess(&[source], options, workers).unwrap();
    let pixels = preprocess(Source::Rgb(&picture), &ONE);
    let raw = Source::Rgb8 {
        width: picture.width(),
        height: picture.height(),
        pixels: picture.as_raw(),
    };
    for source in [Source::File(&path), raw] {
        assert_eq!(preprocess(source, &ONE), pixels, "{file}");
        assert_eq!(preprocess(source, &THREE), pixels, "{file}");
        let resized = processor.resize(source, options).unwrap();
        assert_eq!(resized.size(), pixels.size(), "{file}");
        let mut values = vec![f32::NAN; resized.pixels().len()];
        processor.normalize_into(&resized, &mut values).unwrap();
        let bits = |values: &[f32]| {
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(&values), bits(pixels.values()), "{file}");
    }
    pixels
}

static ONE: LazyLock<Workers> = LazyLock::new(|| Workers::new(1).unwrap());
/// More than one, so that they share the work on a single picture.
static THREE: LazyLock<Workers> = LazyLock::new(|| Workers::new(3).unwrap());

#[test]
fn every_mode_shape_filter_and_crop_gives_pillows_pixels() {
    let cases = std::fs::read(fixture("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let expected = std::fs::read(fixture("expected.u8")).unwrap();
    let mut expected = expected.as_slice();
    let mut pictures = BTreeSet::new();
    for case in &cases {
        let file = case["file"].as_str().unwrap();
        pictures.insert(file);
        let pixels = process(file, &case["config"]);
        assert_eq!(case["output"], serde_json::json!(pixels.size()));
        let (own, rest) = expected.split_at(pixels.values().len());
        let differences = own
            .iter()
            .zip(pixels.values())
            .map(|(a, b)| (f32::from(*a) - b).abs());
        let different = differences.clone().filter(|&difference| difference > 0.0);
        let largest = differences.fold(0.0, f32::max);
        let count = different.count();
        // Asked for are 99.5 % and at most 1 off; more than that is reached.
        assert_eq!((count, largest), (0, 0.0), "{case}");
        expected = rest;
    }
    assert!(expected.is_empty());
    assert!(pictures.len() >= 40 && cases.len() > 160);
}

#[test]
fn rescaling_and_normalising_round_as_numpy() {
    let cases = std::fs::read(fixture("cases.json")).unwrap();
    let mut config = serde_json::from_slice::<Vec<Value>>(&cases).unwrap()[3]["config"].clone();
    config["do_rescale"] = true.into();
    config["do_normalize"] = true.into();
    let pixels = process("rgb.png", &config);
    let expected = std::fs::read(fixture("normalised.f32")).unwrap();
    let own: Vec<u8> = pixels
        .values()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    assert_eq!(own, expected);
}

#[test]
fn the_frames_of_an_animation_are_those_that_the_video_processor_sees() {
    let mut config = ImageProcessorConfig::video_mae(12);
    config.do_rescale = false;
    config.do_normalize = false;
    let processor = ImageProcessor::new(config).unwrap();
    let workers = Workers::new(2).unwrap();
    for (name, count) in [
        ("animation.gif", 2),
        ("animation.png", 2),
        ("animation.webp", 2),
        ("animation_alpha.webp", 4),
        ("animation_lossless.webp", 4),
    ] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let frames = decode_frames(&bytes, &DecodeOptions::reference()).unwrap();
        let frames: Vec<Source> = frames.iter().map(Source::Rgb).collect();
        let options = DecodeOptions::reference();
        let video = processor
            .preprocess_frames(&frames, &options, &workers)
            .unwrap();
        assert_eq!(video.shape(), [1, count, 3, 12, 12], "{name}");
        let expected = std::fs::read(fixture(&format!("{name}.frames.u8"))).unwrap();
        let expected: Vec<f32> = expected.into_iter().map(f32::from).collect();
        let pairs = video.values().iter().zip(&expected);
        let different = pairs.filter(|(own, expected)| own != expected).count();
        assert_eq!(
            (video.values().len(), different),
            (expected.len(), 0),
            "{name}"
        );
    }
}

/// FNV-1a, 64 bits.
fn fnv(data: &[u8]) -> String {
    let step = |value: u64, byte: &u8| (value ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    format!("{:016x}", data.iter().fold(0xCBF2_9CE4_8422_2325, step))
}

/// The names of the pictures in a folder whose pixels are not those of a table, which has at least
/// `count` of them.
fn different(folder: &Path, table: &str, count: usize, options: &DecodeOptions) -> Vec<String> {
    let table = std::fs::read(fixture(table)).unwrap();
    let table: BTreeMap<String, (u32, u32, String)> = serde_json::from_slice(&table).unwrap();
    assert!(table.len() >= count);
    let is_different = |(name, expected): (String, (u32, u32, String))| {
        let picture = open(folder.join(&name), options).unwrap();
        let own = (picture.width(), picture.height(), fnv(picture.as_raw()));
        (own != expected).then_some(name)
    };
    table.into_iter().filter_map(is_different).collect()
}

/// A folder of the data.
fn data(folder: &str) -> PathBuf {
    let data = std::env::var_os("CAPTIONER_DATA").expect("set CAPTIONER_DATA to the data folder");
    Path::new(&data).join(folder)
}

#[test]
fn transparency_is_left_out_as_transformers_4_did_where_asked() {
    let options = DecodeOptions {
        alpha: Alpha::Drop,
        ..DecodeOptions::reference()
    };
    let folder = fixture("");
    assert_eq!(
        different(&folder, "alpha_dropped.json", 5, &options),
        [""; 0]
    );
}

#[test]
#[ignore = "needs CAPTIONER_DATA/pngsuite"]
fn png_suite_has_the_size_and_colours_that_transformers_sees() {
    let folder = data("pngsuite");
    let reference = DecodeOptions::reference();
    assert_eq!(
        different(&folder, "pngsuite.json", 150, &reference),
        [""; 0]
    );
}

#[test]
#[ignore = "needs CAPTIONER_DATA/pngsuite"]
fn sixteen_bit_grey_of_png_suite_keeps_its_upper_bits() {
    let folder = data("pngsuite");
    let scaled = DecodeOptions::default();
    assert_eq!(
        different(&folder, "pngsuite_scaled.json", 3, &scaled),
        [""; 0]
    );
}

#[test]
#[ignore = "needs CAPTIONER_DATA/exif-orientation"]
fn rotated_photographs_have_pillows_pixels_upright_and_as_stored() {
    let folder = data("exif-orientation");
    let upright = DecodeOptions::default();
    assert_eq!(different(&folder, "exif.json", 16, &upright), [""; 0]);
    let stored = DecodeOptions {
        orientation: Orientation::Ignore,
        alpha: Alpha::Drop,
        ..upright
    };
    assert_eq!(
        different(&folder, "exif_ignored.json", 16, &stored),
        [""; 0]
    );
}

/// `tools/reference/check_saved.py` has both versions of transformers read these files.
#[test]
fn saved_settings_are_the_files_that_transformers_4_and_5_were_seen_to_read() {
    let old = serde_json::json!({
        "feature_extractor_type": "CLIPFeatureExtractor", "size": 40, "crop_size": 32, "resample": 2,
    });
    let clip = ImageProcessorConfig::from_json(&old).unwrap();
    for (name, config) in [
        ("clip", clip),
        ("video_mae", ImageProcessorConfig::video_mae(48)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let saved =
            std::fs::read_to_string(config.save_pretrained(folder.path()).unwrap()).unwrap();
        let seen = fixture("saved").join(name).join("preprocessor_config.json");
        assert_eq!(saved, std::fs::read_to_string(seen).unwrap(), "{name}");
    }
}
