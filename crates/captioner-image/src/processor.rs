//! RGB pictures to normalised pixel values.

use crate::jpeg::Jpeg;
use crate::pixels::Spread;
use crate::resize::{Resize, Run};
use crate::taps::Axis;
use crate::{ImageError, ImageProcessorConfig, Size};
use image::RgbImage;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The longest edge that a configuration may ask for; no vision encoder reads larger pictures.
const MAX_EDGE: u32 = 4096;
/// The most pixels of one processed picture, which matters where no crop bounds a long strip.
const MAX_OUTPUT_PIXELS: u64 = 1 << 26;

/// Makes of a picture what a vision encoder reads, as transformers' `CLIPImageProcessor` does.
#[derive(Debug, Clone)]
pub struct ImageProcessor {
    config: ImageProcessorConfig,
    /// For each channel, the pixel value of each byte: rescaling and normalising, done beforehand.
    values: Box<[[f32; 256]; 3]>,
}

/// One processed picture: `[3, height, width]`, red plane first, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelValues {
    /// Height in pixels.
    pub height: u32,
    /// Width in pixels.
    pub width: u32,
    /// `3 * height * width` values.
    pub data: Vec<f32>,
}

impl ImageProcessor {
    /// A processor for these settings.
    ///
    /// # Errors
    /// When a setting cannot be used: a size of 0 or beyond 4096, other than three means or
    /// deviations, a deviation of 0, a number that is not finite.
    pub fn new(config: ImageProcessorConfig) -> Result<Self, ImageError> {
        validate(&config)?;
        let values = Box::new([0, 1, 2].map(|channel| value_table(&config, channel)));
        Ok(Self { config, values })
    }

    /// The processor of a checkpoint's directory. See [`ImageProcessorConfig::from_pretrained`].
    ///
    /// # Errors
    /// When there are no settings, or they cannot be used.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self, ImageError> {
        Self::new(ImageProcessorConfig::from_pretrained(dir)?)
    }

    /// Writes the settings. See [`ImageProcessorConfig::save_pretrained`].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_pretrained(&self, dir: impl AsRef<Path>) -> Result<PathBuf, ImageError> {
        self.config.save_pretrained(dir)
    }

    /// The settings.
    pub fn config(&self) -> &ImageProcessorConfig {
        &self.config
    }

    /// Height and width of every result, when the settings alone decide it.
    pub fn output_size(&self) -> Option<(u32, u32)> {
        let config = &self.config;
        match config.size {
            _ if config.do_center_crop => Some((config.crop_size.height, config.crop_size.width)),
            Size::Exact { height, width } if config.do_resize => Some((height, width)),
            _ => None,
        }
    }

    /// Height and width of the result for a picture of `width` and `height`.
    ///
    /// # Errors
    /// When the picture has no pixels, or the result would be larger than 2^26 pixels.
    pub fn output_size_of(&self, width: u32, height: u32) -> Result<(u32, u32), ImageError> {
        let (x, y) = self.plan(width, height)?;
        Ok((y.output as u32, x.output as u32)) // both at most MAX_OUTPUT_PIXELS
    }

    /// Processes one picture into `out`, which holds `3 * height * width` values afterwards.
    ///
    /// # Errors
    /// When `out` has another length, or as [`Self::output_size_of`].
    pub fn preprocess_into(&self, picture: &RgbImage, out: &mut [f32]) -> Result<(), ImageError> {
        self.process_into(picture, Spread::Alone, out)
    }

    /// [`Self::preprocess_into`] on one or several threads.
    pub(crate) fn process_into(
        &self,
        picture: &RgbImage,
        spread: Spread,
        out: &mut [f32],
    ) -> Result<(), ImageError> {
        let plans = self.plan(picture.width(), picture.height())?;
        let resize = self.checked_resize(&plans, out)?;
        self.write(&resize.run(picture, spread), &plans, spread, out);
        Ok(())
    }

    /// Decodes and processes a JPEG that isn't to be turned, as [`Self::preprocess_into`] does. Only
    /// what the crop keeps becomes RGB.
    pub(crate) fn process_jpeg_into(
        &self,
        jpeg: Jpeg,
        spread: Spread,
        out: &mut [f32],
    ) -> Result<(), ImageError> {
        let (width, height) = jpeg.size();
        let plans = self.plan(width as u32, height as u32)?; // 16 bits in the file
        let resize = self.checked_resize(&plans, out)?;
        let mut run = Run::new(&resize, spread);
        jpeg.read(&resize.used(), spread, &mut |planes, rows| {
            run.advance(planes, rows);
            if rows == height {
                self.write(&run, &plans, spread, out);
            }
        })
    }

    /// The resize of these plans, whose result must fit `out`.
    fn checked_resize(&self, (x, y): &(Plan, Plan), out: &[f32]) -> Result<Resize, ImageError> {
        let expected = 3 * x.output * y.output;
        if out.len() != expected {
            return Err(ImageError::OutputLength {
                height: y.output as u32,
                width: x.output as u32,
                expected,
                given: out.len(),
            });
        }
        Ok(Resize::new(x.axis, y.axis, self.config.resample))
    }

    /// Processes one picture.
    ///
    /// # Errors
    /// As [`Self::output_size_of`].
    pub fn preprocess(&self, picture: &RgbImage) -> Result<PixelValues, ImageError> {
        let (height, width) = self.output_size_of(picture.width(), picture.height())?;
        let mut data = vec![0.0; 3 * height as usize * width as usize];
        self.preprocess_into(picture, &mut data)?;
        Ok(PixelValues {
            height,
            width,
            data,
        })
    }

    /// How each direction is resized and cropped.
    fn plan(&self, width: u32, height: u32) -> Result<(Plan, Plan), ImageError> {
        if width == 0 || height == 0 {
            return Err(ImageError::NoPixels { width, height });
        }
        let (new_width, new_height) = self.resized(width, height);
        let crop = self.config.do_center_crop.then_some(self.config.crop_size);
        let plan = |source: u32, resized: u64, crop: Option<u32>| {
            let output = crop.map_or(resized, u64::from);
            Plan::new(source as usize, resized as usize, output as usize)
        };
        let x = plan(width, new_width, crop.map(|crop| crop.width));
        let y = plan(height, new_height, crop.map(|crop| crop.height));
        let (width, height) = (x.output as u64, y.output as u64);
        if width * height > MAX_OUTPUT_PIXELS {
            return Err(ImageError::OutputTooLarge {
                width,
                height,
                limit: MAX_OUTPUT_PIXELS,
            });
        }
        Ok((x, y))
    }

    /// Width and height after resizing, before cropping.
    fn resized(&self, width: u32, height: u32) -> (u64, u64) {
        let (w, h) = (u64::from(width), u64::from(height));
        match self.config.size {
            _ if !self.config.do_resize => (w, h),
            Size::Exact { height, width } => (width.into(), height.into()),
            Size::ShortestEdge(edge) if w <= h => (edge.into(), in_proportion(edge, h, w)),
            Size::ShortestEdge(edge) => (in_proportion(edge, w, h), edge.into()),
        }
    }

    /// The pixel values of a resized picture. What it does not cover is black, as the reference pads
    /// before it normalises.
    fn write(&self, run: &Run, (x, y): &(Plan, Plan), spread: Spread, out: &mut [f32]) {
        let write = |(place, values): (usize, &mut [f32])| {
            let (channel, row) = (place / y.output, place % y.output);
            let table = &self.values[channel];
            let row = row.checked_sub(y.offset).filter(|&row| row < y.axis.length);
            if row.is_none() || x.axis.length < x.output {
                values.fill(table[0]);
            }
            if let Some(row) = row {
                let covered = &mut values[x.offset..][..x.axis.length];
                run.row(channel, row, table, covered);
            }
        };
        match spread {
            Spread::Alone => out.chunks_exact_mut(x.output).enumerate().for_each(write),
            Spread::Pool(pool) => pool.install(|| {
                let rows = out.par_chunks_exact_mut(x.output).with_min_len(64);
                rows.enumerate().for_each(write);
            }),
        }
    }
}

/// One direction of the way from the picture to the result.
struct Plan {
    /// The resize, and the part of it that the crop keeps.
    axis: Axis,
    /// Where that part begins in the result; 0 unless there is padding.
    offset: usize,
    /// The result's length.
    output: usize,
}

impl Plan {
    /// A crop of `output` about the centre, with the rounding of transformers' `center_crop`.
    fn new(source: usize, resized: usize, output: usize) -> Self {
        Self {
            axis: Axis {
                source,
                resized,
                start: resized.saturating_sub(output) / 2,
                length: resized.min(output),
            },
            offset: output.saturating_sub(resized).div_ceil(2),
            output,
        }
    }
}

/// Python's `int(edge * long / short)`: a division in 64-bit floats, cut off.
fn in_proportion(edge: u32, long: u64, short: u64) -> u64 {
    ((u64::from(edge) * long) as f64 / short as f64) as u64
}

/// The pixel value of each byte, with the reference's precisions: the product in 64 bits, the
/// normalisation in 32.
fn value_table(config: &ImageProcessorConfig, channel: usize) -> [f32; 256] {
    std::array::from_fn(|byte| {
        let mut value = byte as f32;
        if config.do_rescale {
            value = (byte as f64 * config.rescale_factor) as f32;
        }
        if config.do_normalize {
            let (mean, std) = (config.image_mean[channel], config.image_std[channel]);
            value = (value - mean as f32) / std as f32;
        }
        value
    })
}

fn validate(config: &ImageProcessorConfig) -> Result<(), ImageError> {
    let size = match config.size {
        Size::ShortestEdge(edge) => [edge, edge],
        Size::Exact { height, width } => [height, width],
    };
    let crop = [config.crop_size.height, config.crop_size.width];
    if config.do_resize {
        check_edges("size", size)?;
    }
    if config.do_center_crop {
        check_edges("crop_size", crop)?;
    }
    if config.do_rescale && !config.rescale_factor.is_finite() {
        let value = config.rescale_factor.to_string();
        return Err(invalid(
            "rescale_factor",
            value,
            "give a finite number, such as 1/255",
        ));
    }
    if config.do_normalize {
        check_channels("image_mean", &config.image_mean, |mean| mean.is_finite())?;
        check_channels("image_std", &config.image_std, |std| {
            std.is_finite() && std as f32 != 0.0
        })?;
    }
    Ok(())
}

fn check_edges(key: &'static str, edges: [u32; 2]) -> Result<(), ImageError> {
    match edges
        .into_iter()
        .find(|edge| !(1..=MAX_EDGE).contains(edge))
    {
        Some(edge) => Err(invalid(key, edge.to_string(), "give from 1 to 4096 pixels")),
        None => Ok(()),
    }
}

fn check_channels(
    key: &'static str,
    channels: &[f64],
    good: impl Fn(f64) -> bool,
) -> Result<(), ImageError> {
    if channels.len() == 3 && channels.iter().all(|&channel| good(channel)) {
        return Ok(());
    }
    let value = format!("{channels:?}");
    Err(invalid(
        key,
        value,
        "give three finite numbers (and no deviation of 0)",
    ))
}

fn invalid(key: &'static str, value: String, mend: &'static str) -> ImageError {
    ImageError::InvalidSetting { key, value, mend }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(size: u32) -> ImageProcessor {
        ImageProcessor::new(ImageProcessorConfig::clip(size)).unwrap()
    }

    fn refused(change: impl FnOnce(&mut ImageProcessorConfig)) -> &'static str {
        let mut config = ImageProcessorConfig::clip(8);
        change(&mut config);
        match ImageProcessor::new(config) {
            Err(ImageError::InvalidSetting { key, .. }) => key,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        assert_eq!(
            refused(|config| config.size = Size::ShortestEdge(0)),
            "size"
        );
        assert_eq!(
            refused(|config| config.size = Size::ShortestEdge(1 << 20)),
            "size"
        );
        assert_eq!(refused(|config| config.crop_size.width = 0), "crop_size");
        assert_eq!(
            refused(|config| config.rescale_factor = f64::NAN),
            "rescale_factor"
        );
        assert_eq!(
            refused(|config| config.image_mean = vec![0.5]),
            "image_mean"
        );
        assert_eq!(refused(|config| config.image_std[1] = 0.0), "image_std");
        assert_eq!(refused(|config| config.image_std[2] = 1e-60), "image_std");
    }

    #[test]
    fn settings_of_steps_that_are_off_do_not_matter() {
        let mut config = ImageProcessorConfig::clip(8);
        config.do_normalize = false;
        config.image_std = vec![];
        ImageProcessor::new(config).unwrap();
    }

    #[test]
    fn a_buffer_of_the_wrong_length_is_a_named_error() {
        let error = clip(8)
            .preprocess_into(&RgbImage::new(9, 9), &mut [0.0; 191])
            .unwrap_err();
        let expected = 192;
        assert!(
            matches!(error, ImageError::OutputLength { expected: e, given: 191, .. } if e == expected)
        );
    }

    #[test]
    fn a_picture_without_pixels_is_a_named_error() {
        let error = clip(8).preprocess(&RgbImage::new(0, 9)).unwrap_err();
        assert!(matches!(error, ImageError::NoPixels { .. }));
    }

    #[test]
    fn a_long_strip_costs_no_more_than_its_crop() {
        // Resized whole, it would be 224 x 14,680,064 pixels: 9.9 GB.
        let strip = RgbImage::new(1, 65_535);
        assert_eq!(
            clip(224).preprocess(&strip).unwrap().data.len(),
            3 * 224 * 224
        );
    }

    #[test]
    fn a_long_strip_without_a_crop_is_refused() {
        let mut config = ImageProcessorConfig::clip(224);
        config.do_center_crop = false;
        let processor = ImageProcessor::new(config).unwrap();
        let error = processor.preprocess(&RgbImage::new(1, 65_535)).unwrap_err();
        assert!(matches!(
            error,
            ImageError::OutputTooLarge { width: 224, .. }
        ));
    }

    #[test]
    fn proportions_are_kept_and_the_rest_is_cut_off() {
        let mut config = ImageProcessorConfig::clip(224);
        config.do_center_crop = false;
        let processor = ImageProcessor::new(config).unwrap();
        assert_eq!(processor.output_size_of(640, 480).unwrap(), (224, 298)); // 298.67
        assert_eq!(processor.output_size_of(480, 640).unwrap(), (298, 224));
        assert_eq!(processor.output_size(), None);
    }

    #[test]
    fn a_small_picture_is_padded_with_black_before_normalising() {
        let mut config = ImageProcessorConfig::clip(4);
        config.do_resize = false;
        let processor = ImageProcessor::new(config).unwrap();
        let pixels = processor
            .preprocess(&RgbImage::from_pixel(1, 1, image::Rgb([255; 3])))
            .unwrap();
        let black = (0.0 - 0.481_454_66_f32) / 0.268_629_54;
        let white = (1.0 - 0.481_454_66_f32) / 0.268_629_54;
        let red = &pixels.data[..16];
        assert_eq!(red.iter().filter(|&&value| value == black).count(), 15);
        assert_eq!(red[2 * 4 + 2], white); // the reference pads one more before than after
    }

    #[test]
    fn saved_settings_come_back() {
        let folder = std::env::temp_dir().join(format!("captioner-image-{}", std::process::id()));
        let processor = ImageProcessor::new(ImageProcessorConfig::video_mae(32)).unwrap();
        let path = processor.save_pretrained(&folder).unwrap();
        assert!(path.ends_with("preprocessor_config.json"));
        let loaded = ImageProcessor::from_pretrained(&folder).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(loaded.config(), processor.config());
        assert_eq!(files, 1); // no scratch file is left
    }

    #[test]
    fn nested_settings_of_transformers_5_go_first() {
        let folder = std::env::temp_dir().join(format!("captioner-nested-{}", std::process::id()));
        ImageProcessorConfig::clip(32)
            .save_pretrained(&folder)
            .unwrap();
        let nested = r#"{"image_processor": {"size": {"shortest_edge": 64}}}"#;
        std::fs::write(folder.join("processor_config.json"), nested).unwrap();
        let config = ImageProcessorConfig::from_pretrained(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(config.size, Size::ShortestEdge(64));
    }

    #[test]
    fn saving_leaves_no_older_nested_settings_to_be_read_first() {
        let folder = tempfile::tempdir().unwrap();
        let nested = r#"{"image_processor": {"size": 64}, "processor_class": "GitProcessor"}"#;
        let file = folder.path().join("processor_config.json");
        std::fs::write(&file, nested).unwrap();
        let config = ImageProcessorConfig::clip(32);
        config.save_pretrained(folder.path()).unwrap();
        assert_eq!(
            ImageProcessorConfig::from_pretrained(folder.path()).unwrap(),
            config
        );
        assert!(
            std::fs::read_to_string(&file)
                .unwrap()
                .contains("GitProcessor")
        );
    }

    #[test]
    fn a_directory_without_settings_is_a_named_error() {
        let error = ImageProcessor::from_pretrained("no/such/folder").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no/such/folder: no preprocessor_config.json")
        );
    }
}
