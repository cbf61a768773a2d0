//! Character error rate.

use crate::alignment::EditCounts;
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::wer::{ErrorRateDetails, TransformPair, edit_statistics};
use crate::{Metric, MetricError, RowStatistics, Transforms, process_words};

const VALUES: [&str; 5] = [
    "cer",
    "char_hits",
    "char_substitutions",
    "char_deletions",
    "char_insertions",
];

/// Character error rate over the corpus: the word error rate's formula over characters (Unicode
/// code points), spaces included. jiwer's counts.
///
/// Gives `cer` and the counts `char_hits`, `char_substitutions`, `char_deletions`,
/// `char_insertions`. With several references the one with the lowest error rate counts, the
/// first of equals.
#[derive(Debug, Clone)]
pub struct CharErrorRate {
    transforms: TransformPair,
    rows: Vec<EditCounts>,
}

impl Default for CharErrorRate {
    fn default() -> Self {
        Self::new()
    }
}

impl CharErrorRate {
    /// jiwer's default transforms: whitespace at both ends removed, cut into characters.
    pub fn new() -> Self {
        CharErrorRate {
            transforms: TransformPair::both(Transforms::cer_default()),
            rows: Vec::new(),
        }
    }

    /// Own transforms for both sides.
    ///
    /// # Errors
    /// [`MetricError::TransformChangesRows`] if a step drops or joins rows.
    pub fn with_transforms(
        predictions: Transforms,
        references: Transforms,
    ) -> Result<Self, MetricError> {
        Ok(CharErrorRate {
            transforms: TransformPair::new(predictions, references)?,
            rows: Vec::new(),
        })
    }

    /// The counts and rates over all rows so far, as typed values.
    ///
    /// # Errors
    /// [`MetricError::NoRows`] before the first row.
    pub fn details(&self) -> Result<ErrorRateDetails, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(ErrorRateDetails::of(EditCounts::sum(&self.rows)))
    }
}

impl Metric for CharErrorRate {
    fn name(&self) -> &str {
        "cer"
    }

    fn value_names(&self) -> Vec<String> {
        VALUES.map(str::to_owned).to_vec()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        match value {
            "char_hits" => Some(true),
            _ => direction(self, value, false),
        }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(CharErrorRate {
            transforms: self.transforms.clone(),
            rows: Vec::new(),
        })
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            self.transforms.best_row(prediction, references)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        let equal = self.transforms == other.transforms;
        same_setting(equal, self.name(), "transforms")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(edit_statistics(&self.rows, |details| {
            let values = [details.error_rate].into_iter().chain(details.counts());
            VALUES.into_iter().zip(values).collect()
        }))
    }
}

/// The character error rate of whole lists, with jiwer's default transforms. Predictions come
/// first, as everywhere in this crate.
///
/// # Errors
/// [`MetricError::RowCountMismatch`] if the lists have different lengths.
pub fn cer<P: AsRef<str>, R: AsRef<str>>(
    predictions: &[P],
    references: &[R],
) -> Result<f64, MetricError> {
    let transforms = Transforms::cer_default();
    Ok(
        process_words(predictions, references, &transforms, &transforms)?
            .details
            .error_rate,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_code_points_not_bytes() {
        assert_eq!(cer(&["grosse"], &["größe"]).unwrap(), 0.6);
        assert_eq!(cer(&["🐈🐈"], &["🐈🐕"]).unwrap(), 0.5);
    }

    #[test]
    fn spaces_count_as_characters() {
        assert_eq!(cer(&["ab"], &["a b"]).unwrap(), 1.0 / 3.0);
    }
}
