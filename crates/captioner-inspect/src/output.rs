//! The sheet of samples, and the files of an inspection.

use std::path::{Path, PathBuf};

use captioner_files::{create_folder, write_file, write_json};
use captioner_image::RgbImage;
use captioner_report::{Captioned, GridOptions, Note, colour, sample_grid, write_png};

use crate::inspection::Inspection;
use crate::wording::{counted, shortened};
use crate::{InspectError, ShownRow};

/// The page, what `serde` writes, the text, and the sheet of samples.
const FILES: [&str; 4] = [
    "inspection.html",
    "inspection.json",
    "inspection.txt",
    "samples.png",
];

impl Inspection {
    /// The samples as one picture, with their captions beneath.
    ///
    /// # Errors
    /// [`InspectError::NoPicture`] where no row has a readable picture.
    pub fn sheet(&self) -> Result<RgbImage, InspectError> {
        let drawn = |row: &ShownRow| row.picture.is_some();
        let rows: Vec<&ShownRow> = self.samples.iter().filter(|row| drawn(row)).collect();
        let items = rows.iter().filter_map(|row| {
            let picture = row.picture.as_ref()?;
            Some(self.captioned(row, picture))
        });
        let items: Vec<Captioned<'_>> = items.collect();
        if items.is_empty() {
            return Err(InspectError::NoPicture);
        }
        let options = GridOptions {
            columns: 6,
            cell_size: 200,
            max_lines: 4,
            title: Some(format!(
                "{}: {} of {}",
                shortened(&self.title(), 120),
                items.len(),
                counted(self.rows as u64, "row")
            )),
        };
        Ok(sample_grid(&items, &options)?)
    }

    fn captioned<'a>(&self, row: &'a ShownRow, picture: &'a RgbImage) -> Captioned<'a> {
        let caption = row.captions.first().map_or("(no caption)", String::as_str);
        let mut item = Captioned::new(picture, caption);
        for further in row.captions.iter().skip(1).take(1) {
            item = item.with_note(Note::new(further.as_str(), colour::TEXT));
        }
        let place = match self.splits.len() {
            1 => row.row.name.clone(),
            _ => format!("{} {}", row.row.split, row.row.name),
        };
        item.with_note(Note::new(shortened(&place, 80), colour::QUIET))
    }

    /// The name of the set that the first split is of, without what is particular to the split.
    pub(crate) fn title(&self) -> String {
        let first = self.splits.first().map(|split| split.set.as_str());
        let name = first.unwrap_or("no set");
        let same = self.splits.iter().all(|split| split.set == name);
        match (same, self.splits.len()) {
            (true, _) | (_, 1) => name.to_owned(),
            (false, _) => {
                let before = name.split('[').next().unwrap_or(name); // of a part: `pictures[train]`
                before.trim_end_matches(['/', '\\']).to_owned()
            }
        }
    }

    /// Writes `inspection.html`, `inspection.json`, `inspection.txt` and, where there is a picture,
    /// `samples.png` into a folder, which is made where it is missing. Each is written whole or not
    /// at all, and replaces one of an earlier inspection; nothing else is touched. Returns the files.
    ///
    /// # Errors
    /// When the folder can't be made or a file not be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, InspectError> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        let [page, json, text, sheet] = FILES.map(|name| folder.join(name));
        write_file(&page, self.to_html().as_bytes())?;
        write_json(&json, self)?;
        write_file(&text, self.to_text().as_bytes())?;
        let mut written = vec![page, json, text];
        match self.sheet() {
            Ok(picture) => {
                write_png(&picture, &sheet)?;
                written.push(sheet);
            }
            Err(InspectError::NoPicture) => {}
            Err(error) => return Err(error),
        }
        Ok(written)
    }
}
