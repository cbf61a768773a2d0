//! Many rows of short text in little memory.

/// Names and captions of a set's rows, one after the other in one piece of text: 28 bytes a row
/// beside the text, where a `String` each would take more than a hundred.
#[derive(Debug, Default)]
pub(crate) struct RowTable {
    text: String,
    rows: Vec<Row>,
    caption_bytes: Vec<u32>,
}

/// Where a row's text begins, and where the row was listed.
#[derive(Clone, Copy, Debug)]
struct Row {
    start: u64,
    first_caption: u32,
    name_bytes: u32,
    number: u32,
    line: u32,
}

impl RowTable {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row: its name, where it was listed (both counted from 1), and its captions.
    ///
    /// Every number must be below 2^32, which the sizes of the files see to.
    pub(crate) fn push<'a>(
        &mut self,
        name: &str,
        number: usize,
        line: u64,
        captions: impl IntoIterator<Item = &'a str>,
    ) {
        self.rows.push(Row {
            start: self.text.len() as u64,
            first_caption: self.caption_bytes.len() as u32,
            name_bytes: name.len() as u32,
            number: number as u32,
            line: line as u32,
        });
        self.text.push_str(name);
        for caption in captions {
            self.text.push_str(caption);
            self.caption_bytes.push(caption.len() as u32);
        }
    }

    pub(crate) fn name(&self, row: usize) -> Option<&str> {
        let row = self.rows.get(row)?;
        let start = row.start as usize;
        self.text.get(start..start + row.name_bytes as usize)
    }

    /// A row's number and line where it was listed.
    pub(crate) fn place(&self, row: usize) -> Option<(usize, u64)> {
        let row = self.rows.get(row)?;
        Some((row.number as usize, row.line.into()))
    }

    pub(crate) fn caption_count(&self, row: usize) -> Option<usize> {
        Some(self.caption_sizes(row)?.len())
    }

    pub(crate) fn captions(&self, row: usize) -> Option<Vec<String>> {
        let Row {
            start, name_bytes, ..
        } = *self.rows.get(row)?;
        let mut at = start as usize + name_bytes as usize;
        let sizes = self.caption_sizes(row)?;
        sizes
            .iter()
            .map(|&size| {
                let caption = self.text.get(at..at + size as usize)?;
                at += size as usize;
                Some(caption.to_owned())
            })
            .collect()
    }

    fn caption_sizes(&self, row: usize) -> Option<&[u32]> {
        let start = self.rows.get(row)?.first_caption as usize;
        let end = self.rows.get(row + 1);
        let end = end.map_or(self.caption_bytes.len(), |next| next.first_caption as usize);
        self.caption_bytes.get(start..end)
    }

    /// Gives back the memory that was kept for further rows.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.caption_bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_added() {
        let mut table = RowTable::default();
        table.push("a.png", 1, 2, ["a cat"]);
        table.push("é.png", 3, 5, []);
        table.push("c.png", 4, 6, ["ein Hund", "", "犬"]);
        table.shrink();
        assert_eq!(table.len(), 3);
        let names: Vec<_> = (0..4).map(|row| table.name(row)).collect();
        assert_eq!(names, [Some("a.png"), Some("é.png"), Some("c.png"), None]);
        assert_eq!(table.captions(0).unwrap(), ["a cat"]);
        assert_eq!(table.captions(1).unwrap(), [""; 0]);
        assert_eq!(table.captions(2).unwrap(), ["ein Hund", "", "犬"]);
        assert_eq!(
            (table.caption_count(2), table.place(2)),
            (Some(3), Some((4, 6)))
        );
        assert!(table.captions(3).is_none() && table.place(3).is_none());
    }
}
