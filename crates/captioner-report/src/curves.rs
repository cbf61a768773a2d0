//! Loss and metric curves over the steps of a run: the series, their checks and their lines.

use image::RgbImage;

use crate::axis::is_drawable;
use crate::chart::Chart;
use crate::legend::Pen;
use crate::stroke::{Coverage, Point};
use crate::{ReportError, colour};

const MIN_SIDE: u32 = 160;
const MAX_SIDE: u32 = 4096;
/// A series of at most this many points shows each as a dot.
const MAX_DOTS: usize = 30;

const DOT_RADIUS: f64 = 3.5;

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

/// How [`curves`] draws its chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurveOptions {
    /// A line above the chart. Default none.
    pub title: Option<String>,
    /// What the steps count. Default `step`.
    pub x_label: String,
    /// What the values measure. Default empty.
    pub y_label: String,
    /// Whether the values stand on a logarithmic axis. Default no.
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

/// Draws curves of values over steps, with labelled ticks on both axes and a legend.
///
/// A point that is NaN or infinite is left out, and with `log_y` one that is not above zero too;
/// the curve has a gap there. A point without neighbours is drawn as a dot.
///
/// # Errors
/// [`ReportError::NoSeries`], [`ReportError::TooManySeries`] above 21,
/// [`ReportError::EmptySeries`], [`ReportError::NoDrawablePoints`], [`ReportError::ChartSize`],
/// and [`ReportError::NoRoom`] when titles and labels fill the chart.
pub fn curves(series: &[Series], options: &CurveOptions) -> Result<RgbImage, ReportError> {
    check(series, options)?;
    let chart = Chart::new(series, options, extent(series, options.log_y))?;
    let mut sheet = RgbImage::from_pixel(options.width, options.height, colour::SHEET);
    chart.draw(&mut sheet);
    for (index, series) in series.iter().enumerate() {
        draw_series(
            &mut sheet,
            &chart,
            &runs(series, options.log_y),
            Pen::of(index),
        );
    }
    Ok(sheet)
}

fn check(series: &[Series], options: &CurveOptions) -> Result<(), ReportError> {
    check_side("width", options.width)?;
    check_side("height", options.height)?;
    let (count, limit) = (series.len(), Pen::COUNT);
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

fn extent(series: &[Series], log_y: bool) -> Extent {
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    let mut extent = Extent {
        steps: nothing,
        values: nothing,
        whole_steps: true,
    };
    let wider = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    let points = series.iter().flat_map(|s| s.points.iter().copied());
    for (step, value) in points.filter(|point| can_draw(*point, log_y)) {
        extent.steps = wider(extent.steps, step);
        extent.values = wider(extent.values, value);
        extent.whole_steps &= step.fract() == 0.0;
    }
    extent
}

/// The stretches of a series between points that can't be drawn.
fn runs(series: &Series, log_y: bool) -> Vec<&[(f64, f64)]> {
    let stretches = series.points.split(|point| !can_draw(*point, log_y));
    stretches.filter(|run| !run.is_empty()).collect()
}

fn draw_series(sheet: &mut RgbImage, chart: &Chart, runs: &[&[(f64, f64)]], pen: Pen) {
    let mut coverage = Coverage::of(sheet);
    let few = runs.iter().map(|run| run.len()).sum::<usize>() <= MAX_DOTS;
    for run in runs {
        let points: Vec<Point> = run.iter().map(|point| chart.place(*point)).collect();
        if few || points.len() == 1 {
            points
                .iter()
                .for_each(|point| coverage.dot(*point, DOT_RADIUS));
        }
        pen.cover(&mut coverage, &thin_out(&points));
    }
    coverage.paint(sheet, pen.colour);
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
    use image::Rgb;

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

    fn inked(sheet: &RgbImage, ink: Rgb<u8>) -> usize {
        sheet.pixels().filter(|pixel| **pixel == ink).count()
    }

    #[test]
    fn no_series_is_a_named_error() {
        let error = curves(&[], &CurveOptions::default()).unwrap_err();
        assert!(matches!(error, ReportError::NoSeries));
    }

    #[test]
    fn an_empty_series_is_named() {
        let series = [falling("loss"), Series::new("wer", vec![])];
        let error = curves(&series, &CurveOptions::default()).unwrap_err();
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
        let error = curves(&series, &CurveOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("3 points of series \"wer\"") && !error.contains("log_y"),
            "{error}"
        );
    }

    #[test]
    fn zeros_on_a_logarithmic_axis_name_the_mend() {
        let series = [Series::new("wer", vec![(1.0, 0.0), (2.0, -1.0)])];
        let error = curves(&series, &log()).unwrap_err().to_string();
        assert!(error.contains("turn `log_y` off"), "{error}");
        assert!(curves(&series, &CurveOptions::default()).is_ok());
    }

    #[test]
    fn too_many_series_is_a_named_error() {
        let series: Vec<Series> = (0..22).map(|i| falling(&i.to_string())).collect();
        let error = curves(&series, &CurveOptions::default()).unwrap_err();
        assert!(matches!(
            error,
            ReportError::TooManySeries {
                count: 22,
                limit: 21
            }
        ));
        assert!(curves(&series[..21], &CurveOptions::default()).is_ok());
    }

    #[test]
    fn a_chart_too_small_or_too_large_is_a_named_error() {
        for (width, height) in [(0, 540), (960, 0), (159, 540), (960, 4097), (u32::MAX, 540)] {
            let options = CurveOptions {
                width,
                height,
                ..CurveOptions::default()
            };
            let error = curves(&[falling("loss")], &options).unwrap_err();
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
        let error = curves(&series, &small).unwrap_err();
        let ReportError::NoRoom { width, height } = error else {
            panic!("{error}")
        };
        let enough = CurveOptions {
            width,
            height,
            ..small
        };
        curves(&series, &enough).unwrap();
    }

    #[test]
    fn a_single_point_is_drawn_as_a_dot() {
        let series = [Series::new("loss", vec![(7.0, 0.3)])];
        for options in [CurveOptions::default(), log()] {
            let sheet = curves(&series, &options).unwrap();
            let chart = Chart::new(&series, &options, extent(&series, options.log_y)).unwrap();
            let (x, y) = chart.place((7.0, 0.3));
            let pixel = sheet.get_pixel(x.round() as u32, y.round() as u32);
            assert_eq!(*pixel, colour::BLUE);
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
        ];
        let series = Series::new("loss", points);
        let lengths: Vec<usize> = runs(&series, false).iter().map(|run| run.len()).collect();
        assert_eq!(lengths, [2, 1, 1]);
        curves(&[series], &CurveOptions::default()).unwrap();
    }

    #[test]
    fn every_series_shows_its_colour() {
        let series: Vec<Series> = (0..7)
            .map(|i| {
                Series::new(
                    i.to_string(),
                    vec![(0.0, f64::from(i)), (9.0, f64::from(i))],
                )
            })
            .collect();
        let sheet = curves(&series, &CurveOptions::default()).unwrap();
        for ink in colour::SERIES {
            assert!(inked(&sheet, ink) > 300, "{ink:?}");
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
            curves(&[Series::new("x", points.clone())], &options).unwrap();
            for point in points
                .iter()
                .filter(|point| can_draw(**point, options.log_y))
            {
                curves(&[Series::new("x", vec![*point])], &options).unwrap();
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
    fn a_long_run_is_thinned_to_the_width_of_the_chart() {
        let points: Vec<Point> = (0..100_000)
            .map(|i| (f64::from(i) / 100.0, f64::from(i % 97)))
            .collect();
        assert!(thin_out(&points).len() <= 4 * 1001);
    }
}
