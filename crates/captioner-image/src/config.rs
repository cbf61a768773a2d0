//! The settings of an image processor, as `preprocessor_config.json` spells them.

use crate::error::ConfigProblem;
use crate::{ImageError, InvalidSetting, Resample, files};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const CLIP_MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];
/// VideoMAE's own, transformers' `IMAGENET_STANDARD_MEAN` and `_STD`.
const STANDARD: [f64; 3] = [0.5; 3];

/// How pictures become pixel values. Every field has the name of its key in the JSON file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageProcessorConfig {
    /// `CLIPImageProcessor` or `VideoMAEImageProcessor`: which defaults absent keys have.
    pub image_processor_type: String,
    /// Resize to `size`.
    pub do_resize: bool,
    /// The size to resize to.
    pub size: Size,
    /// The filter to resize with.
    pub resample: Resample,
    /// Cut (or pad with black) to `crop_size` about the centre.
    pub do_center_crop: bool,
    /// The size to crop to.
    pub crop_size: CropSize,
    /// Multiply by `rescale_factor`.
    pub do_rescale: bool,
    /// The factor, by default 1/255.
    pub rescale_factor: f64,
    /// Subtract `image_mean` and divide by `image_std`.
    pub do_normalize: bool,
    /// Means of red, green and blue.
    pub image_mean: Vec<f64>,
    /// Standard deviations of red, green and blue.
    pub image_std: Vec<f64>,
    /// Kept for the reference's sake: pictures here are always RGB.
    pub do_convert_rgb: bool,
    /// Keys that say nothing to this crate; they are written back as they were.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a picture is resized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
#[non_exhaustive]
pub enum Size {
    /// The shorter edge becomes this long, the other in proportion.
    ShortestEdge(u32),
    /// Exactly so, whatever the proportions were.
    Exact {
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
    },
}

/// What a picture is cropped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct CropSize {
    /// Height in pixels.
    pub height: u32,
    /// Width in pixels.
    pub width: u32,
}

impl Default for ImageProcessorConfig {
    fn default() -> Self {
        Self::clip(224)
    }
}

impl ImageProcessorConfig {
    /// CLIP's processing for square pictures: bicubic, the centre, CLIP's mean and deviation.
    pub fn clip(image_size: u32) -> Self {
        Self {
            image_processor_type: "CLIPImageProcessor".to_owned(),
            do_resize: true,
            size: Size::ShortestEdge(image_size),
            resample: Resample::Bicubic,
            do_center_crop: true,
            crop_size: CropSize::square(image_size),
            do_rescale: true,
            rescale_factor: 1.0 / 255.0,
            do_normalize: true,
            image_mean: CLIP_MEAN.to_vec(),
            image_std: CLIP_STD.to_vec(),
            do_convert_rgb: true,
            extra: Map::new(),
        }
    }

    /// VideoMAE's processing, which GIT's video checkpoints use: bilinear, mean and deviation 0.5.
    pub fn video_mae(image_size: u32) -> Self {
        Self {
            image_processor_type: "VideoMAEImageProcessor".to_owned(),
            resample: Resample::Bilinear,
            image_mean: STANDARD.to_vec(),
            image_std: STANDARD.to_vec(),
            ..Self::clip(image_size)
        }
    }

    /// Reads the settings from a checkpoint's directory.
    ///
    /// They are in `processor_config.json` under `image_processor` (transformers 5), or else in
    /// `preprocessor_config.json`. Keys that are absent or null take the reference's defaults.
    ///
    /// # Errors
    /// When neither file holds them, or one is not a valid configuration.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self, ImageError> {
        files::load(dir.as_ref())
    }

    /// Writes `preprocessor_config.json`, which transformers 4 and 5 read, and returns its path.
    ///
    /// The file is written beside its place and then renamed, so it is never half there.
    ///
    /// # Errors
    /// When the directory cannot be made or the file not be written.
    pub fn save_pretrained(&self, dir: impl AsRef<Path>) -> Result<PathBuf, ImageError> {
        files::save(self, dir.as_ref())
    }

    /// Reads the settings from one JSON object. See [`Self::from_pretrained`].
    ///
    /// # Errors
    /// When the value is no object, a key has a value of the wrong kind, or `image_processor_type`
    /// is another one than [`Self::image_processor_type`] says.
    pub fn from_json(json: &Value) -> Result<Self, ImageError> {
        let given = json.as_object().ok_or(ConfigProblem::NotAnObject)?;
        let defaults = Self::defaults_of(given)?;
        let name = defaults.image_processor_type.clone();
        let mut merged = serde_json::to_value(defaults).map_err(malformed)?;
        for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            let each_channel = matches!(key.as_str(), "image_mean" | "image_std");
            merged[key] = match value {
                Value::Number(one) if each_channel => json!([one, one, one]),
                value => value.clone(),
            };
        }
        merged["image_processor_type"] = name.into();
        serde_json::from_value(merged).map_err(malformed)
    }

    /// What the type's absent keys mean. Another type would have other ones, and other steps.
    fn defaults_of(given: &Map<String, Value>) -> Result<Self, ImageError> {
        let set = |key| given.get(key).filter(|value| !value.is_null());
        let keys = ["image_processor_type", "feature_extractor_type"];
        let Some((key, value)) = keys.into_iter().find_map(|key| Some((key, set(key)?))) else {
            return Ok(Self::clip(224));
        };
        match value.as_str().map(type_name) {
            Some("CLIPImageProcessor" | "CLIPFeatureExtractor") => Ok(Self::clip(224)),
            Some("VideoMAEImageProcessor" | "VideoMAEFeatureExtractor") => Ok(Self::video_mae(224)),
            _ => Err(InvalidSetting {
                key,
                value: value.to_string(),
                help: "known are CLIPImageProcessor and VideoMAEImageProcessor, also with Fast or \
                       Pil at the end, CLIPFeatureExtractor and VideoMAEFeatureExtractor; name \
                       one of these and write out the keys in which yours differs",
            }
            .into()),
        }
    }
}

/// The processor's name without what says how it is computed.
fn type_name(name: &str) -> &str {
    let base = name.strip_suffix("Fast").or(name.strip_suffix("Pil"));
    base.unwrap_or(name)
}

fn malformed(error: serde_json::Error) -> ImageError {
    ConfigProblem::Json(error).into()
}

impl CropSize {
    /// The same height and width.
    pub fn square(edge: u32) -> Self {
        Self {
            height: edge,
            width: edge,
        }
    }
}

/// A whole number that fits in 32 bits.
fn length(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|length| u32::try_from(length).ok())
}

/// How many keys have a value: transformers 5 may write the others as null.
fn given(keys: &Map<String, Value>) -> usize {
    keys.values().filter(|value| !value.is_null()).count()
}

/// `{"height": h, "width": w}` or `[h, w]`.
fn height_and_width(value: &Value) -> Option<(u32, u32)> {
    let (height, width) = match value {
        Value::Object(keys) if given(keys) == 2 => (keys.get("height")?, keys.get("width")?),
        Value::Array(edges) if edges.len() == 2 => (&edges[0], &edges[1]),
        _ => return None,
    };
    Some((length(height)?, length(width)?))
}

/// `{"shortest_edge": n}`, or `n` as before transformers 4.26.
fn shortest_edge(value: &Value) -> Option<u32> {
    match value {
        Value::Object(keys) if given(keys) == 1 => length(keys.get("shortest_edge")?),
        value => length(value),
    }
}

impl TryFrom<Value> for Size {
    type Error = InvalidSetting;

    fn try_from(value: Value) -> Result<Self, InvalidSetting> {
        let exact = height_and_width(&value).map(|(height, width)| Self::Exact { height, width });
        let size = exact.or_else(|| shortest_edge(&value).map(Self::ShortestEdge));
        size.ok_or_else(|| InvalidSetting {
            key: "size",
            value: value.to_string(),
            help: "give {\"shortest_edge\": n}, {\"height\": h, \"width\": w} or a number",
        })
    }
}

impl From<Size> for Value {
    fn from(size: Size) -> Self {
        match size {
            Size::ShortestEdge(edge) => json!({ "shortest_edge": edge }),
            Size::Exact { height, width } => json!({ "height": height, "width": width }),
        }
    }
}

impl TryFrom<Value> for CropSize {
    type Error = InvalidSetting;

    fn try_from(value: Value) -> Result<Self, InvalidSetting> {
        let size = height_and_width(&value).map(|(height, width)| Self { height, width });
        let size = size.or_else(|| length(&value).map(Self::square));
        size.ok_or_else(|| InvalidSetting {
            key: "crop_size",
            value: value.to_string(),
            help: "give {\"height\": h, \"width\": w} or a number",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: Value) -> ImageProcessorConfig {
        ImageProcessorConfig::from_json(&json).unwrap()
    }

    #[test]
    fn old_and_new_spellings_mean_the_same() {
        let old = json!({"feature_extractor_type": "CLIPFeatureExtractor", "size": 480, "crop_size": 480});
        let new = json!({
            "image_processor_type": "CLIPImageProcessorFast",
            "size": {"shortest_edge": 480},
            "crop_size": {"height": 480, "width": 480},
        });
        let mut old = read(old);
        old.extra.clear();
        assert_eq!(old, read(new));
        assert_eq!(old, ImageProcessorConfig::clip(480));
    }

    #[test]
    fn absent_and_null_keys_take_the_defaults_of_their_type() {
        let video = json!({"image_processor_type": "VideoMAEImageProcessor", "image_mean": null});
        assert_eq!(read(video), ImageProcessorConfig::video_mae(224));
        assert_eq!(read(json!({})), ImageProcessorConfig::clip(224));
    }

    #[test]
    fn height_and_width_are_not_taken_for_a_shortest_edge() {
        let config = read(json!({"size": {"height": 10, "width": 20}}));
        assert_eq!(
            config.size,
            Size::Exact {
                height: 10,
                width: 20
            }
        );
    }

    #[test]
    fn keys_of_a_size_that_are_null_are_not_there() {
        let size =
            json!({"shortest_edge": 30, "longest_edge": null, "height": null, "width": null});
        assert_eq!(read(json!({"size": size})).size, Size::ShortestEdge(30));
        let crop = json!({"height": 10, "width": 20, "shortest_edge": null});
        let expected = CropSize {
            height: 10,
            width: 20,
        };
        assert_eq!(read(json!({"crop_size": crop})).crop_size, expected);
    }

    #[test]
    fn every_type_and_backend_of_the_family_is_known() {
        for (name, known) in [
            ("CLIPFeatureExtractor", ImageProcessorConfig::clip(224)),
            ("CLIPImageProcessor", ImageProcessorConfig::clip(224)),
            ("CLIPImageProcessorFast", ImageProcessorConfig::clip(224)),
            ("CLIPImageProcessorPil", ImageProcessorConfig::clip(224)),
            (
                "VideoMAEFeatureExtractor",
                ImageProcessorConfig::video_mae(224),
            ),
            (
                "VideoMAEImageProcessor",
                ImageProcessorConfig::video_mae(224),
            ),
            (
                "VideoMAEImageProcessorPil",
                ImageProcessorConfig::video_mae(224),
            ),
        ] {
            assert_eq!(read(json!({"image_processor_type": name})), known, "{name}");
        }
    }

    #[test]
    fn another_type_is_a_named_error_and_no_clip() {
        for (key, value) in [
            ("image_processor_type", json!("ViTImageProcessor")),
            ("image_processor_type", json!("BlipImageProcessorFast")),
            ("image_processor_type", json!("")),
            ("image_processor_type", json!(3)),
            ("feature_extractor_type", json!("ViTFeatureExtractor")),
        ] {
            let error = ImageProcessorConfig::from_json(&json!({ key: value.clone() }));
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&format!("{key} is {value}")), "{error}");
            assert!(error.contains("VideoMAEImageProcessor"), "{error}");
        }
        let old = json!({"image_processor_type": null, "feature_extractor_type": "VideoMAEFeatureExtractor"});
        assert_eq!(
            read(old).image_mean,
            ImageProcessorConfig::video_mae(224).image_mean
        );
        let null = json!({"image_processor_type": null});
        assert_eq!(read(null), ImageProcessorConfig::clip(224));
    }

    #[test]
    fn one_mean_stands_for_all_channels() {
        assert_eq!(read(json!({"image_mean": 0.25})).image_mean, [0.25; 3]);
    }

    #[test]
    fn unknown_keys_survive_writing() {
        let config = read(json!({"processor_class": "GitProcessor", "size": 64}));
        let written = serde_json::to_value(&config).unwrap();
        assert_eq!(written["processor_class"], "GitProcessor");
        assert_eq!(written["size"], json!({"shortest_edge": 64}));
        assert_eq!(written["resample"], 3);
        assert_eq!(read(written), config);
    }

    #[test]
    fn a_size_that_cannot_be_read_is_a_named_error() {
        for size in [
            json!("big"),
            json!(-1),
            json!({"longest_edge": 3}),
            json!([1, 2, 3]),
        ] {
            let error = ImageProcessorConfig::from_json(&json!({"size": size})).unwrap_err();
            assert!(error.to_string().contains("size is "), "{error}");
        }
        let error = ImageProcessorConfig::from_json(&json!({"crop_size": {"width": 3}}));
        assert!(error.unwrap_err().to_string().contains("crop_size is "));
    }

    #[test]
    fn a_file_that_is_no_object_is_a_named_error() {
        let error = ImageProcessorConfig::from_json(&json!([1])).unwrap_err();
        assert!(matches!(error, ImageError::Malformed(_)));
    }
}
