//! Preprocessed pictures and videos.

use crate::ImageError;

/// Preprocessed pictures `[B, 3, H, W]` or videos `[B, F, 3, H, W]`: row-major 32-bit floats in host
/// memory, the red plane first.
///
/// ```
/// use captioner_image::PixelValues;
///
/// let video = PixelValues::new(vec![0.0; 6 * 3 * 8 * 8], &[1, 6, 3, 8, 8])?;
/// let videos = PixelValues::stack(vec![video.clone(), video])?;
/// assert_eq!(videos.shape(), [2, 6, 3, 8, 8]);
/// assert_eq!((videos.count(), videos.frames(), videos.size()), (2, Some(6), (8, 8)));
/// # Ok::<(), captioner_image::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PixelValues {
    values: Vec<f32>,
    shape: Vec<usize>,
}

/// Why a shape is not one of [`PixelValues`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeProblem {
    /// It has neither four nor five dimensions.
    #[error("pictures have [B, 3, H, W] and videos [B, F, 3, H, W]")]
    Rank,
    /// The third dimension from the end is not 3.
    #[error("3 colour channels are needed before height and width")]
    Channels,
    /// A dimension is 0.
    #[error("it holds nothing; give at least one picture, with pixels")]
    Empty,
    /// The product of its dimensions does not fit `usize`.
    #[error("no memory holds that many values")]
    Overflow,
    /// The values are more or fewer than the product of its dimensions.
    #[error("it takes {expected} values, not {given}")]
    Length {
        /// The product of the dimensions.
        expected: usize,
        /// How many values there are.
        given: usize,
    },
}

impl PixelValues {
    /// Values of the shape `[B, 3, H, W]` or `[B, F, 3, H, W]`.
    ///
    /// # Errors
    /// [`ImageError::PixelShape`] when `shape` has another rank or number of channels, a dimension is
    /// 0, or `values` does not fill it.
    pub fn new(values: Vec<f32>, shape: &[usize]) -> Result<Self, ImageError> {
        match problem_of(shape, values.len()) {
            None => Ok(Self {
                values,
                shape: shape.to_vec(),
            }),
            Some(problem) => Err(ImageError::PixelShape {
                shape: shape.to_vec(),
                problem,
            }),
        }
    }

    /// Joins pictures or videos along the first axis, in their order.
    ///
    /// # Errors
    /// When there are none, or one has another rank, number of frames, height or width than the first.
    pub fn stack(videos: Vec<Self>) -> Result<Self, ImageError> {
        let mut videos = videos.into_iter().enumerate();
        let (_, mut all) = videos.next().ok_or(ImageError::NoPictures)?;
        let first = all.shape.clone();
        for (index, video) in videos {
            if video.shape[1..] != first[1..] {
                return Err(ImageError::SeveralShapes {
                    index,
                    shape: video.shape,
                    first,
                });
            }
            all.shape[0] += video.shape[0];
            all.values.extend_from_slice(&video.values);
        }
        Ok(all)
    }

    /// How many pictures or videos there are, `B`.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// How many frames each video has; `None` where these are pictures.
    pub fn frames(&self) -> Option<usize> {
        match self.shape[..] {
            [_, frames, _, _, _] => Some(frames),
            _ => None,
        }
    }

    /// Height and width in pixels.
    pub fn size(&self) -> (usize, usize) {
        match self.shape[..] {
            [.., height, width] => (height, width),
            _ => (0, 0), // the rank is 4 or 5
        }
    }

    /// The shape, `[B, 3, H, W]` or `[B, F, 3, H, W]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, row-major, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
}

fn problem_of(shape: &[usize], given: usize) -> Option<ShapeProblem> {
    if !matches!(shape.len(), 4 | 5) {
        return Some(ShapeProblem::Rank);
    }
    if shape[shape.len() - 3] != 3 {
        return Some(ShapeProblem::Channels);
    }
    if shape.contains(&0) {
        return Some(ShapeProblem::Empty);
    }
    let product = |count: usize, &size: &usize| count.checked_mul(size);
    match shape.iter().try_fold(1, product) {
        None => Some(ShapeProblem::Overflow),
        Some(expected) if expected != given => Some(ShapeProblem::Length { expected, given }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_is_none_of_pictures_or_videos_is_a_named_error() {
        for (shape, expected) in [
            (&[3, 2, 2][..], ShapeProblem::Rank),
            (&[1, 1, 1, 3, 2, 2], ShapeProblem::Rank),
            (&[1, 4, 2, 2], ShapeProblem::Channels),
            (&[0, 3, 2, 2], ShapeProblem::Empty),
            (&[1, 3, 0, 2], ShapeProblem::Empty),
            (&[1 << 40, 3, 1 << 40, 2], ShapeProblem::Overflow),
            (
                &[1, 3, 2, 3],
                ShapeProblem::Length {
                    expected: 18,
                    given: 12,
                },
            ),
        ] {
            let error = PixelValues::new(vec![0.0; 12], shape).unwrap_err();
            assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
            assert!(
                matches!(error, ImageError::PixelShape { problem, .. } if problem == expected),
                "{error}"
            );
        }
        assert!(PixelValues::new(vec![0.0; 24], &[1, 2, 3, 2, 2]).is_ok());
    }

    #[test]
    fn stacked_videos_follow_each_other() {
        let video = |value: f32, count: usize| {
            PixelValues::new(vec![value; count * 2 * 3], &[count, 2, 3, 1, 1]).unwrap()
        };
        let all = PixelValues::stack(vec![video(1.0, 1), video(2.0, 2)]).unwrap();
        assert_eq!(all.shape(), [3, 2, 3, 1, 1]);
        assert_eq!(
            (all.count(), all.frames(), all.size()),
            (3, Some(2), (1, 1))
        );
        assert_eq!(all.into_values(), [vec![1.0; 6], vec![2.0; 12]].concat());
        let one = PixelValues::stack(vec![video(1.0, 1)]).unwrap();
        assert_eq!(one, video(1.0, 1));
    }

    #[test]
    fn videos_of_several_shapes_are_named_with_both() {
        let video =
            |shape: &[usize]| PixelValues::new(vec![0.0; shape.iter().product()], shape).unwrap();
        for other in [&[1, 3, 3, 2, 2][..], &[1, 2, 3, 2, 4], &[1, 3, 2, 2]] {
            let error = PixelValues::stack(vec![video(&[1, 2, 3, 2, 2]), video(other)]);
            let error = error.unwrap_err().to_string();
            assert!(error.contains("[1, 2, 3, 2, 2]"), "{error}");
            assert!(error.contains(&format!("{other:?}")), "{error}");
        }
        let error = PixelValues::stack(Vec::new()).unwrap_err();
        assert!(matches!(error, ImageError::NoPictures));
    }
}
