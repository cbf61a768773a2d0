//! A token that can't be shown by mistake.

use std::fmt;

/// A token of the Hub. Neither [`Debug`] nor any message shows it.
///
/// ```
/// use captioner_hub::Token;
///
/// let token = Token::new(" hf_secret\n").unwrap();
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// assert_eq!(token.expose(), "hf_secret");
/// assert!(Token::new(" \n").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Reads a token as `huggingface_hub`'s `_clean_token`: line ends and spaces around it go, and
    /// what is then empty is none.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.replace(['\r', '\n'], "");
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The token itself, for the header of a request and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
