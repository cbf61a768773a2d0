//! Which members of a sample are its picture and its caption.

use super::error::SampleProblem;
use super::index::{Index, Part};

/// Pictures by their extension: what `datasets` takes for a picture and is decoded here.
const PICTURES: [&str; 11] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff",
];
/// Captions as text, the first that is there counts.
const TEXTS: [&str; 4] = ["txt", "text", "caption", "transcript"];
const JSONS: [&str; 2] = ["json", "jsn"];

/// How a caption is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// What each field of a shard may be, with a rank: the lowest of a sample counts.
#[derive(Debug)]
pub(super) struct Columns {
    pictures: Vec<Option<u8>>,
    captions: Vec<Option<(u8, Form)>>,
    /// What is looked for, for messages.
    wanted: String,
}

/// The picture and the caption of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    pub(super) picture: &'a Part,
    pub(super) caption: &'a Part,
    pub(super) form: Form,
}

impl Columns {
    /// The roles of these fields where captions are in `column`, or in the usual ones.
    pub(super) fn new(fields: &[String], column: Option<&str>) -> Self {
        Self {
            pictures: fields.iter().map(|field| picture_rank(field)).collect(),
            captions: fields
                .iter()
                .map(|field| caption_rank(field, column))
                .collect(),
            wanted: match column {
                Some(column) => format!("`{column}`"),
                None => "`txt` (or `text`, `caption`, `transcript`, `json`)".to_owned(),
            },
        }
    }

    /// The picture and the caption of a sample.
    pub(super) fn choose<'a>(
        &self,
        index: &Index,
        parts: &'a [Part],
    ) -> Result<Chosen<'a>, SampleProblem> {
        let fields = || fields(index, parts);
        let rank = |part: &Part| self.pictures[usize::from(part.field)];
        let picture =
            lowest(parts, rank).ok_or_else(|| SampleProblem::NoPicture { fields: fields() })?;
        let picture = picture.map_err(|_| SampleProblem::SeveralPictures { fields: fields() })?;

        let rank = |part: &Part| Some(self.captions[usize::from(part.field)]?.0);
        let caption = lowest(parts, rank).ok_or_else(|| SampleProblem::NoCaption {
            wanted: self.wanted.clone(),
            fields: fields(),
        })?;
        let caption = caption.map_err(|_| SampleProblem::SeveralCaptions { fields: fields() })?;
        let form = self.captions[usize::from(caption.field)].map_or(Form::Text, |(_, form)| form);
        Ok(Chosen {
            picture,
            caption,
            form,
        })
    }
}

/// More than one part has the lowest rank.
struct Several;

/// The part of the lowest rank; none if no part has one.
fn lowest(parts: &[Part], rank: impl Fn(&Part) -> Option<u8>) -> Option<Result<&Part, Several>> {
    let least = parts.iter().filter_map(&rank).min()?;
    let mut found = parts.iter().filter(|part| rank(part) == Some(least));
    match (found.next(), found.next()) {
        (Some(part), None) => Some(Ok(part)),
        _ => Some(Err(Several)),
    }
}

/// `jpg` goes before `image.jpg`, and that before `mask.jpg`.
fn picture_rank(field: &str) -> Option<u8> {
    let (stem, extension) = split_last(field);
    position(&PICTURES, extension)?;
    Some(match stem {
        None => 0,
        Some(stem) if stem.eq_ignore_ascii_case("image") => 1,
        Some(_) => 2,
    })
}

/// Text goes before JSON, and `txt` before `title.txt`. A column that is asked for is a field of
/// this name, with or without its `.txt`, or else a column of the JSON object.
fn caption_rank(field: &str, column: Option<&str>) -> Option<(u8, Form)> {
    const DOTTED: u8 = TEXTS.len() as u8;
    let (stem, extension) = split_last(field);
    if position(&JSONS, extension).is_some() {
        return Some((DOTTED + 1 + u8::from(stem.is_some()), Form::Json));
    }
    let text = position(&TEXTS, extension);
    let rank = match (column, stem) {
        (Some(column), _) if field == column => Some(0),
        (Some(column), Some(stem)) if stem == column => text.map(|_| 1),
        (Some(_), _) => None,
        (None, None) => text,
        (None, Some(_)) => text.map(|_| DOTTED),
    };
    // A picture's own field is no caption, whatever is asked for.
    let rank = rank.filter(|_| position(&PICTURES, extension).is_none());
    Some((rank?, Form::Text))
}

/// What precedes the last dot, if there is one, and what follows it.
fn split_last(field: &str) -> (Option<&str>, &str) {
    match field.rsplit_once('.') {
        Some((stem, extension)) => (Some(stem), extension),
        None => (None, field),
    }
}

fn position(names: &[&str], name: &str) -> Option<u8> {
    let at = names
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name));
    at.map(|at| at as u8)
}

/// The fields of a sample, for messages.
fn fields(index: &Index, parts: &[Part]) -> String {
    listed(parts.iter().map(|part| index.field(part)))
}

/// Names for messages, the first dozen of them.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.map(|name| format!("`{name}`"));
    let mut shown: Vec<_> = names.by_ref().take(12).collect();
    let more = names.count();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    match shown.is_empty() {
        true => "(none)".to_owned(),
        false => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        fields: &[&str],
        column: Option<&str>,
    ) -> Result<(String, String, Form), SampleProblem> {
        let fields: Vec<_> = fields.iter().map(|&field| field.to_owned()).collect();
        let part = |field| Part {
            block: 1,
            bytes: 1,
            field: field as u16,
        };
        let parts: Vec<_> = (0..fields.len()).map(part).collect();
        let columns = Columns::new(&fields, column);
        let index = Index {
            fields,
            ..Index::default()
        };
        let chosen = columns.choose(&index, &parts)?;
        let name = |part| index.field(part).to_owned();
        Ok((name(chosen.picture), name(chosen.caption), chosen.form))
    }

    #[test]
    fn a_sample_has_one_picture_and_one_caption() {
        for (fields, column, picture, caption, form) in [
            (&["jpg", "txt"][..], None, "jpg", "txt", Form::Text),
            (&["JPG", "TXT"], None, "JPG", "TXT", Form::Text),
            (
                &["json", "txt", "jpg", "mask.png"],
                None,
                "jpg",
                "txt",
                Form::Text,
            ),
            (
                &["mask.png", "image.png", "json"],
                None,
                "image.png",
                "json",
                Form::Json,
            ),
            (
                &["left.webp", "title.txt", "json"],
                None,
                "left.webp",
                "title.txt",
                Form::Text,
            ),
            (
                &["png", "transcript", "caption"],
                None,
                "png",
                "caption",
                Form::Text,
            ),
            (
                &["jpg", "txt", "json"],
                Some("caption"),
                "jpg",
                "json",
                Form::Json,
            ),
            (
                &["jpg", "txt", "json"],
                Some("txt"),
                "jpg",
                "txt",
                Form::Text,
            ),
            (
                &["jpg", "txt", "long.txt"],
                Some("long"),
                "jpg",
                "long.txt",
                Form::Text,
            ),
            (
                &["jpg", "txt", "long.txt"],
                Some("long.txt"),
                "jpg",
                "long.txt",
                Form::Text,
            ),
            (
                &["jpg", "prompt"],
                Some("prompt"),
                "jpg",
                "prompt",
                Form::Text,
            ),
        ] {
            let expected = (picture.to_owned(), caption.to_owned(), form);
            assert_eq!(
                choose(fields, column),
                Ok(expected),
                "{fields:?} {column:?}"
            );
        }
    }

    #[test]
    fn what_is_missing_or_unclear_is_named() {
        let shown = |fields: &[&str], column| choose(fields, column).unwrap_err().to_string();
        let message = shown(&["txt", "npy"], None);
        assert!(
            message.starts_with("there is no picture among its fields `txt`, `npy`:"),
            "{message}"
        );
        let message = shown(&["jpg", "png", "txt"], None);
        assert!(
            message.starts_with(
                "it is unclear which of the fields `jpg`, `png`, `txt` is the picture"
            ),
            "{message}"
        );
        let message = shown(&["jpg"], None);
        assert!(
            message.starts_with("there is no caption `txt` (or "),
            "{message}"
        );
        let message = shown(&["jpg", "txt"], Some("prompt"));
        assert!(
            message.starts_with("there is no caption `prompt` among its fields `jpg`, `txt`:"),
            "{message}"
        );
        let message = shown(&["jpg", "a.txt", "b.txt"], None);
        assert!(message.contains("is the caption"), "{message}");
        assert!(choose(&["jpg", "x.png"], Some("x.png")).is_err());
    }
}
