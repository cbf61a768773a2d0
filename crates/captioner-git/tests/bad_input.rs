//! Damaged files and senseless requests are errors that name the thing; nothing panics.

mod fixture;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use captioner_git::GitForCausalLm;
use captioner_model::{CaptionModel, GenerationConfig, ModelError, PixelValues, Pretrained};

use fixture::Fixture;

fn copy(folder: &Path) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(folder.join(file), root.path().join(file)).unwrap();
    }
    root
}

fn load(folder: &Path) -> Result<GitForCausalLm, ModelError> {
    GitForCausalLm::from_pretrained(folder, &Device::flex())
}

#[test]
fn every_flipped_bit_of_a_header_is_an_error_or_changes_no_shape() {
    let root = copy(&Fixture::open("ends-apart").folder);
    let path = root.path().join("model.safetensors");
    let good = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    for at in (0..header).step_by(7) {
        for bit in [0, 3, 6, 7] {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            if let Err(error) = load(root.path()) {
                assert!(error.to_string().contains("model.safetensors"), "{error}");
            }
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_damaged() {
    let root = copy(&Fixture::open("ends-apart").folder);
    let path = root.path().join("model.safetensors");
    let good = fs::read(&path).unwrap();
    for length in (0..good.len()).step_by(997) {
        fs::write(&path, &good[..length]).unwrap();
        let message = load(root.path()).unwrap_err().to_string();
        assert!(message.contains("is damaged"), "{length}: {message}");
    }
}

#[test]
fn shapes_that_overflow_are_damaged() {
    let root = copy(&Fixture::open("ends-apart").folder);
    let huge = u64::MAX / 2;
    let header = format!(
        r#"{{"output.bias":{{"dtype":"F32","shape":[{huge},{huge}],"data_offsets":[0,4]}}}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 4]);
    fs::write(root.path().join("model.safetensors"), bytes).unwrap();
    let message = load(root.path()).unwrap_err().to_string();
    assert!(message.contains("is damaged"), "{message}");
}

#[test]
fn a_foreign_pickle_is_refused_and_runs_no_code() {
    let root = copy(&Fixture::open("ends-apart").folder);
    fs::remove_file(root.path().join("model.safetensors")).unwrap();
    let witness = root.path().join("witness");
    // os.system("touch .../witness"), as a pickle.
    let command = format!("touch {}", witness.display());
    let pickle = format!("cos\nsystem\n(S'{command}'\ntR.");
    for bytes in [pickle.as_bytes(), b"", b"PK\x03\x04garbage", &[0x80; 64]] {
        fs::write(root.path().join("pytorch_model.bin"), bytes).unwrap();
        let message = load(root.path()).unwrap_err().to_string();
        assert!(message.contains("pytorch_model.bin"), "{message}");
        assert!(!witness.exists());
    }
}

#[test]
fn weights_that_are_nan_are_named_and_generation_says_so() {
    let root = copy(&Fixture::open("ends-apart").folder);
    let path = root.path().join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let (name, offset) = {
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let data = file.tensor("output.bias").unwrap().data().as_ptr() as usize;
        ("output.bias", data - bytes.as_ptr() as usize)
    };
    bytes[offset..offset + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let (model, report) =
        GitForCausalLm::from_pretrained_with_report(root.path(), &Device::flex()).unwrap();
    assert_eq!(report.non_finite, [name]);
    let prefix = model
        .encode_pixels(&Fixture::open("ends-apart").pixels())
        .unwrap();
    for num_beams in [1, 2] {
        let config = GenerationConfig {
            num_beams,
            ..GenerationConfig::default()
        };
        let error = model.generate(&prefix, &[], &config).unwrap_err();
        assert!(matches!(error, ModelError::NoNextToken), "{error}");
    }
}

#[test]
fn senseless_requests_are_named() {
    let fixture = Fixture::open("base-like");
    let model = fixture.model(&Device::flex());
    let prefix = model.encode_pixels(&fixture.pixels()).unwrap();
    let message = |prompts: &[Vec<u32>], config: GenerationConfig| {
        model
            .generate(&prefix, prompts, &config)
            .unwrap_err()
            .to_string()
    };
    let good = GenerationConfig::default;
    assert!(message(&[vec![], vec![1], vec![1]], good()).contains("empty"));
    assert!(message(&vec![vec![1; 40]; 3], good()).contains("32"));
    assert!(message(&vec![vec![1, 99]; 3], good()).contains("token 99"));
    assert!(message(&[vec![1], vec![1]], good()).contains("2 captions"));
    let config = GenerationConfig {
        num_beams: 0,
        ..good()
    };
    assert!(message(&[], config).contains("num_beams is 0"));
    let config = GenerationConfig {
        min_length: 12,
        max_length: Some(5),
        ..good()
    };
    assert!(message(&[], config).contains("min_length is 12"));
    let config = GenerationConfig {
        suppress_tokens: (0..48).collect(),
        ..good()
    };
    assert!(message(&[], config).contains("no next token"));
}

#[test]
fn pixel_values_of_another_size_or_too_many_frames_are_named() {
    let model = Fixture::open("base-like").model(&Device::flex());
    let pixels =
        |shape: &[usize]| PixelValues::new(vec![0.0; shape.iter().product()], shape).unwrap();
    let error = model.encode_pixels(&pixels(&[1, 3, 16, 32])).unwrap_err();
    assert!(error.to_string().contains("16 x 32"), "{error}");
    let error = model
        .encode_pixels(&pixels(&[1, 2, 3, 32, 32]))
        .unwrap_err();
    assert!(error.to_string().contains("2 frames"), "{error}");
    let video = Fixture::open("video").model(&Device::flex());
    assert!(video.encode_pixels(&pixels(&[1, 4, 3, 16, 16])).is_ok());
    assert!(video.encode_pixels(&pixels(&[1, 5, 3, 16, 16])).is_err());
}

#[test]
fn kept_features_of_another_width_are_named() {
    let model = Fixture::open("base-like").model(&Device::flex());
    let features = burn::tensor::Tensor::zeros([1, 17, 5], &Device::flex());
    let message = model.prefix(features).err().unwrap().to_string();
    assert!(message.contains("5 wide"), "{message}");
}
