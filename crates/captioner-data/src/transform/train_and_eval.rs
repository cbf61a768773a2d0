//! What is trained on and what is evaluated on, of a set with splits.

use std::sync::Arc;

use crate::{CaptionDataset, DataError, DatasetSplits, Split, Subset, TestSize, train_test_split};

/// The share that is held out of a set which brings no split for it, unless another is asked for.
pub const DEFAULT_TEST_SIZE: f64 = 0.1;

/// The names of a split that is evaluated on while training, the first that is there counts.
/// They are those that `datasets` knows in the names of files and folders, validation first: test
/// rows are for the end.
const EVAL_NAMES: [&str; 8] = [
    "validation",
    "valid",
    "val",
    "dev",
    "test",
    "testing",
    "eval",
    "evaluation",
];
const TRAIN_NAMES: [&str; 2] = ["train", "training"];

/// What was asked for about the splits; by default nothing.
///
/// ```
/// use captioner_data::{SplitChoice, TestSize};
///
/// let choice = SplitChoice::default().with_train_split("train").with_test_size(500);
/// assert_eq!(choice.test_size, Some(TestSize::Count(500)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SplitChoice {
    /// The split to train on; none takes `train`, or the only one there is.
    pub train_split: Option<String>,
    /// The split to evaluate on; none takes `validation`, or else `test`.
    pub eval_split: Option<String>,
    /// How many rows of the training split are held out to be evaluated on, in place of a split.
    pub test_size: Option<TestSize>,
    /// Decides which rows are held out.
    pub seed: u64,
}

impl SplitChoice {
    /// Sets the split to train on.
    pub fn with_train_split(mut self, name: impl Into<String>) -> Self {
        self.train_split = Some(name.into());
        self
    }

    /// Sets the split to evaluate on.
    pub fn with_eval_split(mut self, name: impl Into<String>) -> Self {
        self.eval_split = Some(name.into());
        self
    }

    /// Sets how many rows are held out.
    pub fn with_test_size(mut self, size: impl Into<TestSize>) -> Self {
        self.test_size = Some(size.into());
        self
    }

    /// Sets what decides which rows are held out.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// The rows to train on and the rows to evaluate on.
///
/// A set that brings a `validation` split, or else a `test` split, is evaluated on it, unless
/// `test_size` is given: then so many rows of the training split are held out, by the seed, and
/// the other splits are left alone. Of a set that brings neither, [`DEFAULT_TEST_SIZE`] is held out.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{
///     CaptionDataset, DatasetSplits, InMemoryDataset, Picture, SplitChoice, train_and_eval,
/// };
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let greys = |rows| -> Arc<dyn CaptionDataset> {
///     let mut set = InMemoryDataset::new("greys");
///     set.extend((0..rows).map(|n| (Picture::Encoded(vec![n]), [format!("grey {n}")])));
///     Arc::new(set)
/// };
/// let splits = vec![("train".to_owned(), greys(20)), ("test".to_owned(), greys(5))];
/// let splits = DatasetSplits::new("greys", splits);
///
/// let split = train_and_eval(&splits, &SplitChoice::default())?;
/// assert_eq!((split.train.len(), split.test.len()), (20, 5));
/// let split = train_and_eval(&splits, &SplitChoice::default().with_test_size(0.2))?;
/// assert_eq!((split.train.len(), split.test.len()), (16, 4));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`DataError::UnknownSplit`] names the splits there are; [`DataError::NoTrainSplit`] if it is
/// unclear which to train on; [`DataError::EvalSplitAndTestSize`] if both are given;
/// [`DataError::SplitIsEmpty`]; those of [`train_test_split`].
pub fn train_and_eval(splits: &DatasetSplits, choice: &SplitChoice) -> Result<Split, DataError> {
    let (name, train) = train_split(splits, choice)?;
    match (eval_split(splits, choice, name)?, choice.test_size) {
        (Some((eval, _)), Some(test_size)) if choice.eval_split.is_some() => {
            Err(DataError::EvalSplitAndTestSize {
                eval_split: eval.to_owned(),
                test_size,
            })
        }
        (Some(eval), None) => Ok(Split {
            train: whole(name, train)?,
            test: whole(eval.0, eval.1)?,
        }),
        (_, test_size) => {
            let size = test_size.unwrap_or(TestSize::Fraction(DEFAULT_TEST_SIZE));
            train_test_split(train.clone(), size, choice.seed)
        }
    }
}

type Named<'a> = (&'a str, &'a Arc<dyn CaptionDataset>);

fn train_split<'a>(
    splits: &'a DatasetSplits,
    choice: &'a SplitChoice,
) -> Result<Named<'a>, DataError> {
    if let Some(name) = &choice.train_split {
        return named(splits, name);
    }
    if let Some(found) = first_of(splits, &TRAIN_NAMES) {
        return Ok(found);
    }
    let mut all = splits.iter();
    match (all.next(), all.next()) {
        (Some((name, set)), None) => Ok((name, set)),
        _ => Err(DataError::NoTrainSplit {
            set: splits.name().to_owned(),
            splits: names(splits),
        }),
    }
}

fn eval_split<'a>(
    splits: &'a DatasetSplits,
    choice: &'a SplitChoice,
    train: &str,
) -> Result<Option<Named<'a>>, DataError> {
    match &choice.eval_split {
        Some(name) => named(splits, name).map(Some),
        None => Ok(first_of(splits, &EVAL_NAMES).filter(|(name, _)| *name != train)),
    }
}

fn first_of<'a>(splits: &'a DatasetSplits, names: &[&'static str]) -> Option<Named<'a>> {
    let mut names = names.iter();
    names.find_map(|&name| Some((name, splits.get(name)?)))
}

fn named<'a>(splits: &'a DatasetSplits, name: &'a str) -> Result<Named<'a>, DataError> {
    let found = splits.get(name).map(|set| (name, set));
    found.ok_or_else(|| DataError::UnknownSplit {
        set: splits.name().to_owned(),
        split: name.to_owned(),
        splits: names(splits),
    })
}

fn names(splits: &DatasetSplits) -> Vec<String> {
    splits.iter().map(|(name, _)| name.to_owned()).collect()
}

fn whole(split: &str, set: &Arc<dyn CaptionDataset>) -> Result<Subset, DataError> {
    if set.is_empty() {
        return Err(DataError::SplitIsEmpty {
            set: set.name().to_owned(),
            split: split.to_owned(),
        });
    }
    let rows = (0..set.len()).collect();
    Ok(Subset::of_rows(set.clone(), rows, set.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::numbered;

    fn splits(parts: &[(&str, usize)]) -> DatasetSplits {
        let part = |&(name, rows): &(&str, usize)| -> (String, Arc<dyn CaptionDataset>) {
            (name.to_owned(), Arc::new(numbered(rows)))
        };
        DatasetSplits::new("album", parts.iter().map(part).collect())
    }

    fn sizes(parts: &[(&str, usize)], choice: &SplitChoice) -> (usize, usize) {
        let split = train_and_eval(&splits(parts), choice).unwrap();
        (split.train.len(), split.test.len())
    }

    #[test]
    fn a_split_that_the_set_brings_is_evaluated_on() {
        let default = SplitChoice::default();
        assert_eq!(sizes(&[("train", 20), ("test", 5)], &default), (20, 5));
        assert_eq!(
            sizes(&[("test", 5), ("train", 20), ("validation", 3)], &default),
            (20, 3)
        );
        assert_eq!(
            sizes(
                &[("train", 20), ("restval", 9), ("val", 3), ("test", 5)],
                &default
            ),
            (20, 3)
        );
        assert_eq!(sizes(&[("train", 20)], &default), (18, 2));
        assert_eq!(
            sizes(&[("test", 20)], &default),
            (18, 2),
            "the only one there is"
        );
        let all = splits(&[("train", 4), ("test", 3)]);
        let split = train_and_eval(&all, &default).unwrap();
        assert_eq!(
            (split.train.indices(), split.train.name()),
            (&[0, 1, 2, 3][..], "numbered")
        );
    }

    #[test]
    fn splits_and_sizes_can_be_asked_for() {
        let all = [
            ("train", 20),
            ("restval", 9),
            ("validation", 3),
            ("test", 5),
        ];
        let choice = SplitChoice::default;
        assert_eq!(sizes(&all, &choice().with_eval_split("test")), (20, 5));
        assert_eq!(sizes(&all, &choice().with_train_split("restval")), (9, 3));
        assert_eq!(
            sizes(&all, &choice().with_train_split("validation")),
            (2, 1)
        );
        assert_eq!(
            sizes(
                &all,
                &choice().with_train_split("test").with_eval_split("test")
            ),
            (5, 5)
        );
        let held_out = choice().with_test_size(0.25).with_seed(7);
        let split = train_and_eval(&splits(&all), &held_out).unwrap();
        let expected = train_test_split(Arc::new(numbered(20)), 0.25, 7).unwrap();
        assert_eq!(split.test.indices(), expected.test.indices());
        assert_eq!(sizes(&all, &choice().with_test_size(4)), (16, 4));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let all = splits(&[("train", 20), ("test", 0)]);
        let error = |choice: SplitChoice| train_and_eval(&all, &choice).unwrap_err().to_string();
        let choice = SplitChoice::default;
        let message = "`album` has no split `val`: name one of `train`, `test`";
        assert_eq!(error(choice().with_eval_split("val")), message);
        assert_eq!(error(choice().with_train_split("val")), message);
        assert_eq!(
            error(choice().with_eval_split("test").with_test_size(5)),
            "an evaluation split (`test`) and a test size (5) are given: give only one of them"
        );
        assert_eq!(
            error(choice()),
            "the split `test` of `numbered` has no row: choose another, or hold out rows with a test size"
        );
        let unclear = splits(&[("a", 20), ("b", 20)]);
        assert_eq!(
            train_and_eval(&unclear, &choice()).unwrap_err().to_string(),
            "it is unclear which split of `album` to train on: name one of `a`, `b`"
        );
    }
}
