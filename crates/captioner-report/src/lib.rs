//! Pictures for people: sample grids and loss and metric curves.
//!
//! [`sample_grid`] sets pictures side by side with their captions beneath, as a picture that
//! [`write_png`] puts on disk; its typeface is compiled in. [`curves_svg`] draws what a training
//! run logged as an SVG document, for [`write_svg`]; its text is set by the browser that shows
//! it. So nothing here needs a font file or a system library.
//!
//! ```
//! use captioner_report::{Captioned, CurveOptions, GridOptions, Note, Series, colour};
//! use captioner_report::{curves_svg, sample_grid, write_png, write_svg};
//! use image::{Rgb, RgbImage};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let scratch = tempfile::tempdir()?;
//! # let folder = scratch.path();
//! let picture = RgbImage::from_pixel(64, 48, Rgb([0, 114, 178]));
//! let items = [
//!     Captioned::new(&picture, "true: a picture all in blue")
//!         .with_note(Note::new("predicted: a blue picture", colour::VERMILLION)),
//! ];
//! let sheet = sample_grid(&items, &GridOptions::default())?;
//! write_png(&sheet, folder.join("samples.png"))?;
//!
//! let loss = Series::new("training", vec![(50.0, 3.9), (100.0, 0.9), (150.0, 0.2)]);
//! let evaluation = Series::new("held out", vec![(100.0, 1.1), (150.0, 0.3)]);
//! let options = CurveOptions {
//!     title: Some("Loss, nats per token".into()),
//!     log_y: true,
//!     ..CurveOptions::default()
//! };
//! write_svg(&curves_svg(&[loss, evaluation], &options)?, folder.join("loss.svg"))?;
//! # Ok(())
//! # }
//! ```

mod axis;
mod canvas;
mod chart;
pub mod colour;
mod curves;
mod data_uri;
mod description;
mod error;
mod grid;
mod legend;
mod lines;
mod png;
mod svg;
mod svg_file;
mod text;

pub use curves::{CurveOptions, Series, curves_svg};
pub use data_uri::data_uri;
pub use error::ReportError;
pub use grid::{Captioned, GridOptions, Note, sample_grid};
pub use png::write_png;
pub use svg_file::write_svg;
