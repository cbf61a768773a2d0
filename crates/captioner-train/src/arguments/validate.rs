//! Settings that contradict each other, or are not available.

use captioner_model::NamePattern;

use super::ranges::Findings;
use super::{IntervalStrategy, ResumeFrom, SaveStrategy, SettingErrors, TrainingArguments};
use crate::evaluate::generated_name;
use crate::schedule::SchedulerType;

impl TrainingArguments {
    /// Checks every setting, and that none contradicts another.
    ///
    /// # Errors
    /// Names all that are out of their range or contradict another, each with what helps.
    pub fn validate(&self) -> Result<(), SettingErrors> {
        let mut findings = Findings::default();
        self.check_ranges(&mut findings);
        findings.extend(
            self.lr_scheduler_kwargs
                .problems(self.lr_scheduler_type, self.learning_rate),
        );
        findings.extend(self.metric_set().err());
        self.check_evaluated(&mut findings);
        self.check_best(&mut findings);
        self.check_chosen(&mut findings);
        self.check_paths(&mut findings);
        self.check_available(&mut findings);
        SettingErrors::check(findings.0)
    }

    /// What an evaluation decides needs evaluations.
    fn check_evaluated(&self, findings: &mut Findings) {
        if self.eval_strategy != IntervalStrategy::No {
            return;
        }
        let help = "it needs evaluations: set eval_strategy to steps or epoch, or";
        if self.load_best_model_at_end {
            findings.add(
                "load_best_model_at_end",
                true,
                format!("{help} leave it out"),
            );
        }
        // transformers asks for load_best_model_at_end here too, only because no best value is kept
        // otherwise.
        if let Some(patience) = self.early_stopping_patience {
            findings.add(
                "early_stopping_patience",
                patience,
                format!("{help} leave it out"),
            );
        }
        if self.save_strategy == SaveStrategy::Best {
            let help = format!("{help} save by steps or epoch");
            findings.add("save_strategy", self.save_strategy, help);
        }
        if self.lr_scheduler_type == SchedulerType::ReduceLrOnPlateau {
            let help = format!("{help} use another type");
            findings.add("lr_scheduler_type", self.lr_scheduler_type, help);
        }
    }

    fn check_best(&self, findings: &mut Findings) {
        if self.load_best_model_at_end && self.save_strategy == SaveStrategy::No {
            let help = "the best model is the best that was saved: set save_strategy to best, steps \
                        or epoch, or leave it out";
            findings.add("load_best_model_at_end", true, help);
        }
        // Which values there are besides depends on metrics that are yet to be added.
        let generated = self.best_value().starts_with(&generated_name(""));
        if generated && !self.predict_with_generate {
            let help = "evaluations while training generate no captions: set predict_with_generate, \
                        or use loss or wer";
            findings.add("metric_for_best_model", self.best_value(), help);
        }
    }

    /// What is trained of the model.
    fn check_chosen(&self, findings: &mut Findings) {
        for pattern in &self.freeze {
            if let Err(error) = NamePattern::new(pattern) {
                findings.add("freeze", pattern, error);
            }
        }
        for pattern in &self.lora_target_modules {
            if let Err(error) = NamePattern::new(pattern) {
                findings.add("lora_target_modules", pattern, error);
            }
        }
        if self.lora_r.is_some() {
            return;
        }
        let help = "it is of adapters, and there are none: set lora_r, or leave it out";
        if let Some(alpha) = self.lora_alpha {
            findings.add("lora_alpha", alpha, help);
        }
        if self.lora_dropout != 0.0 {
            findings.add("lora_dropout", self.lora_dropout, help);
        }
        if !self.lora_target_modules.is_empty() {
            findings.add(
                "lora_target_modules",
                self.lora_target_modules.join(","),
                help,
            );
        }
    }

    fn check_paths(&self, findings: &mut Findings) {
        if self.output_dir.as_os_str().is_empty() {
            findings.add("output_dir", "''", "it must name a folder");
        }
        let resume = self.resume_from_checkpoint.as_ref();
        if let Some(ResumeFrom::Path(path)) = resume
            && path.as_os_str().is_empty()
        {
            let help = "it must name a checkpoint's folder; leave it out to start anew";
            findings.add("resume_from_checkpoint", "''", help);
        }
    }

    /// What can be asked for and isn't there.
    fn check_available(&self, findings: &mut Findings) {
        if self.fp16 && self.bf16 {
            findings.add("fp16", true, "bf16 is set too: at most one of them can be");
        }
        if self.bf16 {
            let help = "it is not available in this version: leave it out";
            findings.add("bf16", true, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Steps;

    fn named(args: &TrainingArguments) -> Vec<String> {
        match args.validate() {
            Ok(()) => Vec::new(),
            Err(errors) => errors.iter().map(|error| error.name.clone()).collect(),
        }
    }

    #[test]
    fn the_defaults_are_valid() {
        TrainingArguments::default().validate().unwrap();
    }

    #[test]
    fn all_that_is_wrong_is_named_on_one_line() {
        let args = TrainingArguments {
            learning_rate: f64::NAN,
            per_device_train_batch_size: 0,
            adam_beta1: 1.0,
            metrics: vec!["spice".into()],
            load_best_model_at_end: true,
            ..TrainingArguments::default()
        };
        let errors = args.validate().unwrap_err();
        let message = errors.to_string();
        for name in [
            "learning_rate is NaN: it must be",
            "per_device_train_batch_size is 0: it must be 1 or more",
            "adam_beta1 is 1: it must be from 0 to below 1",
            "metrics is spice",
            "load_best_model_at_end is true: it needs evaluations",
        ] {
            assert!(message.contains(name), "{message}");
        }
        assert!(!message.contains('\n'));
        assert_eq!(errors.iter().count(), 5);
    }

    #[test]
    fn what_evaluations_decide_needs_evaluations() {
        type Set = fn(&mut TrainingArguments);
        let cases: [(&str, Set); 4] = [
            ("load_best_model_at_end", |a| {
                a.load_best_model_at_end = true
            }),
            ("early_stopping_patience", |a| {
                a.early_stopping_patience = Some(2)
            }),
            ("save_strategy", |a| a.save_strategy = SaveStrategy::Best),
            ("lr_scheduler_type", |a| {
                a.lr_scheduler_type = SchedulerType::ReduceLrOnPlateau
            }),
        ];
        for (name, set) in cases {
            let mut args = TrainingArguments::default();
            set(&mut args);
            assert_eq!(named(&args), [name]);
            args.eval_strategy = IntervalStrategy::Epoch;
            assert_eq!(named(&args), [""; 0]);
        }
    }

    #[test]
    fn the_best_is_of_the_saved_ones_however_far_apart_they_are() {
        let mut args = TrainingArguments {
            load_best_model_at_end: true,
            eval_strategy: IntervalStrategy::Steps,
            eval_steps: Some(50.into()),
            save_steps: 75.into(),
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.save_strategy = SaveStrategy::No;
        assert_eq!(named(&args), ["load_best_model_at_end"]);
    }

    #[test]
    fn a_metric_of_generated_captions_needs_them() {
        let mut args = TrainingArguments {
            metric_for_best_model: Some("eval_generated_wer".into()),
            ..TrainingArguments::default()
        };
        assert_eq!(named(&args), ["metric_for_best_model"]);
        args.predict_with_generate = true;
        args.validate().unwrap();
    }

    #[test]
    fn settings_of_adapters_need_a_rank_above_zero() {
        let mut args = TrainingArguments {
            lora_alpha: Some(8.0),
            lora_dropout: 0.1,
            lora_target_modules: vec!["query".into()],
            ..TrainingArguments::default()
        };
        let three = ["lora_alpha", "lora_dropout", "lora_target_modules"];
        assert_eq!(named(&args), three);
        args.lora_r = Some(0);
        assert_eq!(named(&args), ["lora_r"]);
        args.lora_r = Some(4);
        args.validate().unwrap();
        args.freeze = vec!["a..b".into()];
        assert_eq!(named(&args), ["freeze"]);
    }

    #[test]
    fn what_is_not_there_is_refused_in_a_line() {
        let mut args = TrainingArguments {
            bf16: true,
            ..TrainingArguments::default()
        };
        let message = args.validate().unwrap_err().to_string();
        assert!(
            message.contains("not available in this version"),
            "{message}"
        );
        args.fp16 = true;
        assert_eq!(named(&args), ["fp16", "bf16"]);
        args.bf16 = false;
        args.validate().unwrap();
        // Whether a callback pushes, the trainer sees.
        args.push_to_hub = true;
        args.validate().unwrap();
    }

    #[test]
    fn a_model_alone_can_be_saved_of_a_resumed_run() {
        let mut args = TrainingArguments {
            save_only_model: true,
            resume_from_checkpoint: Some(ResumeFrom::Last),
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.resume_from_checkpoint = Some(ResumeFrom::Path("".into()));
        args.output_dir = "".into();
        assert_eq!(named(&args), ["output_dir", "resume_from_checkpoint"]);
    }

    #[test]
    fn a_schedule_has_its_own_settings_only() {
        let mut args = TrainingArguments::default();
        args.lr_scheduler_kwargs.power = Some(2.0);
        assert_eq!(named(&args), ["lr_scheduler_kwargs.power"]);
        args.lr_scheduler_type = SchedulerType::Polynomial;
        args.warmup_steps = Steps::Share(0.1);
        args.validate().unwrap();
    }
}
