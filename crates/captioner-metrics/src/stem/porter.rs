//! Porter's stemmer (1980) with NLTK's extensions, which `rouge_score` uses.
//!
//! NLTK keeps a few irregular words whole, treats `ies`, `ied` and `y` with more care, joins
//! `bli`, `fulli` and `logi` to step 2, and counts a vowel and a consonant as a short word.

/// Words that get a fixed stem.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Endings, what takes their place, tried in this order; the first that fits decides.
const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a word of ASCII lower-case letters and digits.
pub(crate) fn porter_stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    let mut word = word.to_owned();
    if word.len() > 2 {
        step_1a(&mut word);
        step_1b(&mut word);
        step_1c(&mut word);
        step_2(&mut word);
        step_3(&mut word);
        step_4(&mut word);
        step_5a(&mut word);
        step_5b(&mut word);
    }
    word
}

/// Whether each letter is a consonant. A `y` is one at the start and after a vowel.
fn consonants(word: &str) -> impl Iterator<Item = bool> {
    let mut previous = false;
    word.bytes().map(move |letter| {
        previous = match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => !previous,
            _ => true,
        };
        previous
    })
}

/// How many times a consonant follows a vowel: Porter's `m`.
fn measure(stem: &str) -> usize {
    let mut vowel = false;
    let follows = |consonant: &bool| std::mem::replace(&mut vowel, !consonant) && *consonant;
    consonants(stem).filter(follows).count()
}

fn has_vowel(stem: &str) -> bool {
    consonants(stem).any(|consonant| !consonant)
}

fn ends_in_consonant(stem: &str) -> bool {
    consonants(stem).last() == Some(true)
}

fn ends_in_double_consonant(word: &str) -> bool {
    let letters = word.as_bytes();
    let double = letters.len() >= 2 && letters[letters.len() - 1] == letters[letters.len() - 2];
    double && ends_in_consonant(word)
}

/// Consonant, vowel, consonant other than `w`, `x`, `y`; or just vowel and consonant.
fn ends_short(word: &str) -> bool {
    let last: Vec<bool> = consonants(word)
        .skip(word.len().saturating_sub(3))
        .collect();
    match last[..] {
        [first, second, third] => first && !second && third && !word.ends_with(['w', 'x', 'y']),
        [first, second] => !first && second,
        _ => false,
    }
}

fn replace_end(word: &mut String, ending: &str, replacement: &str) {
    word.truncate(word.len() - ending.len());
    word.push_str(replacement);
}

fn step_1a(word: &mut String) {
    if word.len() == 4 && word.ends_with("ies") {
        replace_end(word, "ies", "ie");
    } else if word.ends_with("sses") {
        replace_end(word, "sses", "ss");
    } else if word.ends_with("ies") {
        replace_end(word, "ies", "i");
    } else if word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
}

fn step_1b(word: &mut String) {
    if word.ends_with("ied") {
        let short = word.len() == 4;
        replace_end(word, "ied", if short { "ie" } else { "i" });
    } else if let Some(stem) = word.strip_suffix("eed") {
        if measure(stem) > 0 {
            word.pop();
        }
    } else if let Some(stem) = word.strip_suffix("ed").or(word.strip_suffix("ing"))
        && has_vowel(stem)
    {
        word.truncate(stem.len());
        restore_1b(word);
    }
}

/// Gives back what `ed` and `ing` had taken: an `e`, or one of two letters.
fn restore_1b(word: &mut String) {
    if word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz") {
        word.push('e');
    } else if ends_in_double_consonant(word) {
        if !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_short(word) {
        word.push('e');
    }
}

fn step_1c(word: &mut String) {
    if let Some(stem) = word.strip_suffix('y')
        && stem.len() > 1
        && ends_in_consonant(stem)
    {
        replace_end(word, "y", "i");
    }
}

fn step_2(word: &mut String) {
    while let Some(stem) = word.strip_suffix("alli")
        && measure(stem) > 0
    {
        replace_end(word, "alli", "al");
    }
    if replace_first(word, &STEP_2) {
        return;
    }
    if let Some(stem) = word.strip_suffix("ogi")
        && stem.ends_with('l')
        && measure(&word[..word.len() - 3]) > 0
    {
        word.pop();
    }
}

fn step_3(word: &mut String) {
    replace_first(word, &STEP_3);
}

/// Applies the first ending that fits, if what is left has a measure; whether one fitted.
fn replace_first(word: &mut String, endings: &[(&str, &str)]) -> bool {
    let Some((ending, replacement)) = endings.iter().find(|(end, _)| word.ends_with(end)) else {
        return false;
    };
    if measure(&word[..word.len() - ending.len()]) > 0 {
        replace_end(word, ending, replacement);
    }
    true
}

fn step_4(word: &mut String) {
    let Some(ending) = STEP_4.iter().find(|ending| word.ends_with(*ending)) else {
        return;
    };
    let stem = &word[..word.len() - ending.len()];
    if measure(stem) > 1 && (*ending != "ion" || stem.ends_with(['s', 't'])) {
        word.truncate(stem.len());
    }
}

fn step_5a(word: &mut String) {
    if let Some(stem) = word.strip_suffix('e') {
        let measure = measure(stem);
        if measure > 1 || measure == 1 && !ends_short(stem) {
            word.pop();
        }
    }
}

fn step_5b(word: &mut String) {
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nltk_extensions_are_kept() {
        let stems = [
            ("dies", "die"),
            ("died", "die"),
            ("enjoy", "enjoy"),
            ("spied", "spi"),
            ("geologi", "geolog"),
            ("skies", "sky"),
            ("usefulli", "use"),
            ("hopping", "hop"),
            ("filing", "file"),
            ("running", "run"),
        ];
        for (word, stem) in stems {
            assert_eq!(porter_stem(word), stem, "{word}");
        }
    }
}
