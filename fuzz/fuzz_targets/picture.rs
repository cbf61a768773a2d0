//! Any bytes as a picture: an error, or pixels within the limits, the same from every source.

#![no_main]

use captioner_image::{
    Alpha, DecodeLimits, DecodeOptions, ImageProcessor, ImageProcessorConfig, Source, Workers,
    decode, decode_frames, sample_frames,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PROCESSOR: LazyLock<ImageProcessor> =
    LazyLock::new(|| ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap());
static WORKERS: LazyLock<Workers> = LazyLock::new(|| Workers::new(2).unwrap());

fuzz_target!(|data: &[u8]| {
    let limits = DecodeLimits {
        max_pixels: 1 << 20,
        max_memory: 64 << 20,
        max_frames: 20,
        ..DecodeLimits::default()
    };
    let options = DecodeOptions {
        limits,
        ..DecodeOptions::default()
    };
    // Decoded first, from its bytes, and by several threads: the same values, or an error each time.
    let source = Source::Encoded(data);
    let fused = PROCESSOR.resize(source, &options).ok();
    let shared = PROCESSOR.preprocess(&[source], &options, &WORKERS).ok();
    let decoded = decode(data, &options).ok().map(|picture| {
        assert!(picture.width() as u64 * picture.height() as u64 <= limits.max_pixels);
        PROCESSOR.resize(Source::Rgb(&picture), &options).unwrap()
    });
    assert_eq!(fused, decoded);
    let values = decoded.map(|picture| {
        let mut values = vec![0.0; picture.pixels().len()];
        PROCESSOR.normalize_into(&picture, &mut values).unwrap();
        values
    });
    assert_eq!(shared.map(|pixels| pixels.into_values()), values);
    let other = DecodeOptions {
        alpha: Alpha::Drop,
        jpeg_shorter_edge: Some(8),
        ..DecodeOptions::reference()
    };
    let _ = decode(data, &DecodeOptions { limits, ..other });
    if let Ok(frames) = decode_frames(data, &options) {
        assert!(frames.len() <= limits.max_frames);
        let sampled = sample_frames(data, 3, &options).unwrap();
        assert!(frames.is_empty() || sampled.len() == 3);
    }
});
