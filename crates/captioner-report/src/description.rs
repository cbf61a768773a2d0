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

/// What the chart shows: the axes, and where each curve starts, ends and is lowest.
pub(crate) fn describe(curves: &[Curve<'_>], options: &CurveOptions) -> String {
    let or = |label: &str, otherwise: &str| match label.trim() {
        "" => otherwise.to_owned(),
        label => label.to_owned(),
    };
    let (y, x) = (or(&options.y_label, "value"), or(&options.x_label, "step"));
    let scale = if options.log_y { ", log scale" } else { "" };
    let mut text = format!("Line chart of {y} over {x}{scale}.");
    for curve in curves {
        text.push_str(&describe_curve(curve));
    }
    text
}

fn describe_curve(curve: &Curve<'_>) -> String {
    let (name, count) = (&curve.series.name, curve.series.points.len());
    let points: Vec<(f64, f64)> = curve.points().collect();
    let lowest = points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
    let ends = points.first().copied().zip(points.last().copied());
    let (Some((first, last)), Some(lowest)) = (ends, lowest) else {
        return String::new(); // a series without drawable points is refused before
    };
    let [first, last, lowest] = [first, last, lowest].map(value_at);
    let drawn = points.len();
    format!(" {name}: {drawn} of {count} points drawn, from {first} to {last}, lowest {lowest}.")
}

/// What a dot stands for.
pub(crate) fn note(name: &str, point: (f64, f64)) -> String {
    format!("{name}: {}", value_at(point))
}

fn value_at((step, value): (f64, f64)) -> String {
    format!("{} at {}", short(value), short(step))
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
            "Line chart of loss over step, log scale. training: 3 of 3 points drawn, from 4 at 1 to \
             0.5 at 3, lowest 0.25 at 2. held out: 1 of 2 points drawn, from 0.3 at 2 to 0.3 at 2, \
             lowest 0.3 at 2."
        );
        assert_eq!(title_in_words(&series, &options), "training, held out");
    }
}
