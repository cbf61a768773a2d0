//! The settings of an image processor at work: RGB pictures to normalised pixel values.

use crate::bands::RgbView;
use crate::plan::Plan;
use crate::resize::{Resize, StreamingResize};
use crate::{ImageError, ImageProcessorConfig, InvalidSetting, Size};
use captioner_jpeg::Jpeg;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The longest edge that a configuration may ask for; no vision encoder reads larger pictures.
const MAX_EDGE: u32 = 4096;

/// Makes of a picture what a vision encoder reads, as transformers' `CLIPImageProcessor` does.
#[derive(Debug, Clone)]
pub struct ImageProcessor {
    config: ImageProcessorConfig,
    /// For each channel, the pixel value of each byte: rescaling and normalising, done beforehand.
    tables: Box<[[f32; 256]; 3]>,
}

/// Where a picture's values go: `3 * height * width` of them.
pub(crate) struct Output<'a, T> {
    /// For each channel, what each resized byte becomes.
    pub(crate) tables: &'a [[T; 256]; 3],
    /// The threads that share the work; `None` for the calling one alone.
    pub(crate) pool: Option<&'a ThreadPool>,
    pub(crate) values: &'a mut [T],
}

impl ImageProcessor {
    /// A processor for these settings.
    ///
    /// # Errors
    /// When a setting cannot be used: a size of 0 or beyond 4096, other than three means or
    /// deviations, a deviation of 0, a number that is not finite.
    pub fn new(config: ImageProcessorConfig) -> Result<Self, ImageError> {
        validate(&config)?;
        let tables = Box::new([0, 1, 2].map(|channel| value_table(&config, channel)));
        Ok(Self { config, tables })
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
    pub fn output_size(&self) -> Option<(usize, usize)> {
        let config = &self.config;
        let (height, width) = match config.size {
            _ if config.do_center_crop => (config.crop_size.height, config.crop_size.width),
            Size::Exact { height, width } if config.do_resize => (height, width),
            _ => return None,
        };
        Some((height as usize, width as usize))
    }

    /// Height and width of the result for a picture of `width` and `height`.
    ///
    /// # Errors
    /// When the picture has no pixels, or the result would be larger than 2^26 pixels.
    pub fn output_size_of(&self, width: u32, height: u32) -> Result<(usize, usize), ImageError> {
        let plan = Plan::new(&self.config, width, height)?;
        Ok((plan.y.output, plan.x.output))
    }

    /// For each channel, the pixel value of each byte.
    pub(crate) fn tables(&self) -> &[[f32; 256]; 3] {
        &self.tables
    }

    /// Resizes and crops a decoded picture.
    pub(crate) fn process_into<T: Copy + Send + Sync>(
        &self,
        picture: RgbView,
        output: Output<T>,
    ) -> Result<(), ImageError> {
        // From a picture's 32 bits.
        let plan = Plan::new(&self.config, picture.width as u32, picture.height as u32)?;
        let resize = self.checked_resize(&plan, &output)?;
        write(&resize.run(&picture, output.pool), &plan, output);
        Ok(())
    }

    /// Decodes, resizes and crops a JPEG that isn't to be rotated. Only what the crop keeps becomes
    /// RGB.
    pub(crate) fn process_jpeg_into<T: Copy + Send + Sync>(
        &self,
        jpeg: Jpeg,
        output: Output<T>,
    ) -> Result<(), ImageError> {
        let (width, height) = jpeg.size();
        let plan = Plan::new(&self.config, width, height)?;
        let resize = self.checked_resize(&plan, &output)?;
        let pool = output.pool;
        let mut resizing = StreamingResize::new(&resize, pool);
        let mut output = Some(output);
        jpeg.decode_planes(&resize.used(), pool, &mut |planes, rows| {
            resizing.advance(planes, rows);
            if rows == height as usize
                && let Some(output) = output.take()
            {
                write(&resizing, &plan, output);
            }
        })?;
        Ok(())
    }

    /// The resize of this plan, whose result must fit the output.
    fn checked_resize<T>(&self, plan: &Plan, output: &Output<T>) -> Result<Resize, ImageError> {
        let (height, width) = (plan.y.output, plan.x.output);
        let (expected, given) = (3 * height * width, output.values.len());
        if given != expected {
            return Err(ImageError::OutputLength {
                height,
                width,
                expected,
                given,
            });
        }
        Ok(Resize::new(plan.x.axis, plan.y.axis, self.config.resample))
    }
}

/// The values of a resized picture. What it does not cover is black, as the reference pads before it
/// normalises.
fn write<T: Copy + Send + Sync>(resized: &StreamingResize, plan: &Plan, output: Output<T>) {
    let Plan { x, y } = plan;
    let write = |(place, values): (usize, &mut [T])| {
        let (channel, row) = (place / y.output, place % y.output);
        let table = &output.tables[channel];
        let row = row.checked_sub(y.offset).filter(|&row| row < y.axis.length);
        if row.is_none() || x.axis.length < x.output {
            values.fill(table[0]);
        }
        if let Some(row) = row {
            let covered = &mut values[x.offset..][..x.axis.length];
            resized.row(channel, row, table, covered);
        }
    };
    match output.pool {
        None => {
            let rows = output.values.chunks_exact_mut(x.output);
            rows.enumerate().for_each(write);
        }
        Some(pool) => pool.install(|| {
            let rows = output.values.par_chunks_exact_mut(x.output);
            rows.with_min_len(64).enumerate().for_each(write);
        }),
    }
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

fn invalid(key: &'static str, value: String, help: &'static str) -> ImageError {
    InvalidSetting { key, value, help }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, PixelValues, Source, Workers};
    use image::RgbImage;

    fn clip(size: u32) -> ImageProcessor {
        ImageProcessor::new(ImageProcessorConfig::clip(size)).unwrap()
    }

    /// The values of one picture.
    fn processed(
        processor: &ImageProcessor,
        picture: &RgbImage,
    ) -> Result<PixelValues, ImageError> {
        let sources = [Source::Rgb(picture)];
        processor.preprocess(
            &sources,
            &DecodeOptions::default(),
            &Workers::new(1).unwrap(),
        )
    }

    /// What is wrong with a picture of a batch.
    fn inner(error: ImageError) -> ImageError {
        match error {
            ImageError::Picture { source, .. } => *source,
            other => panic!("no picture is named: {other}"),
        }
    }

    fn refused(change: impl FnOnce(&mut ImageProcessorConfig)) -> &'static str {
        let mut config = ImageProcessorConfig::clip(8);
        change(&mut config);
        match ImageProcessor::new(config) {
            Err(ImageError::InvalidSetting(setting)) => setting.key,
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
        let (picture, options) = (RgbImage::new(9, 9), DecodeOptions::default());
        let error = clip(8)
            .preprocess_into(
                &[Source::Rgb(&picture)],
                &options,
                &Workers::new(1).unwrap(),
                &mut [0.0; 191],
            )
            .unwrap_err();
        let expected = 192;
        assert!(
            matches!(error, ImageError::OutputLength { expected: e, given: 191, .. } if e == expected)
        );
    }

    #[test]
    fn a_picture_without_pixels_is_a_named_error() {
        let error = processed(&clip(8), &RgbImage::new(0, 9)).unwrap_err();
        assert!(matches!(inner(error), ImageError::NoPixels { .. }));
    }

    #[test]
    fn a_long_strip_costs_no_more_than_its_crop() {
        // Resized whole, it would be 224 x 14,680,064 pixels: 9.9 GB.
        let strip = RgbImage::new(1, 65_535);
        assert_eq!(
            processed(&clip(224), &strip).unwrap().shape(),
            [1, 3, 224, 224]
        );
    }

    #[test]
    fn a_long_strip_without_a_crop_is_refused() {
        let mut config = ImageProcessorConfig::clip(224);
        config.do_center_crop = false;
        let processor = ImageProcessor::new(config).unwrap();
        let error = processed(&processor, &RgbImage::new(1, 65_535)).unwrap_err();
        assert!(matches!(
            inner(error),
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
        let white = RgbImage::from_pixel(1, 1, image::Rgb([255; 3]));
        let pixels = processed(&processor, &white).unwrap();
        let black = (0.0 - 0.481_454_66_f32) / 0.268_629_54;
        let white = (1.0 - 0.481_454_66_f32) / 0.268_629_54;
        let red = &pixels.values()[..16];
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
