//! A chart without its curves: where the plot stands, and the title, legend, grid and labels.

use crate::axis::Axis;
use crate::curves::{CurveOptions, Extent};
use crate::legend::Legend;
use crate::svg::{Anchor, Document, Font, Point, Stroke, shorten_to, text_width, wrap_to};
use crate::{ReportError, colour};

const MAX_TITLE_LINES: usize = 2;
/// The least space for the curves themselves, both ways.
const MIN_PLOT: f64 = 64.0;
const MARGIN: f64 = 24.0;
/// Between a label and what it belongs to.
const GAP: f64 = 8.0;
/// Between the y label and the plot, whose topmost value reaches above it.
const Y_LABEL_GAP: f64 = 14.0;
/// Between the plot's left and right edge and the first and last step.
const INSET: f64 = 8.0;
/// A tick for about so many pixels.
const TICK_WIDTH: f64 = 90.0;
const TICK_HEIGHT: f64 = 56.0;
const TICK_LENGTH: f64 = 4.0;

const TITLE: Font = Font {
    size: 18.0,
    bold: true,
    colour: colour::TEXT,
};
const TITLE_LINE: f64 = 24.0;
const LABEL: Font = Font {
    size: 13.0,
    bold: false,
    colour: colour::TEXT,
};
const TICK: Font = Font {
    size: 13.0,
    bold: false,
    colour: colour::QUIET,
};
const LINE: f64 = 16.0;
const GRID: Stroke = Stroke {
    width: 1.0,
    colour: colour::GRID,
    dashes: None,
};
const AXIS: Stroke = Stroke {
    width: 1.0,
    colour: colour::FRAME,
    dashes: None,
};

/// The measured chart.
pub(crate) struct Chart {
    title: Vec<String>,
    legend: Legend,
    legend_top: f64,
    x_label: String,
    y_label: String,
    plot: Plot,
    x: Axis,
    y: Axis,
}

/// Where the curves are drawn, in pixels.
#[derive(Clone, Copy, Debug)]
struct Plot {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Chart {
    /// Measures the words, and gives the curves what is left.
    pub(crate) fn new(
        legend: Legend,
        options: &CurveOptions,
        extent: Extent,
    ) -> Result<Self, ReportError> {
        let (width, height) = (f64::from(options.width), f64::from(options.height));
        let inner = inner_width(options);
        let title = options.title.as_deref().unwrap_or_default();
        let title = wrap_to(title, TITLE.size, inner, MAX_TITLE_LINES);
        let label = |text: &str| shorten_to(text, LABEL.size, inner, usize::MAX);
        let (x_label, y_label) = (label(&options.x_label), label(&y_label(options)));
        let legend_top = MARGIN + with_gap(title.len() as f64 * TITLE_LINE);
        let above = match label_height(&y_label) {
            0.0 => 0.0,
            height => height + Y_LABEL_GAP,
        };
        let top = legend_top + with_gap(legend.height()) + above;
        let below = MARGIN + GAP + LINE + with_gap(label_height(&x_label));
        let y = y_axis(extent, options.log_y, height - top - below);
        let plot = Plot {
            left: MARGIN + widest_label(&y) + GAP,
            top,
            right: width - MARGIN,
            bottom: height - below,
        };
        plot.check(options)?;
        let target = ((plot.right - plot.left) / TICK_WIDTH).max(2.0) as usize;
        let (low, high) = extent.steps;
        Ok(Self {
            title,
            legend,
            legend_top,
            x_label,
            y_label,
            plot,
            x: Axis::exact(low, high, target, extent.whole_steps),
            y,
        })
    }

    /// Where a step and value stand, in pixels.
    pub(crate) fn place(&self, (step, value): (f64, f64)) -> Point {
        (self.x_pixel(step), self.y_pixel(value))
    }

    fn x_pixel(&self, step: f64) -> f64 {
        let width = self.plot.right - self.plot.left - 2.0 * INSET; // the plot is at least 64 wide
        self.plot.left + INSET + self.x.position(step) * width
    }

    fn y_pixel(&self, value: f64) -> f64 {
        let height = self.plot.bottom - self.plot.top;
        self.plot.bottom - self.y.position(value) * height
    }

    /// Draws everything but the curves.
    pub(crate) fn draw(&self, document: &mut Document) {
        for (line, row) in self.title.iter().zip(0..) {
            let baseline = MARGIN + f64::from(row) * TITLE_LINE + TITLE.size;
            document.text(line, (MARGIN, baseline), TITLE, Anchor::Start);
        }
        self.legend.draw(document, (MARGIN, self.legend_top));
        self.draw_y_ticks(document);
        self.draw_x_ticks(document);
        self.draw_axis_labels(document);
    }

    /// Level grid lines, each with its value to the left.
    fn draw_y_ticks(&self, document: &mut Document) {
        for tick in &self.y.ticks {
            let y = self.y_pixel(tick.value);
            let line_y = sharp(y);
            let (left, right) = (self.plot.left, self.plot.right);
            document.polyline(&[(left, line_y), (right, line_y)], GRID);
            let place = (left - GAP, y + TICK.size * 0.35);
            document.text(&tick.label, place, TICK, Anchor::End);
        }
    }

    /// The axis line with small marks, each with its step beneath; labels never overlap.
    fn draw_x_ticks(&self, document: &mut Document) {
        let bottom = sharp(self.plot.bottom);
        document.polyline(&[(self.plot.left, bottom), (self.plot.right, bottom)], AXIS);
        let sheet_right = self.plot.right + MARGIN;
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let x = sharp(self.x_pixel(tick.value));
            document.polyline(&[(x, bottom), (x, bottom + TICK_LENGTH)], AXIS);
            let half = text_width(&tick.label, TICK.size) / 2.0;
            let middle = x.min(sheet_right - half);
            if middle - half >= free_from {
                let place = (middle, bottom + GAP + TICK.size);
                document.text(&tick.label, place, TICK, Anchor::Middle);
                free_from = middle + half + GAP;
            }
        }
    }

    /// The y label above its axis, so that it reads level; the x label at its axis' end.
    fn draw_axis_labels(&self, document: &mut Document) {
        let y_baseline = self.plot.top - Y_LABEL_GAP - (LINE - LABEL.size);
        document.text(&self.y_label, (MARGIN, y_baseline), LABEL, Anchor::Start);
        let x_baseline = self.plot.bottom + 2.0 * GAP + LINE + LABEL.size;
        let corner = (self.plot.right, x_baseline);
        document.text(&self.x_label, corner, LABEL, Anchor::End);
    }
}

impl Plot {
    fn check(self, options: &CurveOptions) -> Result<(), ReportError> {
        let lacking = |from: f64, to: f64| (MIN_PLOT - (to - from)).max(0.0).ceil() as u32;
        let high = lacking(self.top, self.bottom);
        let wide = lacking(self.left, self.right);
        if high == 0 && wide == 0 {
            return Ok(());
        }
        // A higher plot may have longer tick labels: leave space for some more.
        let spare = if high > 0 { 80 } else { 0 };
        Err(ReportError::ChartTooSmall {
            width: options.width + wide + spare,
            height: options.height + high,
        })
    }
}

/// The width between the margins.
pub(crate) fn inner_width(options: &CurveOptions) -> f64 {
    f64::from(options.width) - 2.0 * MARGIN // the width is at least 160
}

/// The middle of a row or column of pixels: a line one pixel wide is sharp there.
fn sharp(place: f64) -> f64 {
    place.floor() + 0.5
}

/// What the values measure, and that their axis is logarithmic, which readers overlook otherwise.
fn y_label(options: &CurveOptions) -> String {
    match (options.y_label.trim(), options.log_y) {
        (label, false) => label.to_owned(),
        ("", true) => "log scale".to_owned(),
        (label, true) => format!("{label} (log scale)"),
    }
}

fn label_height(label: &str) -> f64 {
    if label.is_empty() { 0.0 } else { LINE }
}

fn with_gap(height: f64) -> f64 {
    if height == 0.0 { 0.0 } else { height + GAP }
}

fn y_axis(extent: Extent, log_y: bool, plot_height: f64) -> Axis {
    let (low, high) = extent.values;
    let target = (plot_height / TICK_HEIGHT).max(2.0) as usize;
    if log_y {
        Axis::logarithmic(low, high, target)
    } else {
        Axis::rounded(low, high, target)
    }
}

fn widest_label(axis: &Axis) -> f64 {
    let widths = axis.ticks.iter();
    let widths = widths.map(|tick| text_width(&tick.label, TICK.size));
    widths.fold(0.0, f64::max)
}
