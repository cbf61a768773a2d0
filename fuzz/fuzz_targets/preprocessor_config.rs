//! Any `preprocessor_config.json`: an error, or settings that survive writing and process a picture.

#![no_main]

use captioner_image::{DecodeOptions, ImageProcessor, ImageProcessorConfig, RgbImage, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) else {
        return;
    };
    let Ok(config) = ImageProcessorConfig::from_json(&json) else {
        return;
    };
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(ImageProcessorConfig::from_json(&written).unwrap(), config);

    let Ok(processor) = ImageProcessor::new(config) else {
        return;
    };
    for (width, height) in [(5, 9), (40, 3)] {
        let Ok((rows, columns)) = processor.output_size_of(width, height) else {
            continue;
        };
        // The largest results are a matter of memory and time only.
        if rows * columns <= 1 << 20 {
            let picture = RgbImage::new(width, height);
            let resized = processor
                .resize(Source::Rgb(&picture), &DecodeOptions::default())
                .unwrap();
            assert_eq!(resized.size(), (rows, columns));
            let mut values = vec![0.0; 3 * rows * columns];
            processor.normalize_into(&resized, &mut values).unwrap();
        }
    }
});
