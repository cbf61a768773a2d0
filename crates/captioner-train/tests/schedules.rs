//! Learning rates are those of transformers and PyTorch: `tools/reference/schedules.py` has
//! `transformers.get_scheduler` (5.23.0) step through each run.

use captioner_train::{LrSchedulerKwargs, Schedule, ScheduleState, SchedulerType};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    peak: f64,
    runs: Vec<Run>,
    plateaus: Vec<Plateau>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(rename = "type")]
    kind: SchedulerType,
    kwargs: LrSchedulerKwargs,
    warmup: usize,
    total: usize,
    rates: Vec<f64>,
}

#[derive(Deserialize)]
struct Plateau {
    kwargs: LrSchedulerKwargs,
    /// NaN is null.
    values: Vec<Option<f64>>,
    rates: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/schedules.json")).unwrap()
}

/// Equal to 1e-12 of the value. What is 0 there is the rest of a cosine at its end.
fn is_close(rate: f64, want: f64, peak: f64) -> bool {
    (rate - want).abs() <= 1e-12 * want.abs() + 1e-16 * peak
}

#[test]
fn every_type_has_the_rates_of_transformers() {
    let Reference { peak, runs, .. } = reference();
    let mut seen = Vec::new();
    for run in runs {
        let schedule = Schedule::new(run.kind, peak, run.warmup, run.total).with_kwargs(run.kwargs);
        assert!(run.rates.len() >= run.total);
        for (step, &want) in run.rates.iter().enumerate() {
            let rate = schedule.learning_rate(step);
            assert!(
                is_close(rate, want, peak),
                "{} {:?}, {} of {}, step {step}: {rate} and not {want}",
                run.kind,
                run.kwargs,
                run.warmup,
                run.total
            );
        }
        seen.push(run.kind.to_string());
    }
    let all = SchedulerType::NAMES.iter();
    let left_out: Vec<_> = all
        .filter(|name| !seen.contains(&name.to_string()))
        .collect();
    assert_eq!(left_out, [&"reduce_lr_on_plateau"]);
}

fn plateau(peak: f64, kwargs: LrSchedulerKwargs) -> Schedule {
    Schedule::new(SchedulerType::ReduceLrOnPlateau, peak, 3, 100).with_kwargs(kwargs)
}

#[test]
fn a_plateau_is_found_when_pytorch_finds_it() {
    let Reference { peak, plateaus, .. } = reference();
    assert!(!plateaus.is_empty());
    for case in plateaus {
        let mut schedule = plateau(peak, case.kwargs);
        assert_eq!(schedule.learning_rate(0), peak);
        for (at, (value, want)) in case.values.iter().zip(&case.rates).enumerate() {
            schedule.observe(value.unwrap_or(f64::NAN));
            let rate = schedule.learning_rate(at);
            assert!(
                is_close(rate, *want, peak),
                "{:?}, {at}: {rate}",
                case.kwargs
            );
        }
    }
}

#[test]
fn a_plateau_goes_on_where_it_was_to_the_bit() {
    let Reference { peak, plateaus, .. } = reference();
    for case in plateaus {
        let mut whole = plateau(peak, case.kwargs);
        let mut resumed = plateau(peak, case.kwargs);
        for (at, value) in case.values.iter().enumerate() {
            let value = value.unwrap_or(f64::NAN);
            whole.observe(value);
            resumed.observe(value);
            // As a checkpoint has it.
            let json = serde_json::to_string(&resumed.state()).unwrap();
            let state: ScheduleState = serde_json::from_str(&json).unwrap();
            resumed = plateau(peak, case.kwargs);
            resumed.restore(&state);
            assert_eq!(resumed, whole);
            assert_eq!(resumed.learning_rate(at), whole.learning_rate(at));
        }
    }
}

#[test]
fn which_values_are_better_is_a_setting() {
    let observed = |schedule: Schedule| {
        let mut schedule = schedule;
        for value in [0.5, 0.6, 0.7] {
            schedule.observe(value);
        }
        schedule.learning_rate(0)
    };
    let kwargs: LrSchedulerKwargs = r#"{"patience": 1}"#.parse().unwrap();
    assert_eq!(observed(plateau(1.0, kwargs)), 0.1);
    assert_eq!(
        observed(plateau(1.0, kwargs).with_greater_is_better(true)),
        1.0
    );
    // A mode in the settings goes before.
    let kwargs: LrSchedulerKwargs = r#"{"patience": 1, "mode": "min"}"#.parse().unwrap();
    assert_eq!(
        observed(plateau(1.0, kwargs).with_greater_is_better(true)),
        0.1
    );
}
