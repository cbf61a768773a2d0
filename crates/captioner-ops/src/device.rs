//! Choosing a device by name.

use std::fmt;
use std::str::FromStr;

#[allow(
    unused_imports,
    reason = "which of them is used depends on the features"
)]
use burn::tensor::{Device, DeviceKind, DeviceType};
use thiserror::Error;

/// Which device to compute on, as a user names it: `auto`, `flex`, `ndarray`, `cuda`, `wgpu`,
/// `vulkan` or `metal`, and `cuda:1` for the second of several.
///
/// Each backend is a cargo feature of its name. Every name can be parsed; opening one whose
/// feature is off is an error that names the features that are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    backend: Backend,
    index: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Auto,
    Cuda,
    Metal,
    Vulkan,
    Wgpu,
    Flex,
    NdArray,
}

/// Every backend, whether compiled in or not. `auto` takes the first that is compiled in and
/// present.
const BACKENDS: [Backend; 6] = [
    Backend::Cuda,
    Backend::Metal,
    Backend::Vulkan,
    Backend::Wgpu,
    Backend::Flex,
    Backend::NdArray,
];

/// Why a device can't be had.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is none of a backend.
    #[error(
        "unknown device '{0}': use auto, flex, ndarray, cuda, wgpu, vulkan or metal, \
         with ':1' behind it for the second of several"
    )]
    Unknown(String),
    /// What stands behind the colon is not a whole number.
    #[error("device '{backend}:{index}' has no whole number behind the colon, as in '{backend}:1'")]
    Index {
        /// The backend's name.
        backend: &'static str,
        /// What stands behind the colon.
        index: String,
    },
    /// `auto` with an index.
    #[error("device 'auto:{0}': auto takes no index; name the backend, as in 'cuda:{0}'")]
    AutoIndex(usize),
    /// The backend was left out when the program was built.
    #[error(
        "device '{0}' is not compiled in (compiled in: {compiled}): \
         build with the cargo feature '{0}', or use a device that is",
        compiled = compiled_names()
    )]
    NotCompiled(&'static str),
    /// No backend at all was compiled in.
    #[error(
        "no device is compiled in: build with at least one of the cargo features {features}",
        features = names(|_| true)
    )]
    NoneCompiled,
    /// `auto` found nothing to compute on.
    #[error(
        "no device of those that are compiled in ({compiled}) is on this machine: check the \
         driver, or build with the cargo feature 'flex' to compute on the CPU",
        compiled = compiled_names()
    )]
    NoneFound,
    /// The machine has no such device.
    #[error(
        "no {backend} device {index} on this machine ({found} found): \
         check the driver, or use the device 'auto'"
    )]
    Absent {
        /// The backend that was asked for.
        backend: &'static str,
        /// The index that was asked for.
        index: usize,
        /// How many there are.
        found: usize,
    },
    /// The driver was found but did not come up.
    #[error("the {backend} device did not start: {reason}")]
    Failed {
        /// The backend that was asked for.
        backend: &'static str,
        /// What the driver said.
        reason: String,
    },
}

impl DeviceSpec {
    /// The first GPU that is compiled in and present, else the CPU.
    pub const AUTO: Self = Self {
        backend: Backend::Auto,
        index: None,
    };

    /// Opens the device, without recording of gradients: call `Device::autodiff` for training.
    ///
    /// # Errors
    /// When the backend is not compiled in, the machine has no such device, or its driver fails.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self.backend {
            Backend::Auto => open_auto(),
            backend => open(backend, self.index.unwrap_or(0)),
        }
    }
}

impl FromStr for DeviceSpec {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (wanted, index) = match text.split_once(':') {
            None => (text, None),
            Some((wanted, index)) => (wanted, Some(index)),
        };
        let mut known = [Backend::Auto].into_iter().chain(BACKENDS);
        let backend = known.find(|backend| name(*backend) == wanted);
        let backend = backend.ok_or_else(|| DeviceError::Unknown(text.to_owned()))?;
        let number = |index: &str| {
            index.parse().map_err(|_| DeviceError::Index {
                backend: name(backend),
                index: index.to_owned(),
            })
        };
        match (backend, index.map(number).transpose()?) {
            (Backend::Auto, Some(index)) => Err(DeviceError::AutoIndex(index)),
            (backend, index) => Ok(Self { backend, index }),
        }
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(self.backend))?;
        self.index.map_or(Ok(()), |index| write!(f, ":{index}"))
    }
}

/// What a user calls it, which is also the cargo feature that brings it.
fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Auto => "auto",
        Backend::Cuda => "cuda",
        Backend::Metal => "metal",
        Backend::Vulkan => "vulkan",
        Backend::Wgpu => "wgpu",
        Backend::Flex => "flex",
        Backend::NdArray => "ndarray",
    }
}

/// Of a backend that is compiled in, what lists the machine's devices without starting any.
fn enumerator(backend: Backend) -> Option<fn() -> Vec<Device>> {
    match backend {
        #[cfg(feature = "cuda")]
        Backend::Cuda => Some(|| Device::enumerate(DeviceType::Cuda).into_vec()),
        #[cfg(feature = "metal")]
        Backend::Metal => Some(|| Device::enumerate(DeviceType::Metal).into_vec()),
        #[cfg(feature = "vulkan")]
        Backend::Vulkan => Some(|| Device::enumerate(DeviceType::Vulkan).into_vec()),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Some(|| Device::enumerate(DeviceType::Wgpu).into_vec()),
        #[cfg(feature = "flex")]
        Backend::Flex => Some(|| vec![Device::flex()]),
        #[cfg(feature = "ndarray")]
        Backend::NdArray => Some(|| vec![Device::ndarray()]),
        _ => None,
    }
}

fn names(of: impl Fn(Backend) -> bool) -> String {
    let names: Vec<_> = BACKENDS.into_iter().filter(|b| of(*b)).map(name).collect();
    names.join(", ")
}

fn compiled_names() -> String {
    let names = names(|backend| enumerator(backend).is_some());
    if names.is_empty() {
        return "none".to_owned();
    }
    names
}

fn open_auto() -> Result<Device, DeviceError> {
    let mut compiled = false;
    for backend in BACKENDS {
        let Some(devices) = enumerator(backend) else {
            continue;
        };
        compiled = true;
        if let Some(device) = devices().into_iter().find(|device| !is_software(device)) {
            return start(backend, device);
        }
    }
    Err(match compiled {
        true => DeviceError::NoneFound,
        false => DeviceError::NoneCompiled,
    })
}

fn open(backend: Backend, index: usize) -> Result<Device, DeviceError> {
    let devices = enumerator(backend).ok_or(DeviceError::NotCompiled(name(backend)))?;
    let mut devices = devices();
    if index >= devices.len() {
        return Err(DeviceError::Absent {
            backend: name(backend),
            index,
            found: devices.len(),
        });
    }
    start(backend, devices.swap_remove(index))
}

/// Whether a device is a CPU, be it through a CPU backend or a graphics driver that computes on one;
/// whether it records gradients does not matter.
pub fn is_cpu(device: &Device) -> bool {
    let backends: Vec<Device> = vec![
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        Device::ndarray(),
    ];
    backends.contains(device) || is_software(device)
}

/// A graphics driver that computes on the CPU, far slower than a CPU backend does.
fn is_software(device: &Device) -> bool {
    let software: Vec<Device> = vec![
        #[cfg(feature = "wgpu")]
        Device::wgpu(DeviceKind::Cpu),
        #[cfg(feature = "vulkan")]
        Device::vulkan(DeviceKind::Cpu),
        #[cfg(feature = "metal")]
        Device::metal(DeviceKind::Cpu),
    ];
    software.contains(device)
}

/// Runs one small operation: a driver that is there and broken fails here, with its name, and not
/// in the middle of the work.
fn start(backend: Backend, device: Device) -> Result<Device, DeviceError> {
    let probe = device.clone();
    let run = move || {
        let ones = burn::tensor::Tensor::<1>::ones([2], &probe);
        ones.try_into_data().map(|_| ()).map_err(|e| e.to_string())
    };
    let reason = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(())) => return Ok(device),
        Ok(Err(reason)) => reason,
        Err(_) => "its driver panicked".to_owned(),
    };
    Err(DeviceError::Failed {
        backend: name(backend),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> DeviceError {
        let spec = text.parse::<DeviceSpec>();
        let device = spec.and_then(DeviceSpec::open);
        device.expect_err("no such device")
    }

    #[test]
    fn names_round_trip() {
        for text in [
            "auto", "flex", "ndarray", "cuda:1", "wgpu", "vulkan", "metal",
        ] {
            assert_eq!(text.parse::<DeviceSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        for text in ["gpu", "", "CUDA", "gpu:1"] {
            assert_eq!(error(text), DeviceError::Unknown(text.to_owned()));
            let message = error(text).to_string();
            for backend in BACKENDS {
                assert!(message.contains(name(backend)), "{message}");
            }
        }
    }

    #[test]
    fn an_index_is_a_number_behind_a_backend() {
        for index in ["x", "", "-1", "1:2"] {
            let (backend, index) = ("cuda", index.to_owned());
            let text = format!("{backend}:{index}");
            assert_eq!(error(&text), DeviceError::Index { backend, index });
        }
        assert_eq!(error("auto:1"), DeviceError::AutoIndex(1));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_backend_left_out_is_named_with_the_feature_that_brings_it() {
        let message = error("cuda").to_string();
        assert!(message.contains("cargo feature 'cuda'"), "{message}");
        assert!(message.contains(&format!("compiled in: {}", compiled_names())));
    }

    #[cfg(feature = "flex")]
    #[test]
    fn a_second_cpu_does_not_exist() {
        assert!(matches!(
            error("flex:1"),
            DeviceError::Absent { found: 1, .. }
        ));
    }

    #[cfg(feature = "flex")]
    #[test]
    fn a_cpu_is_one_with_and_without_gradients() {
        assert!(is_cpu(&Device::flex()) && is_cpu(&Device::flex().autodiff()));
    }

    /// Naming the device is enough, so that no GPU need be there.
    #[cfg(feature = "cuda")]
    #[test]
    fn a_gpu_is_no_cpu() {
        assert!(!is_cpu(&Device::cuda(0)));
    }

    #[cfg(any(feature = "flex", feature = "ndarray"))]
    #[test]
    fn auto_opens_something() {
        assert!(DeviceSpec::AUTO.open().is_ok());
    }

    /// Of a build without default features: `cargo test -p captioner-ops --no-default-features --lib`.
    #[cfg(not(any(
        feature = "cuda",
        feature = "metal",
        feature = "vulkan",
        feature = "wgpu",
        feature = "flex",
        feature = "ndarray"
    )))]
    #[test]
    fn without_any_backend_the_features_that_bring_one_are_named() {
        assert_eq!(error("auto"), DeviceError::NoneCompiled);
        let message = error("auto").to_string();
        for backend in BACKENDS {
            assert!(message.contains(name(backend)), "{message}");
        }
        assert!(error("flex").to_string().contains("compiled in: none"));
    }
}
