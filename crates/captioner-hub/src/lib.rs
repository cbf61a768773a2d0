//! Where models come from, and the card that goes with them.
//!
//! ```
//! use captioner_hub::{HubError, ModelCard, find_model};
//!
//! assert!(matches!(find_model("microsoft/git-base"), Err(HubError::NotYet { .. })));
//!
//! let card = ModelCard {
//!     name: "git-creatures".into(),
//!     dataset: "creatures".into(),
//!     scores: vec![("generated WER".into(), 0.05)],
//!     ..ModelCard::default()
//! };
//! assert!(card.to_markdown().contains("| generated WER | 0.0500 |"));
//! ```

mod card;
mod source;

pub use card::ModelCard;
pub use source::{HubError, find_model};
