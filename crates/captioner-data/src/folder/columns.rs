//! Which columns of a metadata file hold the picture and its captions.

use crate::{DataError, OpenOptions, Place};

/// The caption columns, the first present one counts.
pub(crate) const CAPTION_COLUMNS: [&str; 3] = ["text", "caption", "captions"];

/// The columns of a message about a row without a caption.
const CAPTION_COLUMN_NAMES: &str = "`text` (or `caption`, `captions`)";

/// The column of the picture's path.
const FILE_COLUMN: &str = "file_name";

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It names the picture, as `datasets`' folder builder reads it: `file_name`, `*_file_name`,
    /// `file_names`, `*_file_names`.
    File,
    /// It holds captions; a lower rank counts before a higher one.
    Caption(usize),
    Other,
}

/// The columns that are looked for.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    captions: Vec<String>,
}

impl Columns {
    pub(super) fn new(options: &OpenOptions) -> Self {
        let captions = match &options.caption_column {
            Some(column) => vec![column.clone()],
            None => CAPTION_COLUMNS.map(str::to_owned).to_vec(),
        };
        Self { captions }
    }

    /// The caption column of this rank, `0` the first.
    pub(super) fn caption(&self, rank: usize) -> &str {
        self.captions
            .get(rank)
            .map_or(CAPTION_COLUMNS[0], String::as_str)
    }

    pub(super) fn role(&self, column: &str) -> Role {
        if let Some(rank) = self.captions.iter().position(|name| name == column) {
            return Role::Caption(rank);
        }
        let name = column.strip_suffix('s').unwrap_or(column);
        match name.strip_suffix(FILE_COLUMN) {
            Some(before) if before.is_empty() || before.ends_with('_') => Role::File,
            _ => Role::Other,
        }
    }

    /// Which of several columns that name pictures counts: `file_name`, or the only one.
    pub(super) fn choose_file<T>(
        &self,
        found: Vec<(&str, T)>,
        error: impl FnOnce(Vec<String>) -> DataError,
    ) -> Result<Option<T>, DataError> {
        if found.len() > 1 && !found.iter().any(|(name, _)| *name == FILE_COLUMN) {
            let names = found.iter().map(|(name, _)| (*name).to_owned());
            return Err(error(names.collect()));
        }
        let mut found = found;
        let at = found.iter().position(|(name, _)| *name == FILE_COLUMN);
        Ok((!found.is_empty()).then(|| found.swap_remove(at.unwrap_or(0)).1))
    }

    /// Where the columns of a table are, by the names of all its columns.
    pub(super) fn in_header<'a>(
        &self,
        names: impl Iterator<Item = &'a str> + Clone,
        missing: impl Fn(String, Vec<String>) -> DataError,
        several: impl FnOnce(Vec<String>) -> DataError,
    ) -> Result<Positions, DataError> {
        let with_role = |wanted: Role| {
            let all = names.clone().enumerate();
            all.filter(move |(_, name)| self.role(name) == wanted)
        };
        let files = with_role(Role::File).map(|(at, name)| (name, at)).collect();
        let there = || self.others(names.clone());
        let file = self.choose_file(files, several)?;
        let file = file.ok_or_else(|| missing(file_column_names(), there()))?;
        let caption = (0..self.captions.len())
            .find_map(|rank| Some((rank, with_role(Role::Caption(rank)).next()?.0)));
        let (rank, caption) = caption.ok_or_else(|| missing(self.caption_names(), there()))?;
        Ok(Positions {
            file,
            caption,
            rank,
        })
    }

    /// The error for a row without one of its columns, among these.
    pub(super) fn missing<'a>(
        &self,
        place: Place,
        file: bool,
        names: impl Iterator<Item = &'a str>,
    ) -> DataError {
        DataError::MissingColumn {
            place,
            column: if file {
                file_column_names()
            } else {
                self.caption_names()
            },
            there: self.others(names),
        }
    }

    fn caption_names(&self) -> String {
        match &self.captions[..] {
            [one] => format!("`{one}`"),
            _ => CAPTION_COLUMN_NAMES.to_owned(),
        }
    }

    /// The columns that are for nothing, which may be what is looked for under another name.
    fn others<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let others = names.filter(|name| self.role(name) == Role::Other);
        others.map(str::to_owned).collect()
    }
}

/// Where a table's columns are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Positions {
    pub(super) file: usize,
    pub(super) caption: usize,
    /// The rank of the caption column.
    pub(super) rank: usize,
}

fn file_column_names() -> String {
    format!("`{FILE_COLUMN}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_their_names() {
        let columns = Columns::new(&OpenOptions::default());
        for name in ["file_name", "image_file_name", "file_names", "a_file_names"] {
            assert_eq!(columns.role(name), Role::File, "{name}");
        }
        for name in ["profile_name", "file_namess", "File_name", "name", "prompt"] {
            assert_eq!(columns.role(name), Role::Other, "{name}");
        }
        assert_eq!(columns.role("captions"), Role::Caption(2));
        let prompt = OpenOptions::default().with_caption_column("prompt");
        let columns = Columns::new(&prompt);
        assert_eq!(columns.role("prompt"), Role::Caption(0));
        assert_eq!(columns.role("text"), Role::Other);
    }
}
