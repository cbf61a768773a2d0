//! An axis: which values it spans, where its ticks stand, and what is written at them.

/// Values beyond this are treated as infinite, so that no difference of two overflows.
pub(crate) const LARGEST: f64 = 1e300;
/// A logarithmic axis holds no values below this.
const SMALLEST: f64 = 1e-300;
/// A logarithmic axis reaches no further than this power of ten either way, so that its ends stay
/// finite and above zero.
const LAST_POWER: f64 = 305.0;

/// The values along one side of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    pub(crate) ticks: Vec<Tick>,
}

/// A place on an axis and what is written there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Whether a value has a place on an axis.
pub(crate) fn is_drawable(value: f64, log: bool) -> bool {
    value.abs() <= LARGEST && (!log || value >= SMALLEST)
}

impl Axis {
    /// From the least to the greatest value exactly, with about `target` ticks. With `whole`
    /// the ticks are whole numbers, as steps are.
    pub(crate) fn exact(low: f64, high: f64, target: usize, whole: bool) -> Self {
        let (low, high) = widened(low, high);
        let mut step = nice_step(high - low, target);
        if whole {
            step = step.max(1.0);
        }
        let ticks = linear_ticks(low, high, step);
        Self {
            low,
            high,
            log: false,
            ticks,
        }
    }

    /// From a tick at or below the least value to a tick at or above the greatest.
    pub(crate) fn rounded(low: f64, high: f64, target: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = nice_step(high - low, target);
        // A value a hair beyond a tick, by rounding, should not add an empty band.
        let low = ((low / step + 1e-9).floor()) * step;
        let high = ((high / step - 1e-9).ceil()) * step;
        let ticks = linear_ticks(low, high, step);
        Self {
            low,
            high,
            log: false,
            ticks,
        }
    }

    /// A logarithmic axis a little wider than the values, all of which must be above zero.
    pub(crate) fn logarithmic(low: f64, high: f64, target: usize) -> Self {
        let (bottom, top) = (low.log10(), high.log10());
        let pad = ((top - bottom) * 0.04).max(0.01);
        let low = 10_f64.powf((bottom - pad).max(-LAST_POWER));
        let high = 10_f64.powf((top + pad).min(LAST_POWER));
        let mut ticks = log_ticks(low, high, target);
        if ticks.len() < 2 {
            ticks = linear_ticks(low, high, nice_step(high - low, target));
        }
        Self {
            low,
            high,
            log: true,
            ticks,
        }
    }

    /// Where a value stands: 0 at the axis' start, 1 at its end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        let place = |v: f64| if self.log { v.log10() } else { v };
        let (low, high) = (place(self.low), place(self.high));
        ((place(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Makes room round a single value, which would otherwise span nothing.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > (size * 1e-9).max(SMALLEST) {
        return (low, high);
    }
    let room = if size > SMALLEST / 1e-9 {
        size * 0.5
    } else {
        1.0
    };
    (low - room, high + room)
}

/// The least of 1, 2 and 5 times a power of ten that cuts a span into at most `target` parts.
fn nice_step(span: f64, target: usize) -> f64 {
    let raw = span / target.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let nice = [1.0, 2.0, 5.0].into_iter().find(|n| n * power >= raw);
    nice.unwrap_or(10.0) * power
}

fn linear_ticks(low: f64, high: f64, step: f64) -> Vec<Tick> {
    let first = (low / step - 1e-6).ceil();
    let count = ((high - first * step) / step + 1e-6).floor().max(0.0) as usize;
    let values: Vec<f64> = (0..=count.min(100))
        .map(|i| (first + i as f64) * step)
        .collect();
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let tick = |value| Tick {
        value,
        label: linear_label(value, step, largest),
    };
    values.into_iter().map(tick).collect()
}

/// Writes a value as finely as the step needs, alike for all ticks of one axis.
fn linear_label(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step / 2.0 {
        return "0".to_owned();
    }
    let power = |v: f64| v.log10().floor();
    if largest >= 1e15 || step < 0.9e-4 && largest < 1.0 {
        let digits = (power(largest) - power(step * 1.001)).clamp(0.0, 9.0) as usize;
        return format!("{value:.digits$e}");
    }
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")];
    let found = units.into_iter().find(|(least, _)| largest >= *least);
    let (unit, suffix) = match found {
        Some((_, "k")) => (1e3, "k"),
        Some(found) => found,
        None => (1.0, ""),
    };
    let decimals = (-power(step / unit * 1.001)).clamp(0.0, 12.0) as usize;
    format!("{:.decimals$}{suffix}", value / unit)
}

/// Powers of ten; between them 3, or 2 and 5, where there is room for about `target` ticks;
/// only some powers where there isn't.
fn log_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let with = |multiples: &[u32], stride: usize| -> Vec<Tick> {
        let powers = (first..=last).filter(|p| p.rem_euclid(stride as i32) == 0);
        let all = powers.flat_map(|power| multiples.iter().map(move |m| log_tick(*m, power)));
        all.filter(|tick| (low..=high).contains(&tick.value))
            .collect()
    };
    let dense = [&[1, 2, 5][..], &[1, 3][..]].map(|multiples| with(multiples, 1));
    if let Some(ticks) = dense.into_iter().find(|ticks| ticks.len() <= target + 1) {
        return ticks;
    }
    let decades = (last - first).max(1) as usize;
    with(&[1], decades.div_ceil(target.max(1)))
}

fn log_tick(multiple: u32, power: i32) -> Tick {
    let scientific = format!("{multiple}e{power}");
    let value: f64 = scientific.parse().unwrap_or(f64::NAN); // NaN lies in no range
    let label = if (-3..=3).contains(&power) {
        format!("{value}")
    } else {
        scientific
    };
    Tick { value, label }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(&Axis::rounded(0.13, 4.7, 5)),
            ["0", "1", "2", "3", "4", "5"]
        );
        assert_eq!(
            labels(&Axis::rounded(0.0, 0.31, 4)),
            ["0", "0.1", "0.2", "0.3", "0.4"]
        );
        assert_eq!(
            labels(&Axis::rounded(-2.0, 2.0, 4)),
            ["-2", "-1", "0", "1", "2"]
        );
    }

    #[test]
    fn steps_are_whole_numbers() {
        let axis = Axis::exact(1.0, 3.0, 10, true);
        assert_eq!(labels(&axis), ["1", "2", "3"]);
    }

    #[test]
    fn large_and_small_values_stay_short() {
        assert_eq!(
            labels(&Axis::exact(0.0, 50_000.0, 5, true)),
            ["0", "10k", "20k", "30k", "40k", "50k"]
        );
        assert_eq!(
            labels(&Axis::exact(0.0, 3e6, 6, true))[..3],
            ["0", "0.5M", "1.0M"]
        );
        assert_eq!(
            labels(&Axis::rounded(0.0, 5e-5, 5))[..3],
            ["0", "1e-5", "2e-5"]
        );
    }

    #[test]
    fn decades_are_marked_on_a_logarithmic_axis() {
        assert_eq!(
            labels(&Axis::logarithmic(0.02, 9.0, 6)),
            ["0.03", "0.1", "0.3", "1", "3", "10"]
        );
        let wide = Axis::logarithmic(1e-200, 1e200, 6);
        assert!((3..=8).contains(&wide.ticks.len()), "{wide:?}");
    }

    #[test]
    fn the_widest_logarithmic_axis_ends_and_is_finite() {
        let axis = Axis::logarithmic(SMALLEST, LARGEST, 6);
        assert!((3..=8).contains(&axis.ticks.len()), "{axis:?}");
        assert!(axis.position(SMALLEST) < 0.1 && axis.position(LARGEST) > 0.9);
    }

    #[test]
    fn a_narrow_logarithmic_axis_still_has_ticks() {
        for (low, high) in [(0.101, 0.109), (1.0, 1.0), (3.0, 4.0), (1e-300, 1e-300)] {
            let axis = Axis::logarithmic(low, high, 6);
            assert!(axis.ticks.len() >= 2, "{low} to {high}: {axis:?}");
        }
    }

    #[test]
    fn equal_values_stand_in_the_middle() {
        for value in [0.0, 3.0, -7e9, 1e-310, LARGEST] {
            let axis = Axis::exact(value, value, 5, false);
            assert!((axis.position(value) - 0.5).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn positions_run_from_nought_to_one() {
        let axis = Axis::logarithmic(0.01, 100.0, 6);
        assert!((axis.position(1.0) - 0.5).abs() < 1e-9);
        assert!(axis.position(0.01) > 0.0 && axis.position(100.0) < 1.0);
        let axis = Axis::exact(10.0, 20.0, 5, true);
        assert_eq!((axis.position(10.0), axis.position(20.0)), (0.0, 1.0));
    }

    #[test]
    fn extreme_values_neither_hang_nor_leave_the_axis() {
        let extremes = [
            -LARGEST,
            -1.0,
            0.0,
            1e-320,
            1e-300,
            1.0,
            1.0 + 1e-12,
            1e17,
            LARGEST,
        ];
        for low in extremes {
            for high in extremes.into_iter().filter(|high| *high >= low) {
                for axis in [Axis::rounded(low, high, 6), Axis::exact(low, high, 6, true)] {
                    assert!(axis.ticks.len() <= 101);
                    assert!((0.0..=1.0).contains(&axis.position(low)), "{axis:?}");
                    assert!(axis.ticks.iter().all(|t| t.label.len() < 24), "{axis:?}");
                }
            }
        }
    }
}
