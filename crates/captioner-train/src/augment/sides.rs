//! Captions that a flipped picture would make wrong.

/// Words of left and right, alone or at the beginning of a longer one; and turns.
const STARTS: [&str; 6] = [
    "left",
    "right",
    "clockwise",
    "anticlockwise",
    "counterclockwise",
    "rechts",
];

/// Those of other languages, as whole words.
const WORDS: [&str; 20] = [
    "links",
    "linke",
    "linken",
    "linker",
    "linkes",
    "rechte",
    "rechten",
    "rechter",
    "gauche",
    "droite",
    "izquierda",
    "izquierdo",
    "derecha",
    "derecho",
    "esquerda",
    "esquerdo",
    "direita",
    "direito",
    "sinistra",
    "destra",
];

/// Scripts that put no space between words, and endings that vary.
const PARTS: [&str; 6] = ["左", "右", "왼쪽", "오른쪽", "слева", "справа"];

/// Whether a caption says left or right. It may mean something else ("left the room", "a right
/// angle"): then a picture is not flipped that might have been, which is no error; one whose words
/// are exchanged would be.
pub(crate) fn names_a_side(caption: &str) -> bool {
    let caption = caption.to_lowercase();
    let mut words = caption.split(|c: char| !c.is_alphanumeric());
    let side =
        |word: &str| WORDS.contains(&word) || STARTS.iter().any(|start| word.starts_with(start));
    words.any(side) || PARTS.iter().any(|part| caption.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_left_and_right_are_found_whatever_their_case() {
        for caption in [
            "a cat to the left of a dog",
            "Left: a cat",
            "the RIGHTMOST house",
            "a left-handed player",
            "he left the room",
            "a bird facing right.",
            "turned clockwise",
            "eine Katze links",
            "un chat à gauche",
            "左边的猫",
            "кот справа",
        ] {
            assert!(names_a_side(caption), "{caption}");
        }
        for caption in [
            "",
            "a bright day",
            "a cleft rock",
            "an upright piano",
            "a copyrighted page",
            "Wright brothers",
            "a cat on a mat",
        ] {
            assert!(!names_a_side(caption), "{caption}");
        }
    }
}
