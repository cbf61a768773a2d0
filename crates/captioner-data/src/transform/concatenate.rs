//! Sets one after the other.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::{CaptionDataset, DataError, Feature, FeatureType, Picture, SkippedRow};

/// Sets one after the other. Names, numbers and descriptions of rows are those of the sets.
#[derive(Clone)]
pub struct Concatenated {
    name: String,
    sets: Vec<Arc<dyn CaptionDataset>>,
    /// The first row of each set, and the number of all rows.
    starts: Vec<usize>,
    features: Vec<Feature>,
    skipped: Vec<SkippedRow>,
}

/// Joins sets whose columns have the same names, as `datasets.concatenate_datasets` does.
///
/// Where some have one caption a row and some a list of them, the whole has lists.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, concatenate};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let album = |name: &str| {
///     let mut set = InMemoryDataset::new(name);
///     set.push(Picture::Encoded(vec![1]), [format!("a picture of {name}")]);
///     Arc::new(set)
/// };
/// let both = concatenate(vec![album("cats"), album("dogs")])?;
/// assert_eq!((both.name(), both.len()), ("cats + dogs", 2));
/// assert_eq!(both.describe_row(1)?, "`row-0` of `dogs` row 1");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`DataError::NothingToConcatenate`] without a set; [`DataError::ColumnsDiffer`] where the
/// columns have other names than those of the first.
pub fn concatenate(sets: Vec<Arc<dyn CaptionDataset>>) -> Result<Concatenated, DataError> {
    let mut features = sets
        .first()
        .ok_or(DataError::NothingToConcatenate)?
        .features();
    let mut starts = vec![0];
    let mut rows = 0;
    for set in &sets {
        join(&mut features, &set.features()).map_err(|()| DataError::ColumnsDiffer {
            first: sets[0].name().to_owned(),
            first_columns: listed(&sets[0].features()),
            other: set.name().to_owned(),
            other_columns: listed(&set.features()),
        })?;
        rows += set.len();
        starts.push(rows);
    }
    let names: Vec<_> = sets.iter().map(|set| set.name()).collect();
    let skipped = sets.iter().flat_map(|set| set.skipped());
    Ok(Concatenated {
        name: names.join(" + "),
        skipped: skipped.cloned().collect(),
        starts,
        features,
        sets,
    })
}

/// Makes `features` those of both.
fn join(features: &mut [Feature], others: &[Feature]) -> Result<(), ()> {
    if features.len() != others.len() {
        return Err(());
    }
    for (feature, other) in features.iter_mut().zip(others) {
        use FeatureType::{Text, TextList};
        feature.kind = match (feature.kind, other.kind) {
            _ if feature.name != other.name => return Err(()),
            (one, another) if one == another => one,
            (Text, TextList) | (TextList, Text) => TextList,
            _ => return Err(()),
        };
    }
    Ok(())
}

fn listed(features: &[Feature]) -> String {
    let named = |feature: &Feature| format!("`{}` ({})", feature.name, feature.kind);
    features.iter().map(named).collect::<Vec<_>>().join(", ")
}

impl Concatenated {
    /// The set of a row, and its row there.
    fn place(&self, row: usize) -> Result<(&dyn CaptionDataset, usize), DataError> {
        if row >= self.len() {
            return Err(DataError::row_out_of_range(self, row));
        }
        let set = self.starts.partition_point(|&start| start <= row) - 1;
        Ok((self.sets[set].as_ref(), row - self.starts[set]))
    }
}

impl fmt::Debug for Concatenated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_struct("Concatenated");
        set.field("name", &self.name)
            .field("starts", &self.starts)
            .finish_non_exhaustive()
    }
}

impl CaptionDataset for Concatenated {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or_default()
    }

    fn features(&self) -> Vec<Feature> {
        self.features.clone()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let (set, row) = self.place(row)?;
        set.captions(row)
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        let (set, row) = self.place(row)?;
        set.caption_count(row)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let (set, row) = self.place(row)?;
        set.picture(row)
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        let (set, row) = self.place(row)?;
        set.row_name(row)
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        let (set, row) = self.place(row)?;
        set.row_number(row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let (set, row) = self.place(row)?;
        set.describe_row(row)
    }

    /// The blocks of each set.
    fn blocks(&self) -> Vec<Range<usize>> {
        let sets = self.sets.iter().zip(&self.starts);
        let shifted = |(set, start): (&Arc<dyn CaptionDataset>, &usize)| {
            let start = *start;
            let shift = move |block: Range<usize>| block.start + start..block.end + start;
            set.blocks().into_iter().map(shift)
        };
        sets.flat_map(shifted).collect()
    }

    fn rows_vary(&self) -> bool {
        self.sets.iter().any(|set| set.rows_vary())
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InMemoryDataset;
    use crate::test_sets::{Peculiar, numbered};
    use crate::transform::rename_caption_column;

    #[test]
    fn rows_are_those_of_the_sets_in_turn() {
        let peculiar = Peculiar::new(&[2, 3]);
        let empty = Arc::new(InMemoryDataset::new("empty"));
        let set = concatenate(vec![Arc::new(numbered(3)), empty, peculiar.clone()]).unwrap();
        assert_eq!((set.name(), set.len()), ("numbered + empty + peculiar", 8));
        let captions: Vec<_> = (0..8)
            .map(|row| set.captions(row).unwrap()[0].clone())
            .collect();
        assert_eq!(captions, ["0", "1", "2", "0", "1", "2", "3", "4"]);
        assert_eq!(set.blocks(), [0..3, 3..5, 5..8]);
        assert_eq!(set.picture(7).unwrap(), peculiar.picture(4).unwrap());
        assert_eq!(set.caption_count(7).unwrap(), 104);
        assert_eq!(set.row_name(7).unwrap(), "row-4");
        assert_eq!(set.row_number(7).unwrap(), 5);
        assert_eq!(set.describe_row(7).unwrap(), "the row that is called 4");
        assert!(set.rows_vary());
        assert_eq!(set.skipped(), peculiar.skipped());
        let message = "there is no row at index 8: `numbered + empty + peculiar` has 8 rows";
        assert_eq!(set.captions(8).unwrap_err().to_string(), message);
        assert_eq!(set.picture(8).unwrap_err().to_string(), message);
        assert_eq!(set.describe_row(8).unwrap_err().to_string(), message);
    }

    #[test]
    fn columns_must_agree() {
        assert!(matches!(
            concatenate(vec![]),
            Err(DataError::NothingToConcatenate)
        ));
        let other = Arc::new(rename_caption_column(Arc::new(numbered(1)), "prompt"));
        let error = concatenate(vec![Arc::new(numbered(3)), other]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`numbered` has the columns `image` (Image), `text` (string), and `numbered` has `image` \
             (Image), `prompt` (string): rename the caption column of one of them"
        );
        let mut lists = InMemoryDataset::new("lists");
        lists.push(Picture::Encoded(vec![1]), ["a", "b"]);
        let set = concatenate(vec![Arc::new(numbered(3)), Arc::new(lists)]).unwrap();
        assert_eq!(set.features()[1].kind, FeatureType::TextList);
    }
}
