//! Several shards in one word: `shards-{000..010}.tar`, as WebDataset writes it.

/// The most shards that a pattern may stand for.
const MAX_SHARDS: usize = 100_000;

/// The files that a pattern with one or more ranges in braces stands for, in order. None if
/// there is no range in it, or if it stands for too many.
///
/// A range keeps the width of its first number, as in Bash and in Python's `braceexpand`.
pub(crate) fn expand(pattern: &str) -> Option<Vec<String>> {
    let (before, range, after) = first_range(pattern)?;
    let (first, last) = range.split_once("..")?;
    let width = first.len();
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let tails = match first_range(after) {
        Some(_) => expand(after)?,
        None => vec![after.to_owned()],
    };
    let count = last.checked_sub(first)?.checked_add(1)?;
    if count.checked_mul(tails.len())? > MAX_SHARDS {
        return None;
    }
    let all = (first..=last).flat_map(|number| {
        let head = format!("{before}{number:0width$}");
        tails
            .iter()
            .map(move |tail| format!("{head}{tail}"))
            .collect::<Vec<_>>()
    });
    Some(all.collect())
}

/// What is before, in and behind the first braces with a range.
fn first_range(pattern: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = pattern.split_once('{')?;
    let (range, after) = rest.split_once('}')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (first, last) = range.split_once("..")?;
    (digits(first) && digits(last)).then_some((before, range, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_spelled_out() {
        let spelled = |pattern| expand(pattern).unwrap();
        assert_eq!(
            spelled("x-{008..010}.tar"),
            ["x-008.tar", "x-009.tar", "x-010.tar"]
        );
        assert_eq!(spelled("{0..1}/{9..10}"), ["0/9", "0/10", "1/9", "1/10"]);
        for none in [
            "x.tar",
            "{1..}",
            "{a..c}.tar",
            "{3..1}",
            "{0..9999999}",
            "{1,2}",
            "}{",
        ] {
            assert_eq!(expand(none), None, "{none}");
        }
    }
}
