//! Loss and metric curves over the steps of a training run: the series, their checks and their
//! lines.

use crate::axis::is_drawable;
use crate::chart::{Chart, inner_width};
use crate::description::{describe, note, title_in_words};
use crate::legend::{Legend, LineStyle};
use crate::svg::{Document, Point};
use crate::{ReportError, colour};

const MIN_SIDE: u32 = 160;
const MAX_SIDE: u32 = 4096;
/// A series of at most this many points shows each as a dot.
const MAX_DOTS: usize = 30;

/// One named curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Pairs of step and value, in the order they are joined.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A curve through pairs of step and value.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points,
        }
    }
}

/// How [`curves_svg`] draws its chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveOptions {
    /// A line above the chart. Default none.
    pub title: Option<String>,
    /// What the steps count. Default `step`.
    pub x_label: String,
    /// What the values measure. Default empty.
    pub y_label: String,
    /// Whether the values stand on a logarithmic axis; the y label then says so. Default no.
    pub log_y: bool,
    /// The chart's width in pixels, 160 to 4096. Default 960.
    pub width: u32,
    /// The chart's height in pixels, 160 to 4096. Default 540.
    pub height: u32,
}

impl Default for CurveOptions {
    fn default() -> Self {
        Self {
            title: None,
            x_label: "step".to_owned(),
            y_label: String::new(),
            log_y: false,
            width: 960,
            height: 540,
        }
    }
}

/// Draws curves of values over steps as an SVG document, with labelled ticks on both axes and a
/// legend.
///
/// The document stands alone: it has a white background of its own, names no font file and holds
/// no script. Its title and description say in words what it shows, and a series of at most 30
/// points marks each with a dot that shows its step and value under the pointer.
///
/// A point that is NaN or infinite is left out, and with `log_y` one that is not above zero too;
/// the curve has a gap there. A point without neighbours is drawn as a dot. However many points a
/// series has, the document grows only with the chart's width.
///
/// ```
/// use captioner_report::{CurveOptions, Series, curves_svg};
///
/// let losses = (1..=50).map(|i| (f64::from(i * 70), 3.9 * (-0.1 * f64::from(i)).exp()));
/// let evaluation = vec![(700.0, 1.5), (1400.0, 0.6), (2100.0, 0.25), (2800.0, 0.12)];
/// let series = [
///     Series::new("training", losses.collect()),
///     Series::new("evaluation", evaluation),
/// ];
/// let options = CurveOptions {
///     title: Some("Loss, nats per token".into()),
///     log_y: true,
///     ..CurveOptions::default()
/// };
/// let svg = curves_svg(&series, &options)?;
/// assert!(svg.starts_with("<svg"));
/// # Ok::<(), captioner_report::ReportError>(())
/// ```
///
/// # Errors
/// [`ReportError::NoSeries`], [`ReportError::TooManySeries`] above 21,
/// [`ReportError::EmptySeries`], [`ReportError::NoDrawablePoints`], [`ReportError::ChartSize`],
/// and [`ReportError::ChartTooSmall`] when titles and labels fill the chart.
pub fn curves_svg(series: &[Series], options: &CurveOptions) -> Result<String, ReportError> {
    check(series, options)?;
    let curves: Vec<Curve> = series
        .iter()
        .zip(0..)
        .map(|(s, i)| Curve::new(s, i, options))
        .collect();
    let entries = curves
        .iter()
        .map(|curve| (curve.series.name.as_str(), curve.style));
    let legend = Legend::new(entries, inner_width(options));
    let chart = Chart::new(legend, options, extent(&curves))?;
    let size = (options.width, options.height);
    let (title, description) = (title_in_words(series, options), describe(&curves, options));
    let mut document = Document::new(size, colour::SHEET, &title, &description);
    chart.draw(&mut document);
    for curve in &curves {
        curve.draw(&mut document, &chart);
    }
    Ok(document.finish())
}

/// A series with what of it can be drawn, and how.
pub(crate) struct Curve<'a> {
    pub(crate) series: &'a Series,
    /// The stretches between points that can't be drawn.
    segments: Vec<&'a [(f64, f64)]>,
    style: LineStyle,
}

impl<'a> Curve<'a> {
    pub(crate) fn new(series: &'a Series, index: usize, options: &CurveOptions) -> Self {
        let segments = segments(series, options.log_y);
        let marked = segments.iter().map(|s| s.len()).sum::<usize>() <= MAX_DOTS;
        Self {
            series,
            segments,
            style: LineStyle::of(index, marked),
        }
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.segments
            .iter()
            .flat_map(|segment| segment.iter().copied())
    }

    fn draw(&self, document: &mut Document, chart: &Chart) {
        for segment in &self.segments {
            let points: Vec<Point> = segment.iter().map(|point| chart.place(*point)).collect();
            if points.len() > 1 {
                self.style.line(document, &thin_out(&points));
            }
            if self.style.marked || points.len() == 1 {
                for (place, point) in points.iter().zip(*segment) {
                    let note = note(&self.series.name, *point);
                    self.style.dot(document, *place, Some(&note));
                }
            }
        }
    }
}

fn check(series: &[Series], options: &CurveOptions) -> Result<(), ReportError> {
    check_side("width", options.width)?;
    check_side("height", options.height)?;
    let (count, limit) = (series.len(), LineStyle::COUNT);
    if count == 0 {
        return Err(ReportError::NoSeries);
    }
    if count > limit {
        return Err(ReportError::TooManySeries { count, limit });
    }
    series
        .iter()
        .try_for_each(|s| check_series(s, options.log_y))
}

fn check_side(side: &'static str, value: u32) -> Result<(), ReportError> {
    let (min, max) = (MIN_SIDE, MAX_SIDE);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ReportError::ChartSize {
        side,
        value,
        min,
        max,
    })
}

fn check_series(series: &Series, log_y: bool) -> Result<(), ReportError> {
    let (name, count) = (series.name.clone(), series.points.len());
    if count == 0 {
        return Err(ReportError::EmptySeries { name });
    }
    if !series.points.iter().any(|point| can_draw(*point, log_y)) {
        return Err(ReportError::NoDrawablePoints { name, count, log_y });
    }
    Ok(())
}

fn can_draw((step, value): (f64, f64), log_y: bool) -> bool {
    is_drawable(step, false) && is_drawable(value, log_y)
}

/// The least and greatest of the steps and of the values that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    pub(crate) steps: (f64, f64),
    pub(crate) values: (f64, f64),
    /// Whether every step is a whole number.
    pub(crate) whole_steps: bool,
}

fn extent(curves: &[Curve<'_>]) -> Extent {
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    let mut extent = Extent {
        steps: nothing,
        values: nothing,
        whole_steps: true,
    };
    let wider = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    for (step, value) in curves.iter().flat_map(Curve::points) {
        extent.steps = wider(extent.steps, step);
        extent.values = wider(extent.values, value);
        extent.whole_steps &= step.fract() == 0.0;
    }
    extent
}

fn segments(series: &Series, log_y: bool) -> Vec<&[(f64, f64)]> {
    let segments = series.points.split(|point| !can_draw(*point, log_y));
    segments.filter(|segment| !segment.is_empty()).collect()
}

/// Keeps of each stretch within one column of pixels the first, lowest, highest and last point.
/// The line looks the same, and a million points cost no more than the chart is wide.
fn thin_out(points: &[Point]) -> Vec<Point> {
    let same_column = |a: &Point, b: &Point| a.0.round() == b.0.round();
    points.chunk_by(same_column).flat_map(corners).collect()
}

fn corners(column: &[Point]) -> Vec<Point> {
    let last = column.len() - 1; // `chunk_by` gives no empty slice
    let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
    let lowest = (0..=last).min_by(by_height).unwrap_or(0);
    let highest = (0..=last).max_by(by_height).unwrap_or(0);
    let mut kept = [0, lowest, highest, last];
    kept.sort_unstable();
    let mut kept = kept.to_vec();
    kept.dedup();
    kept.into_iter().map(|index| column[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::svg::hex;

    fn falling(name: &str) -> Series {
        Series::new(
            name,
            (0..50)
                .map(|i| (f64::from(i), 5.0 / f64::from(i + 1)))
                .collect(),
        )
    }

    fn log() -> CurveOptions {
        CurveOptions {
            log_y: true,
            ..CurveOptions::default()
        }
    }

    fn draw(series: &[Series], options: &CurveOptions) -> String {
        let svg = curves_svg(series, options).unwrap();
        assert_is_sound(&svg);
        svg
    }

    /// The document is XML, and every coordinate is a number on the sheet.
    fn assert_is_sound(svg: &str) {
        let document = roxmltree::Document::parse(svg).unwrap();
        let root = document.root_element();
        let side = |name| root.attribute(name).unwrap().parse::<f64>().unwrap();
        let (width, height) = (side("width"), side("height"));
        for element in root.descendants() {
            let points = element.attribute("points").unwrap_or_default();
            let pairs = points
                .split_whitespace()
                .map(|pair| pair.split_once(',').unwrap());
            let ends = [("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")];
            let attribute = |(x, y)| element.attribute(x).zip(element.attribute(y));
            for (x, y) in pairs.chain(ends.into_iter().filter_map(attribute)) {
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!(
                    (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
                    "{element:?}"
                );
            }
        }
    }

    /// How many elements of a kind are drawn in a colour.
    fn count(svg: &str, kind: &str, attribute: &str, colour: image::Rgb<u8>) -> usize {
        let document = roxmltree::Document::parse(svg).unwrap();
        let drawn = document.descendants().filter(|element| {
            element.has_tag_name(("http://www.w3.org/2000/svg", kind))
                && element.attribute(attribute) == Some(&hex(colour))
        });
        drawn.count()
    }

    #[test]
    fn no_series_is_a_named_error() {
        let error = curves_svg(&[], &CurveOptions::default()).unwrap_err();
        assert!(matches!(error, ReportError::NoSeries));
    }

    #[test]
    fn an_empty_series_is_named() {
        let series = [falling("loss"), Series::new("wer", vec![])];
        let error = curves_svg(&series, &CurveOptions::default()).unwrap_err();
        assert!(
            matches!(&error, ReportError::EmptySeries { name } if name == "wer"),
            "{error}"
        );
    }

    #[test]
    fn a_series_of_nothing_but_nan_is_named() {
        let points = vec![
            (1.0, f64::NAN),
            (f64::INFINITY, 1.0),
            (2.0, f64::NEG_INFINITY),
        ];
        let series = [falling("loss"), Series::new("wer", points)];
        let error = curves_svg(&series, &CurveOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("3 points of series \"wer\"") && !error.contains("log_y"),
            "{error}"
        );
    }

    #[test]
    fn zeros_on_a_logarithmic_axis_name_the_help() {
        let series = [Series::new("wer", vec![(1.0, 0.0), (2.0, -1.0)])];
        let error = curves_svg(&series, &log()).unwrap_err().to_string();
        assert!(error.contains("set `log_y` to false"), "{error}");
        assert!(curves_svg(&series, &CurveOptions::default()).is_ok());
    }

    #[test]
    fn too_many_series_is_a_named_error() {
        let series: Vec<Series> = (0..22).map(|i| falling(&i.to_string())).collect();
        let error = curves_svg(&series, &CurveOptions::default()).unwrap_err();
        assert!(matches!(
            error,
            ReportError::TooManySeries {
                count: 22,
                limit: 21
            }
        ));
        assert!(curves_svg(&series[..21], &CurveOptions::default()).is_ok());
    }

    #[test]
    fn a_chart_too_small_or_too_large_is_a_named_error() {
        for (width, height) in [(0, 540), (960, 0), (159, 540), (960, 4097), (u32::MAX, 540)] {
            let options = CurveOptions {
                width,
                height,
                ..CurveOptions::default()
            };
            let error = curves_svg(&[falling("loss")], &options).unwrap_err();
            assert!(matches!(error, ReportError::ChartSize { .. }), "{error}");
        }
    }

    #[test]
    fn labels_that_fill_the_chart_name_a_size_that_is_enough() {
        let series: Vec<Series> = (0..21).map(|i| falling(&format!("series {i}"))).collect();
        let small = CurveOptions {
            width: 160,
            height: 160,
            ..CurveOptions::default()
        };
        let error = curves_svg(&series, &small).unwrap_err();
        let ReportError::ChartTooSmall { width, height } = error else {
            panic!("{error}")
        };
        let enough = CurveOptions {
            width,
            height,
            ..small
        };
        curves_svg(&series, &enough).unwrap();
    }

    #[test]
    fn a_single_point_is_drawn_as_a_dot() {
        let series = [Series::new("loss", vec![(7.0, 0.3)])];
        for options in [CurveOptions::default(), log()] {
            let svg = draw(&series, &options);
            // One in the legend, one in the plot; the only line is the legend's.
            assert_eq!(count(&svg, "circle", "fill", colour::BLUE), 2);
            assert_eq!(count(&svg, "polyline", "stroke", colour::BLUE), 1);
            assert!(svg.contains("<title>loss: 0.3 at 7</title>"), "{svg}");
        }
    }

    #[test]
    fn few_points_are_marked_and_many_are_not() {
        let evaluation = Series::new("held out", vec![(10.0, 2.0), (20.0, 1.0), (30.0, 0.5)]);
        let svg = draw(&[falling("training"), evaluation], &log());
        assert_eq!(count(&svg, "circle", "fill", colour::BLUE), 0);
        assert_eq!(count(&svg, "circle", "fill", colour::VERMILLION), 1 + 3);
    }

    #[test]
    fn the_sheet_is_white_whatever_the_page_is() {
        let svg = draw(&[falling("loss")], &CurveOptions::default());
        assert_eq!(count(&svg, "rect", "fill", colour::SHEET), 1);
    }

    #[test]
    fn a_logarithmic_axis_is_named_as_one() {
        for (y_label, shown) in [("loss", ">loss (log scale)<"), ("", ">log scale<")] {
            let options = CurveOptions {
                y_label: y_label.into(),
                ..log()
            };
            assert!(draw(&[falling("training")], &options).contains(shown));
        }
    }

    #[test]
    fn words_of_any_kind_reach_the_document() {
        let series = [falling("<loss> & \u{1} \"龙\"")];
        let options = CurveOptions {
            title: Some("a < b".into()),
            x_label: "steps & epochs".into(),
            y_label: "</text>".into(),
            ..CurveOptions::default()
        };
        let svg = draw(&series, &options);
        let document = roxmltree::Document::parse(&svg).unwrap();
        for words in [
            "a < b",
            "steps & epochs",
            "</text>",
            "<loss> & \u{FFFD} \"龙\"",
        ] {
            let shown = |node: &roxmltree::Node<'_, '_>| {
                node.tag_name().name() == "text" && node.text() == Some(words)
            };
            assert_eq!(document.descendants().filter(shown).count(), 1, "{words}");
        }
    }

    #[test]
    fn points_that_cannot_be_drawn_leave_a_gap() {
        let points = vec![
            (0.0, 1.0),
            (1.0, 2.0),
            (2.0, f64::NAN),
            (3.0, 1.0),
            (4.0, f64::INFINITY),
            (5.0, 2.0),
            (6.0, 1.0),
        ];
        let svg = draw(&[Series::new("loss", points)], &CurveOptions::default());
        // The legend's line and those of steps 0 to 1 and 5 to 6; step 3 is a dot alone.
        assert_eq!(count(&svg, "polyline", "stroke", colour::BLUE), 3);
        assert_eq!(count(&svg, "circle", "fill", colour::BLUE), 1 + 5);
    }

    #[test]
    fn every_series_shows_its_colour() {
        let series: Vec<Series> = (0..7).map(|i| falling(&i.to_string())).collect();
        let svg = draw(&series, &CurveOptions::default());
        for colour in colour::SERIES {
            assert_eq!(count(&svg, "polyline", "stroke", colour), 2, "{colour:?}");
        }
    }

    #[test]
    fn extreme_values_do_not_panic() {
        let all = [
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            0.0,
            -0.0,
            f64::NAN,
            1e300,
            -1e300,
            1.0,
        ];
        let points: Vec<(f64, f64)> = all
            .iter()
            .flat_map(|x| all.iter().map(|y| (*x, *y)))
            .collect();
        for options in [CurveOptions::default(), log()] {
            draw(&[Series::new("x", points.clone())], &options);
            for point in points
                .iter()
                .filter(|point| can_draw(**point, options.log_y))
            {
                draw(&[Series::new("x", vec![*point])], &options);
            }
        }
    }

    #[test]
    fn thinning_out_keeps_the_ends_and_the_extremes() {
        let column = [
            (5.1, 3.0),
            (5.2, 1.0),
            (5.2, 2.0),
            (5.3, 9.0),
            (5.4, 4.0),
            (6.0, 1.0),
        ];
        let kept = [(5.1, 3.0), (5.2, 1.0), (5.3, 9.0), (5.4, 4.0), (6.0, 1.0)];
        assert_eq!(thin_out(&column), kept);
        assert_eq!(thin_out(&[(1.0, 1.0)]), [(1.0, 1.0)]);
    }

    #[test]
    fn a_long_series_grows_only_with_the_width_of_the_chart() {
        let points = (0..1_000_000).map(|i| (f64::from(i), f64::from(i % 97)));
        let series = [Series::new("loss", points.collect())];
        let svg = draw(&series, &CurveOptions::default());
        assert!(svg.len() < 70_000, "{}", svg.len());
    }
}
