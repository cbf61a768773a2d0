//! Pictures for people: sample grids and loss and metric curves.
//!
//! [`sample_grid`] sets pictures side by side with their captions beneath, [`curves`] draws
//! what a training run logged, and [`write_png`] puts either on disk. The typeface is compiled
//! in, so nothing here needs a font file or a system library.
//!
//! ```
//! use captioner_report::{Captioned, CurveOptions, GridOptions, Note, Series, colour};
//! use captioner_report::{curves, sample_grid, write_png};
//! use image::{Rgb, RgbImage};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let scratch = tempfile::tempdir()?;
//! # let folder = scratch.path();
//! let picture = RgbImage::from_pixel(64, 48, Rgb([0, 114, 178]));
//! let items = [
//!     Captioned::new(&picture, "true: a plain blue picture")
//!         .with_note(Note::new("predicted: a blue picture", colour::VERMILLION)),
//! ];
//! let sheet = sample_grid(&items, &GridOptions::default())?;
//! write_png(&sheet, folder.join("samples.png"))?;
//!
//! let loss = Series::new("training loss", vec![(1.0, 4.2), (50.0, 0.9), (100.0, 0.2)]);
//! let options = CurveOptions { title: Some("Loss".into()), log_y: true, ..Default::default() };
//! write_png(&curves(&[loss], &options)?, folder.join("loss.png"))?;
//! # Ok(())
//! # }
//! ```

mod axis;
mod canvas;
mod chart;
pub mod colour;
mod curves;
mod error;
mod grid;
mod legend;
mod png;
mod stroke;
mod text;

pub use curves::{CurveOptions, Series, curves};
pub use error::ReportError;
pub use grid::{Captioned, GridOptions, Note, sample_grid};
pub use png::write_png;
