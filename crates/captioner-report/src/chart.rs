//! A chart without its curves: where the plot stands, and the title, legend, grid and labels.

use image::RgbImage;

use crate::axis::Axis;
use crate::canvas::{Rect, fill};
use crate::curves::{CurveOptions, Extent, Series};
use crate::legend::Legend;
use crate::stroke::Point;
use crate::text::{Face, draw, draw_block, measure, shorten, wrap};
use crate::{ReportError, colour};

const MAX_TITLE_LINES: usize = 2;
/// The least room for the curves themselves, both ways.
const MIN_PLOT: u32 = 64;
const MARGIN: u32 = 24;
const AIR: u32 = 8;
/// Between the plot's left and right edge and the first and last step.
const INSET: u32 = 8;
/// A tick for about so many pixels.
const TICK_WIDTH: u32 = 90;
const TICK_HEIGHT: u32 = 56;

/// The measured chart.
pub(crate) struct Chart {
    title: Vec<String>,
    legend: Legend,
    legend_top: u32,
    x_label: String,
    y_label: String,
    plot: Rect,
    x: Axis,
    y: Axis,
}

impl Chart {
    /// Measures the words, and gives the curves what is left.
    pub(crate) fn new(
        series: &[Series],
        options: &CurveOptions,
        extent: Extent,
    ) -> Result<Self, ReportError> {
        let inner = options.width - 2 * MARGIN; // the width is at least 160
        let columns = Face::Body.columns(inner);
        let title = title_lines(options, inner);
        let legend = Legend::new(series.iter().map(|s| s.name.as_str()), inner);
        let x_label = shorten(&options.x_label, Face::Body, columns);
        let y_label = shorten(&options.y_label, Face::Body, columns);
        let legend_top = MARGIN + with_air(Face::Title.block_height(title.len()));
        let top = legend_top + with_air(legend.height()) + with_air(label_height(&y_label));
        let below = MARGIN + AIR + Face::Body.height() + with_air(label_height(&x_label));
        let plot_height = options.height.saturating_sub(top + below);
        let y = y_axis(extent, options.log_y, plot_height);
        let left = MARGIN + widest_label(&y) + AIR;
        let plot_width = options.width.saturating_sub(left + MARGIN);
        if plot_height < MIN_PLOT || plot_width < MIN_PLOT {
            let height = options.height.max(top + below + MIN_PLOT);
            // A higher plot may have longer tick labels: leave room for some more.
            let width = options.width.max(left + MARGIN + MIN_PLOT + 80);
            return Err(ReportError::NoRoom { width, height });
        }
        let (low, high) = extent.steps;
        let target = (plot_width / TICK_WIDTH).max(2) as usize;
        Ok(Self {
            title,
            legend,
            legend_top,
            x_label,
            y_label,
            plot: Rect {
                x: i64::from(left),
                y: i64::from(top),
                width: plot_width,
                height: plot_height,
            },
            x: Axis::exact(low, high, target, extent.whole_steps),
            y,
        })
    }

    /// Where a step and value stand, in pixels.
    pub(crate) fn place(&self, (step, value): (f64, f64)) -> Point {
        (self.x_pixel(step), self.y_pixel(value))
    }

    fn x_pixel(&self, step: f64) -> f64 {
        let width = f64::from(self.plot.width - 1 - 2 * INSET); // the plot is at least 64 wide
        self.plot.x as f64 + f64::from(INSET) + self.x.position(step) * width
    }

    fn y_pixel(&self, value: f64) -> f64 {
        let height = f64::from(self.plot.height - 1);
        self.plot.y as f64 + (1.0 - self.y.position(value)) * height
    }

    fn bottom(&self) -> i64 {
        self.plot.y + i64::from(self.plot.height)
    }

    /// Draws everything but the curves.
    pub(crate) fn draw(&self, sheet: &mut RgbImage) {
        let margin = i64::from(MARGIN);
        draw_block(
            sheet,
            &self.title,
            Face::Title,
            (margin, margin),
            colour::TEXT,
        );
        self.legend.draw(sheet, (MARGIN, self.legend_top));
        self.draw_y_ticks(sheet);
        self.draw_x_ticks(sheet);
        self.draw_axis_labels(sheet);
    }

    /// Level grid lines, each with its value to the left.
    fn draw_y_ticks(&self, sheet: &mut RgbImage) {
        for tick in &self.y.ticks {
            let y = self.y_pixel(tick.value).round() as i64; // within the sheet
            fill(
                sheet,
                Rect {
                    y,
                    height: 1,
                    ..self.plot
                },
                colour::GRID,
            );
            let width = i64::from(measure(&tick.label, Face::Body));
            let x = self.plot.x - i64::from(AIR) - width;
            let corner = (x, y - i64::from(Face::Body.height() / 2));
            draw(sheet, &tick.label, Face::Body, corner, colour::QUIET);
        }
    }

    /// The axis line with small marks, each with its step beneath; labels never overlap.
    fn draw_x_ticks(&self, sheet: &mut RgbImage) {
        let line = Rect {
            y: self.bottom() - 1,
            height: 1,
            ..self.plot
        };
        fill(sheet, line, colour::FRAME);
        let mut free_from = i64::MIN;
        for tick in &self.x.ticks {
            let x = self.x_pixel(tick.value).round() as i64; // within the sheet
            let mark = Rect {
                x,
                y: self.bottom(),
                width: 1,
                height: 4,
            };
            fill(sheet, mark, colour::FRAME);
            let width = i64::from(measure(&tick.label, Face::Body));
            let left = (x - width / 2).min(i64::from(sheet.width()) - width);
            if left >= free_from {
                let corner = (left, self.bottom() + i64::from(AIR));
                draw(sheet, &tick.label, Face::Body, corner, colour::QUIET);
                free_from = left + width + i64::from(AIR);
            }
        }
    }

    /// The y label above its axis, so that it reads level; the x label at its axis' end.
    fn draw_axis_labels(&self, sheet: &mut RgbImage) {
        let y_top = self.plot.y - i64::from(AIR + label_height(&self.y_label));
        let corner = (i64::from(MARGIN), y_top);
        draw(sheet, &self.y_label, Face::Body, corner, colour::TEXT);
        let right = self.plot.x + i64::from(self.plot.width);
        let x_left = right - i64::from(measure(&self.x_label, Face::Body));
        let x_top = self.bottom() + i64::from(2 * AIR + Face::Body.height());
        draw(
            sheet,
            &self.x_label,
            Face::Body,
            (x_left, x_top),
            colour::TEXT,
        );
    }
}

fn title_lines(options: &CurveOptions, inner: u32) -> Vec<String> {
    let title = options.title.as_deref().unwrap_or_default();
    wrap(
        title,
        Face::Title,
        Face::Title.columns(inner),
        MAX_TITLE_LINES,
    )
}

fn label_height(label: &str) -> u32 {
    if label.is_empty() {
        0
    } else {
        Face::Body.height()
    }
}

fn with_air(height: u32) -> u32 {
    if height == 0 { 0 } else { height + AIR }
}

fn y_axis(extent: Extent, log_y: bool, plot_height: u32) -> Axis {
    let (low, high) = extent.values;
    let target = (plot_height / TICK_HEIGHT).max(2) as usize;
    if log_y {
        Axis::logarithmic(low, high, target)
    } else {
        Axis::rounded(low, high, target)
    }
}

fn widest_label(axis: &Axis) -> u32 {
    let widths = axis
        .ticks
        .iter()
        .map(|tick| measure(&tick.label, Face::Body));
    widths.max().unwrap_or(0)
}
