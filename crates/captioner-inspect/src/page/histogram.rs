//! A histogram as SVG within the page; its colours come from the page's style.

use std::fmt::Write;

use crate::Distribution;
use crate::wording::number;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 130.0;
/// Where the bars stand.
const TOP: f64 = 14.0;
const BOTTOM: f64 = 108.0;
/// The greatest width of a bar.
const BAR: f64 = 48.0;
/// The least height of a bar that stands for something.
const LEAST: f64 = 1.5;

/// The bars of a distribution, with a mark where there is a limit. `what` is counted, in words.
pub(crate) fn histogram(distribution: &Distribution, what: &str, limit: Option<usize>) -> String {
    let bins = &distribution.bins;
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let step = (WIDTH / bins.len().max(1) as f64).min(BAR);
    let right = step * bins.len() as f64;
    let (min, max, mean) = (distribution.min, distribution.max, distribution.mean);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{what}: {min} to {max}, mean {mean:.1}\">\n\
         <line x1=\"0\" x2=\"{WIDTH}\" y1=\"{BOTTOM}\" y2=\"{BOTTOM}\"/>\n"
    );
    for (place, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let height = (bin.count as f64 / most as f64 * (BOTTOM - TOP)).max(LEAST);
        let range = match bin.from == bin.to {
            true => number(bin.from.into()),
            false => format!("{} to {}", number(bin.from.into()), number(bin.to.into())),
        };
        // Writing to a string can't fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\"><title>{range}: {}</title></rect>",
            place as f64 * step + 0.5,
            BOTTOM - height,
            (step - 1.0).max(1.0),
            number(bin.count)
        );
    }
    let (first, last) = (
        bins.first().map_or(0, |bin| bin.from),
        bins.last().map_or(0, |bin| bin.to),
    );
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"124\">{}</text>",
        number(first.into())
    );
    if last > first {
        let last = number(last.into());
        let _ = writeln!(
            svg,
            "<text x=\"{right:.2}\" y=\"124\" text-anchor=\"end\">{last}</text>"
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{WIDTH}\" y=\"10\" text-anchor=\"end\">highest bar {}</text>",
        number(most)
    );
    if let Some(limit) = limit {
        mark(&mut svg, distribution, limit, right);
    }
    svg + "</svg>\n"
}

/// A line behind the last value that is within the limit, where the limit is in the picture.
fn mark(svg: &mut String, distribution: &Distribution, limit: usize, right: f64) {
    let bins = &distribution.bins;
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return;
    };
    let (from, to, limit) = (
        f64::from(first.from),
        f64::from(last.to) + 1.0,
        limit as f64 + 1.0,
    );
    if (from..to).contains(&limit) {
        let x = (limit - from) / (to - from) * right;
        let (anchor, gap) = if x > WIDTH / 2.0 {
            ("end", -4.0)
        } else {
            ("start", 4.0)
        };
        let _ = writeln!(
            svg,
            "<line class=\"mark\" x1=\"{x:.2}\" x2=\"{x:.2}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\n\
             <text class=\"marked\" x=\"{:.2}\" y=\"24\" text-anchor=\"{anchor}\">the model's {} positions</text>",
            x + gap,
            number(limit as u64 - 1)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Counts;

    fn drawn(values: &[usize], limit: Option<usize>) -> String {
        let mut counts = Counts::default();
        values.iter().for_each(|value| counts.add(*value));
        histogram(&counts.distribution().unwrap(), "words", limit)
    }

    #[test]
    fn each_range_with_something_in_it_has_a_bar() {
        let svg = drawn(&[1, 1, 2, 40], None);
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("<title>40 to 41: 1</title>"), "{svg}");
        assert!(
            svg.contains("highest bar 2") && !svg.contains("mark"),
            "{svg}"
        );
        assert!(drawn(&[7], None).contains("<title>7: 1</title>"));
    }

    #[test]
    fn a_limit_within_the_picture_is_marked() {
        assert!(drawn(&[1, 1, 40], Some(20)).contains("the model's 20 positions"));
        assert!(!drawn(&[1, 1, 40], Some(50)).contains("mark"));
    }
}
