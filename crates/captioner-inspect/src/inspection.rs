//! What an inspection found.

use captioner_image::RgbImage;
use serde::Serialize;

use crate::wording::{counted, shortened};
use crate::{Distribution, Finding, RowName};

/// What is in a set. Everything but the pictures is written by `serde`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The rows of all splits.
    pub rows: usize,
    /// Each split.
    pub splits: Vec<SplitSummary>,
    /// What training would trip over, the worst first.
    pub findings: Vec<Finding>,
    /// The captions.
    pub captions: CaptionSummary,
    /// Their words.
    pub words: WordSummary,
    /// Their tokens, where a tokenizer was given.
    pub tokens: Option<TokenSummary>,
    /// The pictures.
    pub pictures: PictureSummary,
    /// Rows of the same pixels: decoded, whatever the files are like.
    pub duplicates: Groups,
    /// Rows of nearly the same picture, such as one saved again at another size or quality; at
    /// least two different ones in each group.
    pub near_duplicates: Groups,
    /// Pictures that are in two splits.
    pub leaks: Vec<Leak>,
    /// Rows whose picture can't be read.
    pub bad_pictures: Problems,
    /// Rows whose captions can't be read.
    pub bad_captions: Problems,
    /// Rows that were left out when the set was opened.
    pub skipped: Problems,
    /// Rows drawn by the seed, in the set's order.
    pub samples: Vec<ShownRow>,
}

/// A split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitSummary {
    /// Its name.
    pub name: String,
    /// The name of its set.
    pub set: String,
    /// Its rows.
    pub rows: usize,
    /// Its captions.
    pub captions: u64,
    /// Its rows whose picture can't be read.
    pub bad_pictures: u64,
    /// Rows that were left out when it was opened.
    pub skipped: usize,
}

/// The captions of a set.
#[derive(Clone, Debug, Serialize)]
pub struct CaptionSummary {
    /// How many there are.
    pub total: u64,
    /// How many different ones; spaces at their ends don't count.
    pub different: u64,
    /// Captions of a row.
    pub per_row: Option<Distribution>,
    /// Words of a caption.
    pub words: Option<Distribution>,
    /// Captions that too many rows share, the most common first.
    pub common: Vec<CommonCaption>,
}

/// A caption that many rows share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommonCaption {
    /// The caption.
    pub caption: String,
    /// How many rows have it.
    pub rows: u64,
    /// Their share of all rows.
    pub share: f64,
}

/// The words of a set: runs of letters and digits, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordSummary {
    /// How many there are.
    pub total: u64,
    /// How many different ones, the vocabulary.
    pub different: usize,
    /// How many of these occur once only.
    pub once: usize,
    /// Whether there are more different words than were told apart, a million.
    pub is_cut: bool,
    /// The most frequent ones, without English stop words.
    pub frequent: Vec<WordCount>,
    /// The most frequent English stop words.
    pub stop_words: Vec<WordCount>,
}

/// How often a word occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordCount {
    /// The word.
    pub word: String,
    /// How often it occurs.
    pub count: u64,
}

/// The tokens of a set's captions.
#[derive(Clone, Debug, Serialize)]
pub struct TokenSummary {
    /// Tokens of a caption, `[CLS]` and `[SEP]` included.
    pub lengths: Option<Distribution>,
    /// The most that the model reads, if that is known.
    pub positions: Option<usize>,
    /// Captions that have more.
    pub truncated: u64,
    /// All tokens.
    pub total: u64,
    /// How many of them stand for what the vocabulary can't spell, `[UNK]`.
    pub unknown: u64,
    /// Whether the tokenizer takes capitals for small letters.
    pub is_uncased: bool,
}

/// The pictures of a set, as far as they can be read.
#[derive(Clone, Debug, Serialize)]
pub struct PictureSummary {
    /// How many can be read.
    pub readable: u64,
    /// Widths in pixels, upright.
    pub widths: Option<Distribution>,
    /// Heights in pixels, upright.
    pub heights: Option<Distribution>,
    /// The most common sizes.
    pub sizes: Vec<Counted>,
    /// Shapes by width and height: tall is below 1:2, upright below 4:5, about square up to 5:4, broad
    /// up to 2:1, wide beyond.
    pub shapes: Vec<Counted>,
    /// Formats of the files; `decoded` for pictures that the set holds or draws itself.
    pub formats: Vec<Counted>,
    /// How files hold colours: grey, palette, RGB ...
    pub modes: Vec<Counted>,
    /// Pictures with transparency.
    pub alpha: u64,
    /// Pictures of 16 bits a channel.
    pub sixteen_bit: u64,
    /// Animations.
    pub animated: u64,
    /// Pictures that EXIF says are to be turned.
    pub turned: u64,
    /// Pictures of a single colour.
    pub flat: u64,
    /// The bytes of all files, as they are encoded.
    pub bytes: u64,
    /// The bytes of the largest.
    pub largest_file: u64,
}

/// How many there are of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Groups of rows with the same or nearly the same picture.
#[derive(Clone, Debug, Serialize)]
pub struct Groups {
    /// How many groups there are.
    pub groups: u64,
    /// How many rows are in them.
    pub rows: u64,
    /// The first ones; those in several splits before others, then the larger ones.
    pub listed: Vec<Group>,
    /// Whether every pair was compared. Where many thousands of pictures are much alike, not all are.
    pub is_complete: bool,
}

/// A group of rows with the same or nearly the same picture.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// How many rows it has.
    pub rows: u64,
    /// The splits they are in.
    pub splits: Vec<String>,
    /// The first rows of each split.
    pub members: Vec<ShownRow>,
}

/// Pictures that two splits have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The split that was given first, such as the training split.
    pub first: String,
    /// The other one.
    pub second: String,
    /// Rows of the second whose very pixels are in the first.
    pub same: u64,
    /// Further rows of the second that are in a group of nearly the same pictures with one of the
    /// first.
    pub near: u64,
    /// The first of these rows.
    pub listed: Vec<RowName>,
}

impl Leak {
    /// What it says, for people.
    pub(crate) fn in_words(&self) -> String {
        let [first, second] = [&self.first, &self.second].map(|name| shortened(name, 60));
        let (same, near) = (counted(self.same, "row"), counted(self.near, "row"));
        format!(
            "`{second}` has pictures of `{first}`: the same in {same}, nearly the same in {near}"
        )
    }
}

/// Rows that can't be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// How many there are.
    pub count: u64,
    /// The first ones.
    pub listed: Vec<Problem>,
}

/// A row that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its split.
    pub split: String,
    /// Its number, counted from 1.
    pub row: usize,
    /// The row, and where it comes from.
    pub description: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A row with its picture, made small.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRow {
    /// Where it is.
    #[serde(flatten)]
    pub row: RowName,
    /// Its first captions, long ones cut.
    pub captions: Vec<String>,
    /// Its picture, at most 240 pixels a side; none where it can't be read.
    #[serde(skip)]
    pub picture: Option<RgbImage>,
}
