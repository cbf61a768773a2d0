//! What "best" means.

use captioner_metrics::{MetricError, MetricSet};
use captioner_model::SettingError;

use super::TrainingArguments;
use crate::evaluate::generated_name;

/// What every evaluation gives, and whether more of it is better.
const TEACHER_FORCED: [(&str, bool); 2] = [("loss", false), ("wer", false)];

impl TrainingArguments {
    /// The metrics of generated captions.
    ///
    /// # Errors
    /// When a name is unknown, or there is none.
    pub fn metric_set(&self) -> Result<MetricSet, SettingError> {
        let names: Vec<&str> = self.metrics.iter().map(String::as_str).collect();
        MetricSet::from_names(names.iter().copied())
            .map_err(|error: MetricError| SettingError::new("metrics", names.join(","), error))
    }

    /// What best means must be among the values that evaluations while training give, and have a
    /// direction.
    pub(crate) fn validate_metric(&self, metrics: &MetricSet) -> Result<(), SettingError> {
        let name = self.best_name();
        let mut known: Vec<String> = TEACHER_FORCED.map(|(name, _)| name.to_owned()).to_vec();
        if self.predict_with_generate {
            let generated = metrics.value_names().into_iter();
            known.extend(generated.map(|name| generated_name(&name)));
        }
        let help = match self.predict_with_generate {
            true => format!("use {}", known.join(", ")),
            false => format!(
                "use {}, or set predict_with_generate for the metrics of generated captions",
                known.join(" or ")
            ),
        };
        let fits = known.iter().any(|value| value == self.best_value());
        SettingError::check("metric_for_best_model", name, fits, help)?;
        let directed = self.direction(metrics).is_some();
        let help = "neither more nor less of it is better: set greater_is_better";
        SettingError::check("metric_for_best_model", name, directed, help)
    }

    fn best_name(&self) -> &str {
        self.metric_for_best_model.as_deref().unwrap_or("loss")
    }

    /// The name of the value that best means, without the prefix that log entries have.
    pub(crate) fn best_value(&self) -> &str {
        let name = self.best_name();
        name.strip_prefix("eval_").unwrap_or(name)
    }

    /// Whether more of the value that best means is better.
    pub(crate) fn more_is_better(&self, metrics: &MetricSet) -> bool {
        self.direction(metrics).unwrap_or(false)
    }

    fn direction(&self, metrics: &MetricSet) -> Option<bool> {
        let name = self.best_value();
        let teacher_forced = TEACHER_FORCED.iter().find(|(known, _)| *known == name);
        let generated = || {
            let names = metrics.value_names().into_iter();
            let mut own = names.filter(|value| generated_name(value) == name);
            own.next()
                .and_then(|value| metrics.greater_is_better(&value))
        };
        let own = teacher_forced.map(|(_, more)| *more).or_else(generated);
        self.greater_is_better.or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_best_means_is_a_value_of_the_evaluations() {
        let check = |args: &TrainingArguments| args.validate_metric(&args.metric_set()?);
        let mut args = TrainingArguments::default();
        check(&args).unwrap();
        args.metric_for_best_model = Some("eval_wer".into());
        check(&args).unwrap();
        args.metric_for_best_model = Some("generated_bleu_4".into());
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("predict_with_generate"), "{message}");
        args.predict_with_generate = true;
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("generated_wer"), "{message}");
        args.metrics = vec!["bleu_4".into(), "cider_d".into()];
        check(&args).unwrap();
        args.metrics = vec!["mean_length".into()];
        let values = args.metric_set().unwrap().value_names();
        args.metric_for_best_model = Some(generated_name(&values[0]));
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("greater_is_better"), "{message}");
        args.greater_is_better = Some(true);
        check(&args).unwrap();
    }

    #[test]
    fn the_metric_knows_which_way_is_better_unless_it_is_set() {
        let args = |metric: Option<&str>, set| TrainingArguments {
            metrics: vec!["wer".into(), "cider_d".into()],
            metric_for_best_model: metric.map(Into::into),
            greater_is_better: set,
            ..TrainingArguments::default()
        };
        let better = |args: TrainingArguments| args.more_is_better(&args.metric_set().unwrap());
        assert!(!better(args(None, None)));
        assert!(!better(args(Some("generated_wer"), None)));
        assert!(better(args(Some("eval_generated_cider_d"), None)));
        assert!(!better(args(Some("generated_cider_d"), Some(false))));
        assert!(better(args(None, Some(true))));
    }
}
