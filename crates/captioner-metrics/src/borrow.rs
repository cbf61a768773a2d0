//! Captions borrowed in the form that metrics take.

/// Borrows a list of captions: `&[String]`, `&Vec<String>` and the like become what
/// [`Metric::update`](crate::Metric::update) takes for predictions.
///
/// ```
/// use captioner_metrics::{Metric, WordErrorRate, borrow_captions, borrow_references};
///
/// let predictions: Vec<String> = vec!["a cat".into(), "a dog".into()];
/// let references: Vec<Vec<String>> = vec![vec!["a cat".into(), "the cat".into()], vec!["a cow".into()]];
/// let mut metric = WordErrorRate::new();
/// metric.update(&borrow_captions(&predictions), &borrow_references(&references))?;
/// assert_eq!(metric.compute()?.get("wer"), Some(0.25));
/// # Ok::<(), captioner_metrics::MetricError>(())
/// ```
pub fn borrow_captions<S: AsRef<str>>(captions: &[S]) -> Vec<&str> {
    captions.iter().map(AsRef::as_ref).collect()
}

/// Borrows a list of references for each row: `&[Vec<String>]`, `&[[String; 5]]` and the like
/// become what [`Metric::update`](crate::Metric::update) takes; see [`borrow_captions`].
pub fn borrow_references<'a, R: AsRef<[S]>, S: AsRef<str> + 'a>(
    references: &'a [R],
) -> Vec<Vec<&'a str>> {
    let rows = references.iter();
    rows.map(|row| row.as_ref().iter().map(AsRef::as_ref).collect())
        .collect()
}

/// Puts each caption into a list of its own: one reference for each row.
///
/// ```
/// let references = captioner_metrics::single_references(&["a cat", "a dog"]);
/// assert_eq!(references, [["a cat"], ["a dog"]]);
/// ```
pub fn single_references<S: AsRef<str>>(captions: &[S]) -> Vec<Vec<&str>> {
    let captions = captions.iter();
    captions.map(|caption| vec![caption.as_ref()]).collect()
}
