//! What all flags have in common.

use clap::Arg;
use clap::builder::{BoolishValueParser, Str};
use serde_json::Value;

use crate::TrainingArguments;

/// The heading of the training arguments in a program's help.
pub(super) const HEADING: &str = "Training arguments";

/// Gives a flag its spelling with `_`, and one that is true or false the value that it has alone.
pub(super) fn finish(arg: Arg) -> Arg {
    // The program's own flags pass here too.
    if arg.get_help_heading() != Some(HEADING) {
        return arg;
    }
    let id: Str = arg.get_id().clone().into();
    let values = arg.get_value_names();
    let is_switch = values.is_some_and(|names| names.iter().any(|name| name == "BOOL"));
    let arg = match id.contains('_') {
        true => arg.alias(id),
        false => arg,
    };
    match is_switch {
        true => arg
            .num_args(0..=1)
            .default_missing_value("true")
            .hide_possible_values(true)
            .value_parser(BoolishValueParser::new()),
        false => arg,
    }
}

/// Shows a program's own defaults in its help, for `mut_args`.
///
/// ```
/// use captioner_train::{TrainingArguments, cli::{TrainingFlags, show_defaults}};
/// use clap::{CommandFactory, Parser};
///
/// fn defaults() -> TrainingArguments {
///     TrainingArguments { learning_rate: 0.001, ..Default::default() }
/// }
///
/// #[derive(Parser)]
/// #[command(mut_args(show_defaults(&defaults())))]
/// struct Flags {
///     #[command(flatten)]
///     training: TrainingFlags,
/// }
///
/// let help = Flags::command().render_help().to_string();
/// assert!(help.contains("[default: 0.001]"));
/// ```
pub fn show_defaults(defaults: &TrainingArguments) -> impl FnMut(Arg) -> Arg + use<> {
    let (own, library) = (defaults.values(), TrainingArguments::default().values());
    move |arg| {
        let name = arg.get_id().as_str();
        let (Some(value), Some(help)) = (own.get(name), arg.get_help()) else {
            return arg;
        };
        if library.get(name) == Some(value) || arg.get_help_heading() != Some(HEADING) {
            return arg;
        }
        let help = help.to_string();
        let what = help.split(" [default: ").next().unwrap_or_default();
        let help = format!("{what} [default: {}]", text(value));
        arg.help(help)
    }
}

/// A value as one would write it on a command line.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Null => "none".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() == 0.0 => format!("{number:.0}"),
            Some(number) => number.to_string(),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}
