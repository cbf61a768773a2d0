//! Which column holds the pictures, and which the captions.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::ColumnError;

/// The caption columns that are looked for; the first present one counts.
const CAPTION_COLUMNS: [&str; 3] = ["text", "caption", "captions"];

/// The column which is taken for the pictures if several could be.
const IMAGE_COLUMN: &str = "image";

/// A column's type, as far as pictures and captions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A struct with the field `bytes` (binary) or `path` (string), or both.
    ImageStruct,
    /// Bytes of any kind: binary, large binary, binary view.
    Binary,
    /// Text of any kind: string, large string, string view, dictionary of strings.
    Text,
    /// A list of texts.
    TextList,
    /// Something else, by its name.
    Other(String),
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ImageStruct => "a struct of bytes and path",
            Self::Binary => "binary",
            Self::Text => "string",
            Self::TextList => "list of strings",
            Self::Other(name) => name,
        })
    }
}

/// A column of a file.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
}

/// The chosen columns, by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) image: usize,
    pub(crate) caption: usize,
}

/// Chooses the columns of the pictures and of the captions.
///
/// `huggingface` is the value of this key in the schema's metadata, in which `datasets`
/// keeps a set's features.
///
/// # Errors
/// A [`ColumnError`] which names the columns that are there.
pub(crate) fn choose(
    file: &Path,
    columns: &[Column],
    huggingface: Option<&str>,
    caption_column: Option<&str>,
) -> Result<Chosen, ColumnError> {
    Ok(Chosen {
        image: image_column(file, columns, &image_features(huggingface))?,
        caption: caption_column_of(file, columns, caption_column)?,
    })
}

/// Finds the columns that were chosen in the set's first file, the picture column and the caption
/// column, in another file.
///
/// # Errors
/// [`ColumnError::DifferentColumns`] if one is missing or of another type.
pub(crate) fn same_columns(
    file: &Path,
    columns: &[Column],
    first: &Path,
    (image, caption): (&Column, &Column),
) -> Result<Chosen, ColumnError> {
    let find = |wanted: &Column| {
        let found = columns.iter().position(|column| column.name == wanted.name);
        let fits = |&index: &usize| columns[index].kind == wanted.kind;
        let kind = |index: usize| columns[index].kind.to_string();
        found
            .filter(fits)
            .ok_or_else(|| ColumnError::DifferentColumns {
                file: file.to_owned(),
                first: first.to_owned(),
                column: wanted.name.clone(),
                found: found.map_or("missing".to_owned(), kind),
                expected: wanted.kind.to_string(),
            })
    };
    Ok(Chosen {
        image: find(image)?,
        caption: find(caption)?,
    })
}

/// The names of the columns which a set's features call images.
fn image_features(huggingface: Option<&str>) -> Vec<String> {
    let parsed = huggingface.and_then(|json| serde_json::from_str::<Value>(json).ok());
    let features = parsed
        .as_ref()
        .and_then(|all| all.pointer("/info/features"));
    let Some(Value::Object(features)) = features else {
        return Vec::new();
    };
    let images = features.iter().filter(|(_, kind)| kind["_type"] == "Image");
    images.map(|(name, _)| name.clone()).collect()
}

fn image_column(file: &Path, columns: &[Column], images: &[String]) -> Result<usize, ColumnError> {
    let called_images = indices(columns, |column| images.contains(&column.name));
    let named = indices(columns, |column| column.name == IMAGE_COLUMN);
    let fitting =
        |column: &Column| matches!(column.kind, ColumnKind::ImageStruct | ColumnKind::Binary);
    let both = indices(columns, |column| {
        images.contains(&column.name) && column.name == IMAGE_COLUMN
    });
    for candidates in [&both, &called_images, &named, &indices(columns, fitting)] {
        match candidates.as_slice() {
            [] => {}
            &[only] => return checked_image(file, columns, only),
            several => {
                let names = several
                    .iter()
                    .map(|&index| format!("`{}`", columns[index].name));
                return Err(ColumnError::SeveralImageColumns {
                    file: file.to_owned(),
                    candidates: names.collect::<Vec<_>>().join(", "),
                });
            }
        }
    }
    Err(ColumnError::NoImageColumn {
        file: file.to_owned(),
        columns: listed(columns),
    })
}

fn indices(columns: &[Column], wanted: impl Fn(&Column) -> bool) -> Vec<usize> {
    let found = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| wanted(column));
    found.map(|(index, _)| index).collect()
}

fn checked_image(file: &Path, columns: &[Column], index: usize) -> Result<usize, ColumnError> {
    let column = &columns[index];
    match column.kind {
        ColumnKind::ImageStruct | ColumnKind::Binary | ColumnKind::Text => Ok(index),
        _ => Err(ColumnError::ImageColumnType {
            file: file.to_owned(),
            column: column.name.clone(),
            kind: column.kind.to_string(),
        }),
    }
}

fn caption_column_of(
    file: &Path,
    columns: &[Column],
    asked: Option<&str>,
) -> Result<usize, ColumnError> {
    let of_name = |name: &str| columns.iter().position(|column| column.name == name);
    let (found, wanted) = match asked {
        Some(name) => (of_name(name), format!("`{name}`")),
        None => (
            CAPTION_COLUMNS.iter().find_map(|name| of_name(name)),
            "`text`, `caption` or `captions`".to_owned(),
        ),
    };
    let index = found.ok_or_else(|| ColumnError::NoCaptionColumn {
        file: file.to_owned(),
        wanted,
        columns: listed(columns),
    })?;
    match &columns[index].kind {
        ColumnKind::Text | ColumnKind::TextList => Ok(index),
        kind => Err(ColumnError::CaptionColumnType {
            file: file.to_owned(),
            column: columns[index].name.clone(),
            kind: kind.to_string(),
            columns: listed(columns),
        }),
    }
}

/// The columns for a message: `image` (binary), `text` (string).
fn listed(columns: &[Column]) -> String {
    const MOST: usize = 40;
    let shown = columns.iter().take(MOST);
    let mut listed: Vec<_> = shown
        .map(|column| format!("`{}` ({})", column.name, column.kind))
        .collect();
    if columns.len() > MOST {
        listed.push(format!("and {} more", columns.len() - MOST));
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(all: &[(&str, ColumnKind)]) -> Vec<Column> {
        let column = |(name, kind): &(&str, ColumnKind)| Column {
            name: (*name).to_owned(),
            kind: kind.clone(),
        };
        all.iter().map(column).collect()
    }

    fn chosen(
        all: &[(&str, ColumnKind)],
        huggingface: Option<&str>,
        caption: Option<&str>,
    ) -> Result<(usize, usize), String> {
        let chosen = choose(Path::new("a.parquet"), &columns(all), huggingface, caption);
        chosen
            .map(|chosen| (chosen.image, chosen.caption))
            .map_err(|error| error.to_string())
    }

    use ColumnKind::{Binary, ImageStruct, Other, Text, TextList};

    #[test]
    fn the_image_column_is_the_one_that_features_or_its_name_say() {
        let picture_and_mask = [
            ("picture", ImageStruct),
            ("mask", ImageStruct),
            ("text", Text),
        ];
        let features =
            r#"{"info": {"features": {"mask": {"_type": "Image"}, "text": {"_type": "Value"}}}}"#;
        assert_eq!(chosen(&picture_and_mask, Some(features), None), Ok((1, 2)));
        assert_eq!(
            chosen(&picture_and_mask, None, None).unwrap_err(),
            "`a.parquet` has several columns of pictures, `picture`, `mask`: name the one to use `image`"
        );
        let named = [("mask", Binary), ("image", Text), ("text", Text)];
        assert_eq!(chosen(&named, None, None), Ok((1, 2)));
        let both =
            r#"{"info": {"features": {"mask": {"_type": "Image"}, "image": {"_type": "Image"}}}}"#;
        assert_eq!(chosen(&named, Some(both), None), Ok((1, 2)));
        assert_eq!(
            chosen(&[("jpg", Binary), ("text", Text)], Some("no json"), None),
            Ok((0, 1))
        );
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let numbers = [("image", Other("int64".to_owned())), ("text", Text)];
        assert!(
            chosen(&numbers, None, None)
                .unwrap_err()
                .contains("`image` is int64")
        );
        assert_eq!(
            chosen(&[("text", Text)], None, None).unwrap_err(),
            "`a.parquet` has no column of pictures; its columns: `text` (string): name the one of the \
             pictures `image`, as a struct of `bytes` and `path`, as binary, or as the path of a file"
        );
        let prompts = [("image", ImageStruct), ("prompt", TextList)];
        assert_eq!(chosen(&prompts, None, Some("prompt")), Ok((0, 1)));
        assert_eq!(
            chosen(&prompts, None, None).unwrap_err(),
            "`a.parquet` has no column `text`, `caption` or `captions` for the captions; its columns: \
             `image` (a struct of bytes and path), `prompt` (list of strings): name the one of the \
             captions (`--caption-column`, or `with_caption_column`)"
        );
        let blob = [("image", ImageStruct), ("text", Binary)];
        assert!(
            chosen(&blob, None, None)
                .unwrap_err()
                .contains("`text` is binary")
        );
    }
}
