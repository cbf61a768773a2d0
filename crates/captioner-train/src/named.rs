//! Enumerations of values that have a name, in JSON and on a command line.

/// Gives an enumeration of named values `NAMES`, `Display`, `FromStr`, `Serialize` and `Deserialize`.
///
/// After `|` stand other names that are read. `refuse` names values of transformers that are not
/// here, each with what helps.
macro_rules! named {
    (
        $type:ty, $setting:literal, {
            $($variant:ident = $name:literal $(| $alias:literal)*),+ $(,)?
        }
        $(, refuse { $($refused:literal => $help:literal),+ $(,)? })?
    ) => {
        impl $type {
            /// The names, as they are written.
            pub const NAMES: &[&str] = &[$($name),+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $name,)+
                })
            }
        }

        impl std::str::FromStr for $type {
            type Err = captioner_model::SettingError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name $(| $alias)* => Ok(Self::$variant),)+
                    $($($refused => Err(captioner_model::SettingError::new($setting, text, $help)),)+)?
                    other => {
                        let help = format!("use {}", $crate::named::any_of(Self::NAMES));
                        Err(captioner_model::SettingError::new($setting, other, help))
                    }
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use named;

/// The names as a sentence has them: `a, b or c`.
pub(crate) fn any_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::any_of;

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(any_of(&["a"]), "a");
        assert_eq!(any_of(&["a", "b"]), "a or b");
        assert_eq!(any_of(&["a", "b", "c"]), "a, b or c");
    }
}
