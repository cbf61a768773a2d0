//! What "best" means.

use captioner_metrics::{MetricError, MetricSet};
use captioner_model::SettingError;

use super::TrainingArguments;
use crate::evaluate::EvaluationValue;

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
    pub(crate) fn validate_metric(&self, values: &[EvaluationValue]) -> Result<(), SettingError> {
        let name = self.best_name();
        let known: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        let known_names = known.join(", ");
        let help = match self.predict_with_generate {
            true => format!("use one of {known_names}"),
            false => format!(
                "use one of {known_names}, or set predict_with_generate for the metrics of generated \
                 captions"
            ),
        };
        let fits = known.contains(&self.best_value());
        SettingError::check("metric_for_best_model", name, fits, help)?;
        let directed = self.direction(values).is_some();
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
    pub(crate) fn more_is_better(&self, values: &[EvaluationValue]) -> bool {
        self.direction(values).unwrap_or(false)
    }

    fn direction(&self, values: &[EvaluationValue]) -> Option<bool> {
        let name = self.best_value();
        let value = values.iter().find(|value| value.name == name);
        self.greater_is_better
            .or_else(|| value.and_then(|value| value.greater_is_better))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::EvaluationOptions;

    /// The values of evaluations under these settings.
    fn values(args: &TrainingArguments) -> Vec<EvaluationValue> {
        let options = EvaluationOptions {
            generation: args.predict_with_generate.then(Default::default),
            metrics: args.metric_set().unwrap(),
            ..EvaluationOptions::default()
        };
        options.values().unwrap()
    }

    #[test]
    fn what_best_means_is_a_value_of_the_evaluations() {
        let check = |args: &TrainingArguments| args.validate_metric(&values(args));
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
        let names = args.metric_set().unwrap().value_names();
        args.metric_for_best_model = Some(format!("generated_{}", names[0]));
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
            predict_with_generate: true,
            ..TrainingArguments::default()
        };
        let better = |args: TrainingArguments| args.more_is_better(&values(&args));
        assert!(!better(args(None, None)));
        assert!(!better(args(Some("generated_wer"), None)));
        assert!(better(args(Some("eval_generated_cider_d"), None)));
        assert!(!better(args(Some("generated_cider_d"), Some(false))));
        assert!(better(args(None, Some(true))));
    }
}
