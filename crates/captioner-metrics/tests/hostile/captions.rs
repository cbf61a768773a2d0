//! Captions no captioner writes: two of 100 KB each, of every kind that could hurt.

/// What a caption has at most.
pub(crate) const BYTES: usize = 100_000;

/// Name, prediction and reference.
pub(crate) fn hostile_pairs() -> Vec<(&'static str, String, String)> {
    let pair = |word: &dyn Fn(u32) -> String, between: &str| {
        [3, 5].map(|seed| filled(seed, word, between))
    };
    let kinds = [
        (
            "few words",
            pair(
                &|n| ["a", "cat", "is", "on", "the", "mat"][n as usize % 6].into(),
                " ",
            ),
        ),
        ("many words", pair(&|n| format!("w{}", n % 5000), " ")),
        ("no word twice", pair(&|n| format!("{n:x}"), " ")),
        (
            "one letter words",
            pair(&|n| char::from(b'a' + (n % 26) as u8).to_string(), " "),
        ),
        (
            "one long word",
            pair(&|n| char::from(b'a' + (n % 26) as u8).to_string(), ""),
        ),
        (
            "short lines",
            pair(&|n| ["a", "cat", "is", "on"][n as usize % 4].into(), "\n"),
        ),
        (
            "punctuation",
            pair(
                &|n| [".", ",", "'", "-", "(", "&", "a"][n as usize % 7].into(),
                "",
            ),
        ),
        (
            "symbols",
            pair(
                &|n| ["é", "猫", "🐈", "½", "\u{301}"][n as usize % 5].into(),
                "",
            ),
        ),
        (
            "hyphens",
            pair(&|n| ["a", "b2", "c"][n as usize % 3].into(), "-"),
        ),
        (
            "dotted",
            pair(&|n| ["www", "a", "com"][n as usize % 3].into(), "."),
        ),
    ];
    let same = |text: &str| {
        [
            text.repeat(BYTES / text.len()),
            text.repeat(BYTES / text.len()),
        ]
    };
    let repeated = [
        ("one word always", same("a ")),
        ("spaces", same(" ")),
        ("open brackets", same("<")),
        ("at signs", same("a@")),
        ("slashes", same("http://a/")),
        ("digits", same("1,2.")),
        ("ampersands", same("&amp;")),
        ("apostrophes", same("n't")),
    ];
    let all = kinds.into_iter().chain(repeated);
    all.map(|(name, [prediction, reference])| (name, prediction, reference))
        .collect()
}

fn filled(seed: u32, word: &dyn Fn(u32) -> String, between: &str) -> String {
    let mut text = String::with_capacity(BYTES);
    let mut state = seed;
    loop {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let next = word(state >> 8);
        if text.len() + next.len() + between.len() > BYTES {
            return text;
        }
        text.push_str(&next);
        text.push_str(between);
    }
}
