//! Lists of names within messages.

/// Names in a message: `` `a`, `b` ``.
pub(super) fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// How many columns a message names.
const NAMED_COLUMNS: usize = 20;

/// What to do where the columns that are there may be the ones that are looked for.
pub(super) fn or_name_one(there: &[String]) -> String {
    match there {
        [] => String::new(),
        _ => format!(
            ", or give another column's name (--caption-column for captions); there are {}",
            quoted(there.get(..NAMED_COLUMNS).unwrap_or(there))
        ),
    }
}

pub(super) fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        _ => format!("; is {} meant so? rename it", quoted(near)),
    }
}
