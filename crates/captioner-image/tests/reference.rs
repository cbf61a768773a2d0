//! Pixel values equal those of transformers' `CLIPImageProcessorPil` (Pillow), bit for bit.
//!
//! `tools/reference/image_fixtures.py` made the pictures and what is expected of them.

use captioner_image::{DecodeOptions, ImageProcessor, ImageProcessorConfig, open};
use serde_json::Value;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn process(file: &str, config: &Value) -> captioner_image::PixelValues {
    let config = ImageProcessorConfig::from_json(config).unwrap();
    let picture = open(fixture(file), &DecodeOptions::default()).unwrap();
    ImageProcessor::new(config)
        .unwrap()
        .preprocess(&picture)
        .unwrap()
}

#[test]
fn every_mode_filter_and_crop_gives_pillows_pixels() {
    let cases = std::fs::read(fixture("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let expected = std::fs::read(fixture("expected.u8")).unwrap();
    let mut expected = expected.as_slice();
    for case in &cases {
        let pixels = process(case["file"].as_str().unwrap(), &case["config"]);
        assert_eq!(
            case["output"],
            serde_json::json!([pixels.height, pixels.width])
        );
        let (own, rest) = expected.split_at(pixels.data.len());
        let different = own
            .iter()
            .zip(&pixels.data)
            .filter(|(a, b)| f32::from(**a) != **b);
        assert_eq!(different.count(), 0, "{case}");
        expected = rest;
    }
    assert!(expected.is_empty() && cases.len() > 15);
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
        .data
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    assert_eq!(own, expected);
}
