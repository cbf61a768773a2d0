//! Synthetic captions like COCO's, from one seed.

/// Rows of one prediction and five references each.
pub(crate) fn rows(count: usize) -> (Vec<String>, Vec<Vec<String>>) {
    let mut random = Random(count as u64);
    let rows = (0..count).map(|_| {
        let first = simple(&mut random);
        let mut references = vec![first.clone()];
        references.extend((0..4).map(|_| changed(&first, &mut random)));
        (changed(&first, &mut random), references)
    });
    rows.unzip()
}

const SUBJECTS: [&str; 24] = [
    "a cat",
    "two dogs",
    "a young man",
    "an old woman",
    "the children",
    "a group of people",
    "a red double-decker bus",
    "three zebras",
    "a skateboarder",
    "a man and a woman",
    "several kites",
    "a plate of food",
    "the man's dog",
    "a baby elephant",
    "people",
    "a large clock tower",
    "a laptop computer",
    "a close up of a pizza",
    "cows",
    "a surfer",
    "a black-and-white photo of a train",
    "an airplane",
    "a flock of geese",
    "a tennis player",
];
const VERBS: [&str; 20] = [
    "is sitting",
    "are standing",
    "sits",
    "stood",
    "is riding",
    "rides",
    "are playing",
    "was walking",
    "is flying",
    "looking",
    "runs quickly",
    "is being held",
    "parked",
    "are lying",
    "is eating",
    "can't move",
    "isn't looking",
    "has been placed",
    "catches",
    "is catching",
];
const PLACES: [&str; 20] = [
    "on a mat",
    "in the street",
    "on top of a wooden table",
    "near the ocean",
    "in a field of tall grass",
    "under an umbrella",
    "next to a window",
    "in front of a building",
    "at the beach",
    "down a snowy hill",
    "with a frisbee",
    "by the side of the road",
    "inside a kitchen",
    "across the river",
    "between two trees",
    "behind the fence",
    "over a body of water",
    "with his mother's phone",
    "at night",
    "while holding a racket",
];

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

fn simple(random: &mut Random) -> String {
    let parts = [
        random.pick(&SUBJECTS),
        random.pick(&VERBS),
        random.pick(&PLACES),
    ];
    // Rare words, as real captions have them: without these all n-grams would be known.
    let place = random.below(30_000);
    format!(
        "{} {} {} {} place{place}.",
        parts[0],
        parts[1],
        parts[2],
        random.pick(&PLACES)
    )
}

/// A few words dropped, doubled or replaced.
fn changed(text: &str, random: &mut Random) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for _ in 0..random.below(5) {
        let place = random.below(words.len());
        match random.below(3) {
            0 if words.len() > 1 => drop(words.remove(place)),
            1 => words.insert(place, words[place]),
            _ => words[place] = random.pick(&PLACES),
        }
    }
    words.join(" ")
}
