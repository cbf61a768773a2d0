//! The tokenizer of google's `rouge_score`.

use crate::stem::porter_stem;

/// Lower case; what is neither `a-z` nor `0-9` parts tokens. With stemming, tokens of more than
/// three letters lose their endings.
pub(crate) fn rouge_tokens(text: &str, use_stemmer: bool) -> Vec<String> {
    let lower = text.to_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let tokens = parts.filter(|token| !token.is_empty());
    tokens
        .map(|token| match use_stemmer && token.len() > 3 {
            true => porter_stem(token),
            false => token.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_outside_ascii_part_tokens() {
        assert_eq!(rouge_tokens("Café-Bar №5", false), ["caf", "bar", "5"]);
    }
}
