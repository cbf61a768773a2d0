//! Bringing images and their captions together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::CocoError;
use super::parse::{Annotation, Id, Image, Parsed};
use super::pictures::Pictures;
use crate::bad_row_list::BadRowList;
use crate::folder::captions::MAX_CAPTION_BYTES;
use crate::folder::inside;
use crate::row_table::RowTable;
use crate::{BadRows, DataError, SkippedRow};

/// The rows of a split.
#[derive(Debug)]
pub(super) struct SplitRows {
    pub(super) table: RowTable,
    pub(super) skipped: Vec<SkippedRow>,
}

/// Makes rows of a file's entries.
pub(super) struct RowMaker {
    path: PathBuf,
    pictures: Pictures,
    policy: BadRows,
}

impl RowMaker {
    pub(super) fn new(path: &Path, policy: BadRows) -> Self {
        Self {
            path: path.to_owned(),
            pictures: Pictures::beside(path),
            policy,
        }
    }

    /// COCO's form: captions refer to images by their ids.
    pub(super) fn coco(&mut self, parsed: Parsed) -> Result<SplitRows, DataError> {
        let mut rows = self.split();
        let Parsed {
            images,
            annotations,
            ..
        } = parsed;
        let entries = self.entries_by_id(&images, &mut rows)?;
        let captions = self.captions_by_image(&annotations, &entries, images.len(), &mut rows)?;
        for ((at, image), captions) in images.iter().enumerate().zip(&captions) {
            let counts = image
                .id
                .as_ref()
                .is_some_and(|id| entries.get(id) == Some(&at));
            if counts {
                let captions = captions
                    .iter()
                    .filter_map(|&at| annotations[at].caption.as_deref());
                let row = self.row(
                    at + 1,
                    image.file_name.as_deref(),
                    "file_name",
                    captions,
                    &mut rows,
                );
                self.leave_out(row, &mut rows)?;
            }
        }
        self.finish(rows)
    }

    /// Karpathy's form: each image has its captions and its split.
    pub(super) fn karpathy(
        &mut self,
        images: &[Image],
    ) -> Result<Vec<(String, SplitRows)>, DataError> {
        let mut splits: Vec<(String, Making)> = Vec::new();
        for (at, image) in images.iter().enumerate() {
            let split = split_name(image.split.as_deref());
            let rows = match splits.iter().position(|(name, _)| name == split) {
                Some(at) => &mut splits[at].1,
                None => {
                    splits.push((split.to_owned(), self.split()));
                    let last = splits.len() - 1;
                    &mut splits[last].1
                }
            };
            let name = image
                .filename
                .as_deref()
                .map(|name| match image.filepath.as_deref() {
                    Some(folder) if !folder.is_empty() => format!("{folder}/{name}"),
                    _ => name.to_owned(),
                });
            let sentences = image.sentences.iter().flatten();
            let captions = sentences.filter_map(|sentence| sentence.raw.as_deref());
            let row = self.row(at + 1, name.as_deref(), "filename", captions, rows);
            self.leave_out(row, rows)?;
        }
        let order = ["train", "validation", "test"];
        splits.sort_by_key(|(name, _)| {
            order
                .iter()
                .position(|known| known == name)
                .unwrap_or(order.len())
        });
        splits
            .into_iter()
            .map(|(name, rows)| Ok((name, self.finish(rows)?)))
            .collect()
    }

    fn split(&self) -> Making {
        Making {
            table: RowTable::default(),
            bad: BadRowList::new(self.policy),
        }
    }

    fn finish(&self, rows: Making) -> Result<SplitRows, DataError> {
        let mut table = rows.table;
        table.shrink();
        let skipped = rows.bad.finish(&self.path, table.len())?;
        Ok(SplitRows { table, skipped })
    }

    /// The entry of each id; images without an id, and those after the first of an id, are bad.
    fn entries_by_id(
        &self,
        images: &[Image],
        rows: &mut Making,
    ) -> Result<HashMap<Id, usize>, DataError> {
        let mut entries: HashMap<Id, usize> = HashMap::with_capacity(images.len());
        for (at, image) in images.iter().enumerate() {
            let result = match &image.id {
                None => Err(self.missing("images", at + 1, "id")),
                Some(id) => match entries.get(id) {
                    Some(first) => Err(CocoError::DuplicateId {
                        path: self.path.clone(),
                        entry: at + 1,
                        id: id.to_string(),
                        first: first + 1,
                    }),
                    None => {
                        entries.insert(id.clone(), at);
                        Ok(())
                    }
                },
            };
            self.leave_out(result, rows)?;
        }
        Ok(entries)
    }

    /// The captions of each image, as entries of `annotations`, counted from 0.
    fn captions_by_image(
        &self,
        annotations: &[Annotation],
        entries: &HashMap<Id, usize>,
        images: usize,
        rows: &mut Making,
    ) -> Result<Vec<Vec<usize>>, DataError> {
        let mut captions = vec![Vec::new(); images];
        for (at, annotation) in annotations.iter().enumerate() {
            let result = self.image_of(annotation, at + 1, entries);
            let result = result.map(|image| captions[image].push(at));
            self.leave_out(result, rows)?;
        }
        Ok(captions)
    }

    fn image_of(
        &self,
        annotation: &Annotation,
        entry: usize,
        entries: &HashMap<Id, usize>,
    ) -> Result<usize, CocoError> {
        let missing = |field| self.missing("annotations", entry, field);
        let id = annotation
            .image_id
            .as_ref()
            .ok_or_else(|| missing("image_id"))?;
        annotation
            .caption
            .as_ref()
            .ok_or_else(|| missing("caption"))?;
        entries
            .get(id)
            .copied()
            .ok_or_else(|| CocoError::UnknownImage {
                path: self.path.clone(),
                entry,
                id: id.to_string(),
            })
    }

    /// Adds a row, if its picture is there and it has a caption.
    fn row<'a>(
        &mut self,
        entry: usize,
        file_name: Option<&str>,
        column: &'static str,
        captions: impl Iterator<Item = &'a str>,
        rows: &mut Making,
    ) -> Result<(), CocoError> {
        let file_name = file_name.ok_or_else(|| self.missing("images", entry, column))?;
        let named = || (self.path.clone(), file_name.to_owned());
        let captions: Vec<_> = captions
            .map(str::trim)
            .filter(|caption| !caption.is_empty())
            .collect();
        let Some(inner) = inside(file_name) else {
            let (path, file_name) = named();
            return Err(CocoError::PathOutside {
                path,
                entry,
                file_name,
            });
        };
        if captions.is_empty() {
            let (path, file_name) = named();
            return Err(CocoError::NoCaption {
                path,
                entry,
                file_name,
            });
        }
        if let Some(long) = captions
            .iter()
            .find(|caption| caption.len() > MAX_CAPTION_BYTES)
        {
            let (path, file_name) = named();
            let (bytes, limit) = (long.len(), MAX_CAPTION_BYTES);
            return Err(CocoError::CaptionTooLong {
                path,
                entry,
                file_name,
                bytes,
                limit,
            });
        }
        match self.pictures.find(&inner) {
            Some(path) => {
                rows.table.push(&path, entry, 1, captions);
                Ok(())
            }
            None => Err(CocoError::PictureMissing {
                path: self.path.clone(),
                entry,
                file_name: file_name.to_owned(),
            }),
        }
    }

    fn missing(&self, list: &'static str, entry: usize, field: &'static str) -> CocoError {
        CocoError::MissingField {
            path: self.path.clone(),
            list,
            entry,
            field,
        }
    }

    /// Lists a bad entry, under the policy for them.
    fn leave_out(&self, entry: Result<(), CocoError>, rows: &mut Making) -> Result<(), DataError> {
        let Err(error) = entry else {
            return Ok(());
        };
        let skipped = error.entry().map(|(list, entry, name)| {
            let place = format!("`{list}` entry {entry} of `{}`", self.path.display());
            SkippedRow {
                row: entry,
                description: match name {
                    Some(name) => format!("`{name}`, {place}"),
                    None => place,
                },
                reason: error.to_string(),
            }
        });
        rows.bad.add(&self.path, error.into(), skipped)
    }
}

/// The rows of a split, as far as they are made.
struct Making {
    table: RowTable,
    bad: BadRowList,
}

/// A split's name in `datasets`' words. `restval`, the rest of COCO's validation pictures, is
/// trained on, as in the papers that use this split.
fn split_name(split: Option<&str>) -> &str {
    match split {
        None | Some("restval") => "train",
        Some("val") => "validation",
        Some(other) => other,
    }
}
