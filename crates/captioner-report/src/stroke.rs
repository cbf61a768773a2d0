//! Anti-aliased lines and dots.
//!
//! A shape is first gathered as coverage, the greatest of all its parts at each pixel, and
//! blended once. So joints and crossings of one line are no darker than the line itself.
//! Coordinates are pixel centres: (0, 0) is the middle of the top left pixel.

use image::{Rgb, RgbImage};

use crate::canvas::blend;

pub(crate) type Point = (f64, f64);

/// How much of each pixel of a sheet a shape covers.
pub(crate) struct Coverage {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Coverage {
    /// No coverage, over a whole sheet.
    pub(crate) fn of(sheet: &RgbImage) -> Self {
        let (width, height) = (sheet.width() as usize, sheet.height() as usize);
        Self {
            width,
            height,
            values: vec![0; width * height],
        }
    }

    /// Adds a line through the points, with round joints and ends. One point gives a dot.
    pub(crate) fn polyline(&mut self, points: &[Point], width: f64) {
        if let [point] = points {
            self.dot(*point, width / 2.0);
        }
        for pair in points.windows(2) {
            self.segment(pair[0], pair[1], width / 2.0);
        }
    }

    /// Adds a filled circle.
    pub(crate) fn dot(&mut self, centre: Point, radius: f64) {
        self.segment(centre, centre, radius);
    }

    /// Walks along the segment's longer direction and covers a short span across at each step,
    /// so the work grows with its length and not with the area of its bounding box.
    fn segment(&mut self, from: Point, to: Point, radius: f64) {
        let steep = (to.1 - from.1).abs() > (to.0 - from.0).abs();
        let swap = |(x, y): Point| if steep { (y, x) } else { (x, y) };
        let (mut start, mut end) = (swap(from), swap(to));
        if start.0 > end.0 {
            (start, end) = (end, start);
        }
        let length = (end.0 - start.0).max(f64::MIN_POSITIVE);
        let slope = (end.1 - start.1) / length; // at most 1, as the walk is along the longer side
        let reach = radius * std::f64::consts::SQRT_2 + 1.0;
        for along in pixels(start.0 - reach, end.0 + reach) {
            let middle = start.1 + (along as f64 - start.0).clamp(0.0, length) * slope;
            for across in pixels(middle - reach, middle + reach) {
                let distance = distance((along as f64, across as f64), start, end);
                let (x, y) = if steep {
                    (across, along)
                } else {
                    (along, across)
                };
                self.raise(x, y, radius + 0.5 - distance);
            }
        }
    }

    fn raise(&mut self, x: i64, y: i64, coverage: f64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x < self.width && y < self.height {
            let value = &mut self.values[y * self.width + x];
            *value = (*value).max((coverage.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
    }

    /// Blends what was gathered onto the sheet.
    pub(crate) fn paint(&self, sheet: &mut RgbImage, colour: Rgb<u8>) {
        let covered = self.values.iter().enumerate().filter(|(_, v)| **v > 0);
        for (index, &value) in covered {
            let (x, y) = (index % self.width, index / self.width);
            blend(sheet, x as i64, y as i64, colour, value);
        }
    }
}

fn pixels(from: f64, to: f64) -> std::ops::RangeInclusive<i64> {
    from.floor() as i64..=to.ceil() as i64
}

/// The distance from a point to the nearest point of a segment.
fn distance(point: Point, start: Point, end: Point) -> f64 {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let (px, py) = (point.0 - start.0, point.1 - start.1);
    let squared = dx * dx + dy * dy;
    let share = if squared > 0.0 {
        ((px * dx + py * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (px - share * dx, py - share * dy);
    (x * x + y * y).sqrt()
}

/// Cuts a line into dashes `on` pixels long with gaps of `off` pixels, round its corners too.
pub(crate) fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut dashes = Vec::new();
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = distance(from, to, to);
            if length < left {
                left -= length;
                break;
            }
            let share = if length > 0.0 { left / length } else { 1.0 };
            from = (
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
            );
            if drawing {
                dash.push(from);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash.push(from);
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        if drawing {
            dash.push(to);
        }
    }
    if !dash.is_empty() {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> Coverage {
        Coverage::of(&RgbImage::new(20, 20))
    }

    fn at(coverage: &Coverage, x: usize, y: usize) -> u8 {
        coverage.values[y * 20 + x]
    }

    #[test]
    fn a_level_line_is_sharp() {
        let mut coverage = blank();
        coverage.polyline(&[(2.0, 5.0), (17.0, 5.0)], 1.0);
        assert_eq!(
            (
                at(&coverage, 9, 4),
                at(&coverage, 9, 5),
                at(&coverage, 9, 6)
            ),
            (0, 255, 0)
        );
    }

    #[test]
    fn steep_and_flat_lines_are_mirror_images() {
        let (mut flat, mut steep) = (blank(), blank());
        flat.polyline(&[(1.0, 3.0), (18.0, 9.0)], 2.0);
        steep.polyline(&[(9.0, 18.0), (3.0, 1.0)], 2.0);
        for (x, y) in (0..20).flat_map(|x| (0..20).map(move |y| (x, y))) {
            assert_eq!(at(&flat, x, y), at(&steep, y, x));
        }
    }

    #[test]
    fn joints_are_no_darker_than_the_line() {
        let (mut whole, mut parts) = (blank(), blank());
        whole.polyline(&[(1.0, 5.0), (18.0, 5.0)], 1.4);
        parts.polyline(&[(1.0, 5.0), (9.5, 5.0), (18.0, 5.0)], 1.4);
        assert_eq!(whole.values, parts.values);
    }

    #[test]
    fn a_single_point_is_a_dot() {
        let mut coverage = blank();
        coverage.polyline(&[(10.0, 10.0)], 4.0);
        assert_eq!(at(&coverage, 10, 10), 255);
        assert_eq!(at(&coverage, 13, 10), 0);
    }

    #[test]
    fn lines_beyond_the_sheet_are_clipped() {
        let mut coverage = blank();
        coverage.polyline(&[(-30.0, -5.0), (50.0, 60.0)], 3.0);
        coverage.dot((25.0, 10.0), 2.0);
        assert!(coverage.values.iter().any(|v| *v > 0));
    }

    #[test]
    fn dashes_leave_gaps_of_the_right_length() {
        let cut = dashes(&[(0.0, 0.0), (3.0, 0.0), (10.0, 0.0)], 4.0, 2.0);
        let ends: Vec<(f64, f64)> = cut.iter().map(|d| (d[0].0, d[d.len() - 1].0)).collect();
        assert_eq!(ends, [(0.0, 4.0), (6.0, 10.0)]);
    }

    #[test]
    fn dashes_survive_repeated_points() {
        let cut = dashes(&[(1.0, 1.0); 4], 4.0, 2.0);
        assert_eq!(cut.len(), 1);
        assert!(dashes(&[], 4.0, 2.0).is_empty());
    }
}
