//! Kernels over `f32` slices for the CPU backend.
//!
//! Each is written once, as loops that the compiler turns into vector code, and runs with the
//! widest instructions of the machine. Work is cut by shape alone, so the number of threads
//! changes no bit of a result.

pub(crate) mod adamw;
pub(crate) mod attention;
pub(crate) mod cross_entropy;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod function;
pub(crate) mod layer_norm;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod product;
pub(crate) mod reduce;
pub(crate) mod storage;
pub(crate) mod vector;
