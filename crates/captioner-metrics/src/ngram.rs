//! N-grams of one to four tokens as single numbers.

/// The longest n-gram counted.
pub(crate) const MAX_ORDER: usize = 4;

/// An n-gram: each token's number plus one in 32 bits, the last token in the lowest. So n-grams
/// of one order sort together, shorter ones first.
pub(crate) type NGram = u128;

/// All n-grams of orders 1 to 4, order by order.
pub(crate) fn ngrams(tokens: &[u32]) -> impl Iterator<Item = NGram> {
    let pack = |gram: &[u32]| {
        gram.iter()
            .fold(0, |n, token| n << 32 | (*token as u128 + 1))
    };
    (1..=MAX_ORDER).flat_map(move |order| tokens.windows(order).map(pack))
}

/// How many tokens an n-gram has.
pub(crate) fn order(gram: NGram) -> usize {
    (128 - gram.leading_zeros() as usize).div_ceil(32)
}

/// The tokens of an n-gram.
pub(crate) fn tokens(gram: NGram) -> impl Iterator<Item = u32> {
    let shifts = (0..order(gram)).rev().map(|place| place * 32);
    shifts.map(move |shift| ((gram >> shift) as u32) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ngrams_keep_their_order_and_tokens() {
        let grams: Vec<_> = ngrams(&[7, 0, 7]).collect();
        let orders: Vec<_> = grams.iter().map(|gram| order(*gram)).collect();
        assert_eq!(orders, [1, 1, 1, 2, 2, 3]);
        assert_eq!(tokens(grams[4]).collect::<Vec<_>>(), [0, 7]);
    }
}
