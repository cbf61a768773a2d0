//! Device choice, and the tensor operations that GIT is made of.
//!
//! Every operation has one meaning, written with [`burn`] tensors, and runs on whatever device
//! its arguments live on. Nothing here falls back to a default device: the caller opens one.
//!
//! ```
//! use burn::tensor::Tensor;
//! use captioner_ops::{DeviceSpec, gelu};
//!
//! # fn main() -> Result<(), captioner_ops::DeviceError> {
//! let device = "flex".parse::<DeviceSpec>()?.open()?;
//! let x = Tensor::<1>::from_data([-1.0, 0.0, 1.0], &device);
//! let y = gelu(x).into_data().try_to_vec::<f32>().unwrap();
//! assert!((y[2] - 0.841_345).abs() < 1e-5);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    feature = "ndarray",
    allow(
        deprecated,
        reason = "ndarray is kept for comparison until Burn 0.23 drops it"
    )
)]

pub use burn;

mod activation;
mod attention;
mod cross_entropy;
mod device;
mod dropout;
#[cfg(feature = "flex")]
mod kernels;
mod linear;
mod normalization;
mod optimizer;
mod rows;
mod worker;

pub use activation::{gelu, quick_gelu};
pub use attention::{KeyValue, attention, causal_mask, merge_heads, prefix_attention, split_heads};
pub use cross_entropy::cross_entropy;
pub use device::{DeviceError, DeviceSpec};
pub use dropout::dropout;
pub use linear::linear;
pub use normalization::layer_norm;
pub use optimizer::{AdamWStep, adamw, scale, sum_of_squares};
pub use worker::on_worker;
