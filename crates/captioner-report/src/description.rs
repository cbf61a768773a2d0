//! A chart in words, for screen readers and for the pointer that rests on a dot.

use crate::curves::{Curve, CurveOptions, Series};

/// What the chart is called.
pub(crate) fn title_in_words(series: &[Series], options: &CurveOptions) -> String {
    let names = || series.iter().map(|series| series.name.as_str());
    match options.title.as_deref().map(str::trim) {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => names().collect::<Vec<_>>().join(", "),
    }
}

/// What the chart shows: the axes, and where each curve starts, ends and is lowest and highest.
pub(crate) fn describe(curves: &[Curve<'_>], options: &CurveOptions) -> String {
    let or = |label: &str, otherwise: &str| match label.trim() {
        "" => otherwise.to_owned(),
        label => label.to_owned(),
    };
    let scale = if options.log_y {
        ", logarithmic scale"
    } else {
        ""
    };
    let (y, x) = (or(&options.y_label, "value"), or(&options.x_label, "step"));
    let mut text = format!("Line chart of {y} over {x}{scale}.");
    for curve in curves {
        text.push(' ');
        text.push_str(&describe_curve(curve));
    }
    text
}

fn describe_curve(curve: &Curve<'_>) -> String {
    let (name, count) = (&curve.series.name, curve.series.points.len());
    let points: Vec<(f64, f64)> = curve.points().collect();
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("{name}: nothing to draw.");
    };
    let lowest = points.iter().min_by(by_value).unwrap_or(first);
    let highest = points.iter().max_by(by_value).unwrap_or(first);
    let at = |(step, value): &(f64, f64)| format!("{} at {}", short(*value), short(*step));
    let mut text = format!("{name}: {count} {}", plural(count, "point"));
    if points.len() < count {
        text.push_str(&format!(", {} of them not drawable", count - points.len()));
    }
    if points.len() == 1 {
        return format!("{text}, {}.", at(first));
    }
    let (first, last, lowest, highest) = (at(first), at(last), at(lowest), at(highest));
    format!("{text}, from {first} to {last}; lowest {lowest}, highest {highest}.")
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

/// What a dot stands for.
pub(crate) fn note(name: &str, (step, value): (f64, f64)) -> String {
    format!("{name}: {} at {}", short(value), short(step))
}

/// A number to four significant digits; whole numbers up to a billion in full.
fn short(value: f64) -> String {
    let size = value.abs();
    if size < 1e9 && value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e6).contains(&size) {
        return format!("{value:.3e}");
    }
    let before = size.log10().floor() as i32; // -4 to 5
    let decimals = (3 - before).max(0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_but_steps_are_whole() {
        let written = [
            (0.0, "0"),
            (3500.0, "3500"),
            (123_456_789.0, "123456789"),
            (0.027_51, "0.02751"),
            (0.5, "0.5"),
            (3.999_96, "4"),
            (1234.56, "1235"),
            (1.25e-7, "1.250e-7"),
            (-1e300, "-1.000e300"),
        ];
        for (value, text) in written {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn a_chart_is_described_in_words() {
        let loss = Series::new("training", vec![(1.0, 4.0), (2.0, 0.25), (3.0, 0.5)]);
        let broken = Series::new("held out", vec![(1.0, f64::NAN), (2.0, 0.3)]);
        let options = CurveOptions {
            y_label: "loss".into(),
            log_y: true,
            ..CurveOptions::default()
        };
        let series = [loss, broken];
        let curves = [0, 1].map(|index| Curve::new(&series[index], index, &options));
        assert_eq!(
            describe(&curves, &options),
            "Line chart of loss over step, logarithmic scale. training: 3 points, from 4 at 1 to \
             0.5 at 3; lowest 0.25 at 2, highest 4 at 1. held out: 2 points, 1 of them not \
             drawable, 0.3 at 2."
        );
        assert_eq!(title_in_words(&series, &options), "training, held out");
    }
}
