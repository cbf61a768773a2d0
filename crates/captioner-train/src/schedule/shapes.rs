//! The functions of `optimization.py` that give the learning rate of a step, as a share of the
//! highest; each is written in that file's order of operations.

use std::f64::consts::PI;

use super::kind::{LrSchedulerKwargs, Ramp, SchedulerType};

/// What a share is made of.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) kind: SchedulerType,
    pub(super) kwargs: &'a LrSchedulerKwargs,
    pub(super) peak: f64,
    pub(super) warmup: usize,
    pub(super) total: usize,
}

impl Shape<'_> {
    /// The share that step `step`, counted from 0, has of the highest rate.
    pub(super) fn share(self, step: usize) -> f64 {
        match self.kind {
            SchedulerType::Constant | SchedulerType::ReduceLrOnPlateau => 1.0,
            SchedulerType::CosineWarmupWithMinLr => self.cosine_warmup_with_min_lr(step),
            SchedulerType::WarmupStableDecay => self.warmup_stable_decay(step),
            _ if step < self.warmup => step as f64 / self.warmup as f64,
            SchedulerType::ConstantWithWarmup => 1.0,
            SchedulerType::Linear => self.linear(step),
            SchedulerType::Cosine => self.wave(self.progress(step)).max(0.0),
            SchedulerType::CosineWithRestarts => self.restarts(step),
            SchedulerType::Polynomial => self.polynomial(step),
            SchedulerType::InverseSqrt => self.inverse_sqrt(step),
            SchedulerType::CosineWithMinLr => {
                above(self.min_lr_rate(), self.wave(self.progress(step)))
            }
        }
    }

    /// Steps after the warm-up.
    fn falling(self) -> f64 {
        self.total.saturating_sub(self.warmup).max(1) as f64
    }

    fn progress(self, step: usize) -> f64 {
        (step - self.warmup) as f64 / self.falling()
    }

    fn wave(self, progress: f64) -> f64 {
        let cycles = self.kwargs.num_cycles.unwrap_or(0.5);
        0.5 * (1.0 + (PI * cycles * 2.0 * progress).cos())
    }

    fn linear(self, step: usize) -> f64 {
        self.total.saturating_sub(step) as f64 / self.falling()
    }

    fn restarts(self, step: usize) -> f64 {
        let progress = self.progress(step);
        if progress >= 1.0 {
            return 0.0;
        }
        let cycles = self.kwargs.num_cycles.unwrap_or(1.0);
        (0.5 * (1.0 + (PI * ((cycles * progress) % 1.0)).cos())).max(0.0)
    }

    fn polynomial(self, step: usize) -> f64 {
        let end = self.kwargs.lr_end.unwrap_or(1e-7);
        // A run that is all warm-up has no steps to fall in: it is over here.
        if step > self.total || self.total <= self.warmup {
            return end / self.peak;
        }
        let rest = 1.0 - (step - self.warmup) as f64 / (self.total - self.warmup) as f64;
        let power = self.kwargs.power.unwrap_or(1.0);
        ((self.peak - end) * rest.powf(power) + end) / self.peak
    }

    fn inverse_sqrt(self, step: usize) -> f64 {
        let default = match self.warmup {
            0 => 10_000,
            warmup => warmup,
        };
        let scale = self.kwargs.timescale.unwrap_or(default) as f64;
        let shift = scale - self.warmup as f64;
        1.0 / ((step as f64 + shift) / scale).sqrt()
    }

    fn min_lr_rate(self) -> f64 {
        let rate = self.kwargs.min_lr.map(|rate| rate / self.peak);
        rate.or(self.kwargs.min_lr_rate).unwrap_or(0.0)
    }

    fn cosine_warmup_with_min_lr(self, step: usize) -> f64 {
        let (now, warmup) = (step as f64, self.warmup as f64);
        if step < self.warmup {
            return match self.kwargs.warmup_lr_rate {
                None => (now + 1.0) / warmup.max(1.0),
                Some(first) => first + (1.0 - first) * now / (warmup - 1.0).max(1.0),
            };
        }
        let progress = (now - warmup + 1.0) / self.falling();
        above(self.min_lr_rate(), self.wave(progress))
    }

    fn warmup_stable_decay(self, step: usize) -> f64 {
        let least = self.kwargs.min_lr_ratio.unwrap_or(0.0);
        if step < self.warmup {
            let progress = step as f64 / self.warmup as f64;
            let rise = match self.kwargs.warmup_type.unwrap_or(Ramp::Linear) {
                Ramp::Linear => progress,
                Ramp::Cosine => 0.5 * (1.0 - (PI * progress).cos()),
                Ramp::OneMinusSqrt => 1.0 - (1.0 - progress).sqrt(),
            };
            return above(least, rise);
        }
        // Where warm-up and fall are longer than the run, nothing is left to stay in: as there, the
        // fall is then cut at its beginning.
        let decay = self.kwargs.num_decay_steps.unwrap_or(0) as f64;
        let between = self.total as f64 - self.warmup as f64 - decay;
        let stable = self.kwargs.num_stable_steps.map(|steps| steps as f64);
        let fall_starts = self.warmup as f64 + stable.unwrap_or(between);
        let now = step as f64;
        if now < fall_starts {
            return 1.0;
        }
        if now >= fall_starts + decay {
            return least;
        }
        let progress = (now - fall_starts) / decay.max(1.0);
        let fall = match self.kwargs.decay_type.unwrap_or(Ramp::Cosine) {
            Ramp::Linear => 1.0 - progress,
            Ramp::Cosine => self.wave(progress),
            Ramp::OneMinusSqrt => 1.0 - progress.sqrt(),
        };
        above(least, fall)
    }
}

/// A share from 0 to 1 as one from `least` to 1.
fn above(least: f64, share: f64) -> f64 {
    (share * (1.0 - least) + least).max(0.0)
}
