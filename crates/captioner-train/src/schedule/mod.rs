//! The learning rate over a run.

mod kind;
mod plateau;
mod shapes;

pub use kind::{LrSchedulerKwargs, PlateauMode, Ramp, SchedulerType, ThresholdMode};
pub use plateau::ScheduleState;

use plateau::Rules;
use shapes::Shape;

/// The learning rate of each step.
///
/// It is a function of the step alone, but for [`SchedulerType::ReduceLrOnPlateau`], which
/// [`observe`](Self::observe)s the evaluations.
///
/// ```
/// use captioner_train::{LrSchedulerKwargs, Schedule, SchedulerType};
///
/// let linear = Schedule::new(SchedulerType::Linear, 1e-3, 10, 110);
/// assert_eq!((linear.learning_rate(5), linear.learning_rate(60)), (5e-4, 5e-4));
///
/// let kwargs = LrSchedulerKwargs { patience: Some(0), ..Default::default() };
/// let mut plateau = Schedule::new(SchedulerType::ReduceLrOnPlateau, 1e-3, 0, 110)
///     .with_kwargs(kwargs);
/// plateau.observe(2.0);
/// plateau.observe(2.0); // no better: a tenth from now on
/// assert_eq!(plateau.learning_rate(60), 1e-4);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    kind: SchedulerType,
    kwargs: LrSchedulerKwargs,
    greater_is_better: bool,
    peak: f64,
    warmup: usize,
    total: usize,
    state: ScheduleState,
}

impl Schedule {
    /// A schedule over `total` steps that rises to `peak` in the first `warmup` of them; its other
    /// settings have their defaults.
    pub fn new(kind: SchedulerType, peak: f64, warmup: usize, total: usize) -> Self {
        Self {
            kind,
            kwargs: LrSchedulerKwargs::default(),
            greater_is_better: false,
            peak,
            warmup,
            total,
            state: ScheduleState::default(),
        }
    }

    /// The same with the settings that its type has.
    pub fn with_kwargs(mut self, kwargs: LrSchedulerKwargs) -> Self {
        self.kwargs = kwargs;
        self
    }

    /// Says that more of the value which is observed is better; less is, where this isn't called.
    pub fn with_greater_is_better(mut self, greater_is_better: bool) -> Self {
        self.greater_is_better = greater_is_better;
        self
    }

    /// The learning rate of step `step`, counted from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        let shape = Shape {
            kind: self.kind,
            kwargs: &self.kwargs,
            peak: self.peak,
            warmup: self.warmup,
            total: self.total,
        };
        match self.state.learning_rate {
            Some(rate) if self.observes() => rate,
            _ => self.peak * shape.share(step),
        }
    }

    /// Whether the learning rate depends on the evaluations.
    pub fn observes(&self) -> bool {
        self.kind == SchedulerType::ReduceLrOnPlateau
    }

    /// Takes an evaluation's value of what `metric_for_best_model` names into account; changes
    /// nothing where the learning rate depends on the step alone.
    pub fn observe(&mut self, value: f64) {
        if self.observes() {
            let rules = Rules::new(&self.kwargs, self.greater_is_better);
            self.state.observe(value, &rules, self.peak);
        }
    }

    /// What it has seen.
    pub fn state(&self) -> ScheduleState {
        self.state
    }

    /// Goes on where another one of the same settings was.
    pub fn restore(&mut self, state: &ScheduleState) {
        self.state = *state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_finite_whatever_the_warm_up_and_the_run_are() {
        let kwargs = LrSchedulerKwargs {
            min_lr: Some(1e-5),
            num_decay_steps: Some(3),
            ..LrSchedulerKwargs::default()
        };
        for name in SchedulerType::NAMES {
            let kind: SchedulerType = name.parse().unwrap();
            for (warmup, total) in [(0, 0), (0, 1), (1, 1), (5, 5), (10, 5), (2, 4)] {
                let schedule = Schedule::new(kind, 1e-3, warmup, total).with_kwargs(kwargs);
                for step in 0..20 {
                    let rate = schedule.learning_rate(step);
                    assert!(
                        (0.0..=1e-3).contains(&rate),
                        "{kind} {warmup} {total}: {rate}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_depends_on_the_step_alone_observes_nothing() {
        let mut schedule = Schedule::new(SchedulerType::Linear, 1.0, 0, 4);
        let before = schedule.clone();
        (0..30).for_each(|_| schedule.observe(1.0));
        assert_eq!(schedule, before);
        assert_eq!(schedule.state(), ScheduleState::default());
    }

    #[test]
    fn nan_is_never_better_and_not_the_best() {
        let kwargs = LrSchedulerKwargs {
            patience: Some(1),
            ..LrSchedulerKwargs::default()
        };
        let kind = SchedulerType::ReduceLrOnPlateau;
        let mut schedule = Schedule::new(kind, 1.0, 0, 4).with_kwargs(kwargs);
        schedule.observe(f64::NAN);
        assert_eq!(schedule.state().best, None);
        schedule.observe(f64::NAN);
        assert_eq!(schedule.learning_rate(0), 0.1);
    }
}
