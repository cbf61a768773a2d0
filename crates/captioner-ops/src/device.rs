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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    backend: Backend,
    index: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Auto,
    Flex,
    NdArray,
    Cuda,
    Wgpu,
    Vulkan,
    Metal,
}

/// Every name, whether compiled in or not.
const NAMES: [(&str, Backend); 7] = [
    ("auto", Backend::Auto),
    ("flex", Backend::Flex),
    ("ndarray", Backend::NdArray),
    ("cuda", Backend::Cuda),
    ("wgpu", Backend::Wgpu),
    ("vulkan", Backend::Vulkan),
    ("metal", Backend::Metal),
];

/// `auto` takes the first of these that is compiled in and present.
const PREFERENCE: [Backend; 6] = [
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
    /// The name is none of ours.
    #[error(
        "unknown device '{0}': use auto, flex, ndarray, cuda, wgpu, vulkan or metal, \
         with ':1' behind it for the second of several"
    )]
    Unknown(String),
    /// The backend was left out when the program was built.
    #[error(
        "device '{0}' is not compiled in: build with `--features {0}`, or use one of: {available}",
        available = compiled_names()
    )]
    NotCompiled(&'static str),
    /// The machine has no such device.
    #[error(
        "no {backend} device {index} on this machine ({found} found): \
         check the driver, or use `--device auto`"
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
        let unknown = || DeviceError::Unknown(text.to_owned());
        let (name, index) = match text.split_once(':') {
            None => (text, None),
            Some((name, index)) => (name, Some(index.parse().map_err(|_| unknown())?)),
        };
        let found = NAMES.iter().find(|(known, _)| *known == name);
        let &(_, backend) = found.ok_or_else(unknown)?;
        Ok(Self { backend, index })
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(self.backend))?;
        self.index.map_or(Ok(()), |index| write!(f, ":{index}"))
    }
}

fn name(backend: Backend) -> &'static str {
    NAMES
        .iter()
        .find(|(_, known)| *known == backend)
        .map_or("?", |(name, _)| name)
}

fn is_compiled(backend: Backend) -> bool {
    match backend {
        Backend::Auto => true,
        Backend::Flex => cfg!(feature = "flex"),
        Backend::NdArray => cfg!(feature = "ndarray"),
        Backend::Cuda => cfg!(feature = "cuda"),
        Backend::Wgpu => cfg!(feature = "wgpu"),
        Backend::Vulkan => cfg!(feature = "vulkan"),
        Backend::Metal => cfg!(feature = "metal"),
    }
}

fn compiled_names() -> String {
    let names: Vec<_> = NAMES
        .iter()
        .filter(|(_, backend)| is_compiled(*backend))
        .map(|(name, _)| *name)
        .collect();
    names.join(", ")
}

fn open_auto() -> Result<Device, DeviceError> {
    for backend in PREFERENCE.into_iter().filter(|b| is_compiled(*b)) {
        let devices = devices(backend);
        if let Some(device) = devices.into_iter().find(|device| !is_software(device)) {
            return start(backend, device);
        }
    }
    Err(DeviceError::NotCompiled("flex"))
}

fn open(backend: Backend, index: usize) -> Result<Device, DeviceError> {
    if !is_compiled(backend) {
        return Err(DeviceError::NotCompiled(name(backend)));
    }
    let mut devices = devices(backend);
    if index >= devices.len() {
        return Err(DeviceError::Absent {
            backend: name(backend),
            index,
            found: devices.len(),
        });
    }
    start(backend, devices.swap_remove(index))
}

/// What the machine has, found without starting anything.
fn devices(backend: Backend) -> Vec<Device> {
    match backend {
        #[cfg(feature = "flex")]
        Backend::Flex => vec![Device::flex()],
        #[cfg(feature = "ndarray")]
        Backend::NdArray => vec![Device::ndarray()],
        #[cfg(feature = "cuda")]
        Backend::Cuda => Device::enumerate(DeviceType::Cuda).into_vec(),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Device::enumerate(DeviceType::Wgpu).into_vec(),
        #[cfg(feature = "vulkan")]
        Backend::Vulkan => Device::enumerate(DeviceType::Vulkan).into_vec(),
        #[cfg(feature = "metal")]
        Backend::Metal => Device::enumerate(DeviceType::Metal).into_vec(),
        _ => Vec::new(),
    }
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
        for text in ["gpu", "cuda:x", "", "CUDA"] {
            let error = text.parse::<DeviceSpec>().unwrap_err();
            assert_eq!(error, DeviceError::Unknown(text.to_owned()));
            assert!(error.to_string().contains("vulkan"));
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_backend_left_out_is_named_with_the_feature_that_brings_it() {
        let spec: DeviceSpec = "cuda".parse().unwrap();
        let error = spec.open().unwrap_err().to_string();
        assert!(error.contains("--features cuda"), "{error}");
        assert!(error.contains("flex"), "{error}");
    }

    #[cfg(feature = "flex")]
    #[test]
    fn a_second_cpu_does_not_exist() {
        let spec: DeviceSpec = "flex:1".parse().unwrap();
        assert!(matches!(
            spec.open(),
            Err(DeviceError::Absent { found: 1, .. })
        ));
    }

    #[test]
    fn auto_opens_something() {
        assert!(DeviceSpec::AUTO.open().is_ok());
    }
}
