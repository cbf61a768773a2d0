//! The palette of a PNG, checked before the decoder trusts it.
//!
//! `png` 0.18 panics on a palette that ends within a colour, has more than 256 of them, or fewer than
//! it has transparencies (found by fuzzing).

use crate::ImageError;
use crate::error::DecodeProblem;

const SIGNATURE_LENGTH: usize = 8;

/// An error when the palette breaks the format's rules.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    let mut rest = bytes.get(SIGNATURE_LENGTH..).unwrap_or_default();
    let mut colours = None;
    while let Some((kind, data, behind)) = chunk(rest) {
        match (kind, colours) {
            (b"PLTE", _) => {
                if data.is_empty() || data.len() > 768 || data.len() % 3 != 0 {
                    return Err(corrupt(DecodeProblem::PaletteLength { bytes: data.len() }));
                }
                colours = Some(data.len() / 3);
            }
            (b"tRNS", Some(colours)) if data.len() > colours => {
                return Err(corrupt(DecodeProblem::Transparencies {
                    transparencies: data.len(),
                    colours,
                }));
            }
            (b"IDAT", _) => break, // both must stand before the pixels
            _ => {}
        }
        rest = behind;
    }
    Ok(())
}

/// The first chunk's kind and data, and what stands behind it.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (_checksum, behind) = rest.split_first_chunk::<4>()?;
    Some((kind, data, behind))
}

fn corrupt(reason: DecodeProblem) -> ImageError {
    ImageError::Corrupt {
        format: "PNG",
        reason,
    }
}
