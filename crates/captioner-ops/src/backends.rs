//! The list of backends that the operations run on, and what each needs: it stands here alone.

/// Declares a trait of operations, for all backends that are compiled in.
///
/// Burn's `Dispatch`, on which every public tensor lives, hands each operation to the backend of
/// its arguments. ndarray and the GPUs take the default bodies; `Flex` and `Autodiff` are
/// implemented beside the trait, because they do it in another way for each operation.
macro_rules! on_each_backend {
    (
        $(#[$attribute:meta])*
        pub(crate) trait $name:ident: Backend {
            $($operations:tt)*
        }
    ) => {
        $(#[$attribute])*
        #[burn::backend::backend_extension(
            Cube: cfg(any(feature = "cuda", feature = "wgpu", feature = "vulkan", feature = "metal")),
            Flex: cfg(feature = "flex"),
            NdArray: cfg(feature = "ndarray"),
            Autodiff,
            Fusion: cfg(feature = "fusion")
        )]
        pub(crate) trait $name: Backend {
            $($operations)*
        }

        #[cfg(feature = "ndarray")]
        impl $name for burn::backend::NdArray {}

        #[cfg(any(feature = "cuda", feature = "wgpu", feature = "vulkan", feature = "metal"))]
        impl $name for burn_cubecl::CubeBackend {}
    };
}
pub(crate) use on_each_backend;
