//! Any bytes as a picture: an error, or pixels within the limits, by every way of decoding.

#![no_main]

use captioner_image::{
    Alpha, DecodeLimits, DecodeOptions, ImageProcessor, ImageProcessorConfig, decode,
    decode_frames, sample_frames,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PROCESSOR: LazyLock<ImageProcessor> =
    LazyLock::new(|| ImageProcessor::new(ImageProcessorConfig::clip(16)).unwrap());

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
    if let Ok(picture) = decode(data, &options) {
        assert!(picture.width() as u64 * picture.height() as u64 <= limits.max_pixels);
        PROCESSOR.preprocess(&picture).unwrap();
    }
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
