//! Flags of how rows are used: which captions, and how pictures are varied.

use captioner::train::{
    Augmentation, CaptionChoice, ColorJitter, PictureTransforms, PreparedSet, RandomResizedCrop,
    TrainError,
};
use clap::{ArgAction, Args};

/// How the rows of the training set are used.
#[derive(Args)]
pub(crate) struct RowFlags {
    /// Captions to learn from: `random` draws one each time a picture is seen, `first` takes the
    /// first, `all` has a sample for each in every epoch.
    #[arg(long, default_value_t = CaptionChoice::Random, value_name = "WHICH")]
    captions: CaptionChoice,

    /// Train on a random part of each picture: its least and largest share of the area and, after
    /// them, of width by height, as torchvision's RandomResizedCrop: `0.5,1` or `0.08,1,0.75,1.33`.
    #[arg(long, value_name = "LEAST,MOST")]
    random_resized_crop: Option<RandomResizedCrop>,

    /// Flip training pictures from left to right with this probability, but none whose caption says
    /// left or right. [without a value: 0.5]
    #[arg(long, num_args = 0..=1, default_value_t = 0.0, default_missing_value = "0.5",
          hide_default_value = true, value_name = "P")]
    horizontal_flip: f64,

    /// Change brightness, contrast and saturation of training pictures by up to this much; or one
    /// number each and, fourth, the hue's, as torchvision's ColorJitter: `0.1` or `0.4,0.4,0.2,0.1`.
    #[arg(long, value_name = "SHARE")]
    color_jitter: Option<ColorJitter>,

    /// Rotate, scale, move, tint and partly erase training pictures a little. [default: true for
    /// fresh weights, false with --checkpoint]
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true",
          value_name = "BOOL")]
    augmentation: Option<bool>,
}

impl RowFlags {
    /// The set as training sees it. Fresh weights see few pictures: each is augmented every time it
    /// is used, unless the flags say otherwise.
    pub(crate) fn training(
        &self,
        set: PreparedSet,
        fresh_weights: bool,
    ) -> Result<PreparedSet, TrainError> {
        let augments = self.augmentation.unwrap_or(fresh_weights);
        set.with_augmentation(augments.then(Augmentation::default))
            .with_caption_choice(self.captions)
            .with_transforms(PictureTransforms {
                random_resized_crop: self.random_resized_crop,
                horizontal_flip: self.horizontal_flip,
                color_jitter: self.color_jitter.unwrap_or_default(),
            })
    }
}
