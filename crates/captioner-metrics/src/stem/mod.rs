//! Stemmers: words without their endings.

mod porter;

pub(crate) use porter::porter_stem;
