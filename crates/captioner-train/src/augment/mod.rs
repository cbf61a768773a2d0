//! Random changes of training pictures.

mod augmentation;
mod color_jitter;
mod crop;
mod sides;
mod transforms;

pub use augmentation::Augmentation;
pub use color_jitter::ColorJitter;
pub use crop::RandomResizedCrop;
pub(crate) use sides::names_a_side;
pub use transforms::PictureTransforms;
