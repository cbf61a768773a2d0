//! Equality with the packages that papers use, on the fixtures of `tools/reference`.

mod coco;
mod fixture;
mod google_rouge;
mod jiwer;
mod jiwer_transforms;
mod sacrebleu;
