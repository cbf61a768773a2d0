//! Device choice, and the tensor operations that captioning models are made of.
//!
//! Every operation has one meaning, written with [`burn`] tensors, and runs on whatever device
//! its arguments live on. Nothing here falls back to a default device: the caller opens one.
//!
//! ```
//! use captioner_ops::burn::tensor::Tensor;
//! use captioner_ops::{DeviceSpec, gelu};
//!
//! # fn main() -> Result<(), captioner_ops::DeviceError> {
//! let device = "auto".parse::<DeviceSpec>()?.open()?;
//! let x = Tensor::<1>::from_data([-1.0, 0.0, 1.0], &device);
//! let y = gelu(x).into_data().try_to_vec::<f32>().unwrap();
//! assert!((y[2] - 0.841_345).abs() < 1e-5);
//! # Ok(())
//! # }
//! ```
//!
//! # Devices
//! Each backend is a cargo feature: `flex` (the CPU, on by default), `ndarray` (the CPU, for
//! comparison), `cuda`, `wgpu`, `vulkan` and `metal`. Several can be compiled into one program,
//! which chooses among them when it runs: see [`DeviceSpec`]. With none of them all compiles, and
//! opening a device is the error that names them, so that a library can leave the choice to the
//! program.
//!
//! # Panics
//! As in Burn, shapes that don't fit each other are mistakes of the program, not of its user: the
//! operations state them and panic, with the shapes in the message. What a user names, the
//! device, gives errors.

#![cfg_attr(
    feature = "ndarray",
    allow(
        deprecated,
        reason = "ndarray is kept for comparison until Burn 0.23 drops it"
    )
)]
#![cfg_attr(
    not(any(
        feature = "flex",
        feature = "ndarray",
        feature = "cuda",
        feature = "wgpu",
        feature = "vulkan",
        feature = "metal"
    )),
    allow(
        unused_variables,
        reason = "without a backend Burn's dispatch has nothing to hand arguments to"
    )
)]

/// The Burn that the tensors here are made of. Its version is pinned exactly (`=0.22.1`): a program
/// that names Burn through this, instead of a dependency of its own, has the one that fits.
pub use burn;

mod activation;
mod attention;
mod backends;
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
pub use attention::{
    KeyValue, attention, causal_mask, cross_attention, masked_attention, merge_heads,
    prefix_attention, split_heads,
};
pub use cross_entropy::cross_entropy;
pub use device::{DeviceError, DeviceSpec, is_cpu};
pub use dropout::dropout;
pub use linear::linear;
pub use normalization::layer_norm;
pub use optimizer::{AdamWStep, adamw, scale, sum_of_squares};
pub use worker::on_worker;
