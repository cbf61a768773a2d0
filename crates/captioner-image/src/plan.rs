//! What part of a picture becomes which part of the result.

use crate::taps::Axis;
use crate::{CropSize, ImageError, ImageProcessorConfig, Size};

/// The most pixels of one processed picture, which matters where no crop bounds a long strip.
const MAX_OUTPUT_PIXELS: u64 = 1 << 26;

/// How a picture is resized and cropped.
pub(crate) struct Plan {
    pub(crate) x: AxisPlan,
    pub(crate) y: AxisPlan,
}

/// How one axis of the picture becomes that of the result.
pub(crate) struct AxisPlan {
    /// The resize, and the part of it that the crop keeps.
    pub(crate) axis: Axis,
    /// Where that part begins in the result; 0 unless there is padding.
    pub(crate) offset: usize,
    /// The result's length.
    pub(crate) output: usize,
}

impl Plan {
    /// The plan for a picture of this width and height.
    pub(crate) fn new(
        config: &ImageProcessorConfig,
        width: u32,
        height: u32,
    ) -> Result<Self, ImageError> {
        if width == 0 || height == 0 {
            return Err(ImageError::NoPixels { width, height });
        }
        let (new_width, new_height) = resized(config, width, height);
        let crop =
            |edge: fn(CropSize) -> u32| config.do_center_crop.then(|| edge(config.crop_size));
        let plan = |source: u32, resized: u64, crop: Option<u32>| {
            let output = crop.map_or(resized, u64::from);
            AxisPlan::new(source as usize, resized as usize, output as usize)
        };
        let x = plan(width, new_width, crop(|crop| crop.width));
        let y = plan(height, new_height, crop(|crop| crop.height));
        let (width, height) = (x.output as u64, y.output as u64);
        if width * height > MAX_OUTPUT_PIXELS {
            return Err(ImageError::OutputTooLarge {
                width,
                height,
                limit: MAX_OUTPUT_PIXELS,
            });
        }
        Ok(Self { x, y })
    }
}

impl AxisPlan {
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

/// Width and height after resizing, before cropping.
fn resized(config: &ImageProcessorConfig, width: u32, height: u32) -> (u64, u64) {
    let (w, h) = (u64::from(width), u64::from(height));
    match config.size {
        _ if !config.do_resize => (w, h),
        Size::Exact { height, width } => (width.into(), height.into()),
        Size::ShortestEdge(edge) if w <= h => (edge.into(), in_proportion(edge, h, w)),
        Size::ShortestEdge(edge) => (in_proportion(edge, w, h), edge.into()),
    }
}

/// Python's `int(edge * long / short)`: a division in 64-bit floats, cut off.
fn in_proportion(edge: u32, long: u64, short: u64) -> u64 {
    ((u64::from(edge) * long) as f64 / short as f64) as u64
}
