//! How much of a set is held out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DataError;

/// How many rows are held out: a share of them or a number, as `test_size` of
/// `datasets.Dataset.train_test_split`.
///
/// Written as text or JSON, what has a decimal point is a share: `0.1` are 10 %, `500` are 500
/// rows.
///
/// ```
/// use captioner_data::TestSize;
///
/// assert_eq!(TestSize::from(0.1), TestSize::Fraction(0.1));
/// assert_eq!("500".parse(), Ok(TestSize::Count(500)));
/// assert_eq!("0.25".parse(), Ok(TestSize::Fraction(0.25)));
/// assert!("a tenth".parse::<TestSize>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TestSize {
    /// So many rows.
    Count(usize),
    /// This share of the rows, between 0 and 1; part of a row counts as a whole one.
    Fraction(f64),
}

impl TestSize {
    /// How many of these rows are held out.
    ///
    /// # Errors
    /// [`DataError::InvalidTestSize`] for a share that isn't between 0 and 1;
    /// [`DataError::EmptySplit`] if no row would be held out, or none left.
    pub(crate) fn rows(self, set: &str, rows: usize) -> Result<usize, DataError> {
        let test = match self {
            Self::Count(count) => count.min(rows),
            // Written so that NaN is refused too.
            Self::Fraction(share) if !(share > 0.0 && share < 1.0) => {
                return Err(DataError::InvalidTestSize { test_size: share });
            }
            Self::Fraction(share) => ((share * rows as f64).ceil() as usize).min(rows),
        };
        let train = rows - test;
        if train == 0 || test == 0 {
            return Err(DataError::EmptySplit {
                set: set.to_owned(),
                rows,
                test_size: self,
                train,
                test,
            });
        }
        Ok(test)
    }
}

impl From<f64> for TestSize {
    fn from(share: f64) -> Self {
        Self::Fraction(share)
    }
}

impl From<usize> for TestSize {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl fmt::Display for TestSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            // With its point, so that it is read as a share again.
            Self::Fraction(share) => write!(f, "{share:?}"),
        }
    }
}

/// A text that is no [`TestSize`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no test size: give a share such as 0.1, or a number of rows such as 500")]
pub struct ParseTestSizeError {
    text: String,
}

impl FromStr for TestSize {
    type Err = ParseTestSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        let share = text.parse().map(Self::Fraction);
        share.map_err(|_| ParseTestSizeError {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for size in [
            TestSize::Count(500),
            TestSize::Fraction(0.1),
            TestSize::Fraction(1.0),
        ] {
            assert_eq!(size.to_string().parse(), Ok(size));
            let json = serde_json::to_string(&size).unwrap();
            assert_eq!(
                serde_json::from_str::<TestSize>(&json).unwrap(),
                size,
                "{json}"
            );
        }
        let error = "1/10".parse::<TestSize>().unwrap_err().to_string();
        assert!(error.starts_with("`1/10` is no test size"), "{error}");
    }

    #[test]
    fn sizes_that_leave_a_part_empty_are_named() {
        let error = TestSize::Count(5).rows("album", 5).unwrap_err().to_string();
        let expected = "a test size of 5 cuts the 5 row(s) of `album` into 0 for training and 5 for \
                        testing, and neither may be empty: add rows or change the size";
        assert_eq!(error, expected);
        for (size, rows) in [(0, 5), (9, 5), (1, 1)] {
            let error = TestSize::Count(size).rows("album", rows).unwrap_err();
            assert!(matches!(error, DataError::EmptySplit { .. }), "{error}");
        }
        assert_eq!(TestSize::Count(4).rows("album", 5).unwrap(), 4);
    }
}
