//! The name of a repository: `owner/name`, and a revision after `@`.

use std::fmt;

use crate::HubError;

/// The longest owner or name, as `huggingface_hub`'s `REPO_ID_REGEX` has it.
const LONGEST: usize = 96;

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepoKind {
    /// A model.
    Model,
    /// A data set.
    Dataset,
}

impl RepoKind {
    /// The name in addresses below `/api/` and of the cache's folders: `models` or `datasets`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

impl fmt::Display for RepoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Dataset => "data set",
        })
    }
}

/// A repository of the Hub.
///
/// ```
/// use captioner_hub::RepoId;
///
/// let id = RepoId::parse("microsoft/git-base@v1.0")?;
/// assert_eq!((id.owner(), id.name(), id.revision()), ("microsoft", "git-base", "v1.0"));
/// assert_eq!(RepoId::parse("microsoft/git-base")?.revision(), "main");
/// # Ok::<(), captioner_hub::HubError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepoId {
    owner: String,
    name: String,
    revision: Option<String>,
}

impl RepoId {
    /// Reads `owner/name` or `owner/name@revision`.
    ///
    /// # Errors
    /// [`HubError::Id`] for what `huggingface_hub`'s `validate_repo_id` or Git refuses.
    pub fn parse(text: &str) -> Result<Self, HubError> {
        let refuse = |problem| HubError::Id {
            text: text.to_owned(),
            problem,
        };
        let (id, revision) = match text.split_once('@') {
            Some((id, revision)) => (id, Some(revision)),
            None => (text, None),
        };
        let (owner, name) = id
            .split_once('/')
            .ok_or_else(|| refuse("write owner/name"))?;
        check_part(owner)
            .and_then(|()| check_part(name))
            .map_err(refuse)?;
        if id.contains("--") || id.contains("..") || id.ends_with(".git") {
            return Err(refuse("'--', '..' and the ending '.git' are not allowed"));
        }
        if revision.is_some_and(|revision| !is_revision(revision)) {
            return Err(refuse("after the @ comes a branch, a tag or a commit"));
        }
        Ok(Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            revision: revision.map(str::to_owned),
        })
    }

    /// The user or organization.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name below the owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `owner/name`, without the revision.
    pub fn id(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The branch, tag or commit; `main` if none was given.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// The same repository at another revision.
    ///
    /// # Errors
    /// [`HubError::Id`] for a name that Git refuses.
    pub fn at(&self, revision: &str) -> Result<Self, HubError> {
        Self::parse(&format!("{}@{revision}", self.id()))
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)?;
        match &self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

/// An owner or a name: ASCII letters, digits, `-`, `_` and `.`, no `-` or `.` at either end.
fn check_part(part: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if part.is_empty() || !part.chars().all(plain) {
        return Err("write owner/name with letters, digits, '-', '_' and '.'");
    }
    if part.len() > LONGEST {
        return Err("an owner or a name has 96 characters at most");
    }
    if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
        return Err("a name does not begin or end with '-' or '.'");
    }
    Ok(())
}

/// Whether Git takes `text` for the name of a branch, a tag or a commit (`git check-ref-format`);
/// it becomes a path below the cache's `refs`.
fn is_revision(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !" ~^:?*[\\@".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    text.len() <= 250
        && !text.starts_with('-')
        && !text.ends_with('.')
        && !text.contains("..")
        && text.chars().all(plain)
        && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_as_huggingface_hub_refuses_them() {
        let long = format!("a/{}", "b".repeat(97));
        let refused = [
            "", "gpt2", "a/b/c", "a/", "/b", "./a", "../b", "a b/c", "a/b--c", "a/b..c", "a/b.git",
            "a/-b", "a/b.", "a/ü", "a\\b/c", &long,
        ];
        for text in refused {
            assert!(
                matches!(RepoId::parse(text), Err(HubError::Id { .. })),
                "{text}"
            );
        }
        for text in ["microsoft/git-base", "a/b", "user_1/set.v2", "0/0"] {
            assert_eq!(RepoId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_revision_never_leads_out_of_the_folder_of_refs() {
        let refused = [
            "", "..", "../x", "a/../b", "/a", "a/", "a//b", ".a", "a/.b", "-a", "a b", "a:b",
            "a\\b", "a\0b", "x.lock", "a.", "a@b", "a\nb",
        ];
        for revision in refused {
            let text = format!("a/b@{revision}");
            assert!(RepoId::parse(&text).is_err(), "{revision:?}");
        }
        for revision in [
            "main",
            "v1.0",
            "refs/convert/parquet",
            "refs/pr/3",
            "0123abc",
            "ä",
        ] {
            let id = RepoId::parse(&format!("a/b@{revision}")).unwrap();
            assert_eq!(id.revision(), revision);
        }
    }
}
