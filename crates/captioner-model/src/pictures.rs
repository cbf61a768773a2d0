//! Pictures on a device.

use burn::tensor::{Device, Tensor, TensorData};

use captioner_image::PixelValues;

use crate::error::ModelError;

/// Puts pictures of `size` x `size` pixels on a device, `[B, 3, H, W]`, for an encoder that reads
/// single pictures of that size.
///
/// # Errors
/// When they are of another size, or videos.
pub fn upload_pictures(
    pixels: &PixelValues,
    size: usize,
    device: &Device,
) -> Result<Tensor<4>, ModelError> {
    if let Some(frames) = pixels.frames() {
        return Err(ModelError::Frames { frames, known: 1 });
    }
    let (height, width) = pixels.size();
    if (height, width) != (size, size) {
        return Err(ModelError::PictureSize {
            height,
            width,
            size,
        });
    }
    let data = TensorData::new(pixels.values().to_vec(), pixels.shape().to_vec());
    Ok(Tensor::from_data(data, device))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(shape: &[usize]) -> Result<Tensor<4>, ModelError> {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|value| value as f32).collect();
        let pixels = PixelValues::new(values, shape).unwrap();
        upload_pictures(&pixels, 4, &Device::flex())
    }

    #[test]
    fn pictures_of_the_models_size_keep_their_values() {
        let pictures = upload(&[2, 3, 4, 4]).unwrap();
        assert_eq!(pictures.dims(), [2, 3, 4, 4]);
        let last = pictures.slice([1..2, 2..3, 3..4, 3..4]);
        assert_eq!(last.into_scalar::<f32>(), 95.0);
    }

    #[test]
    fn other_sizes_and_videos_are_refused() {
        let message = upload(&[1, 3, 4, 5]).unwrap_err().to_string();
        assert!(message.contains("4 x 5"), "{message}");
        assert!(matches!(
            upload(&[1, 2, 3, 4, 4]),
            Err(ModelError::Frames {
                frames: 2,
                known: 1
            })
        ));
    }
}
