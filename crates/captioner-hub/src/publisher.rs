//! Where a model is published, seen from whoever trains it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::{HubError, RepoId};

/// Files for a repository, in one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The repository; it is made if there is none.
    pub repo: RepoId,
    /// Whether a repository that is made is private; as the account's default says where unset.
    pub private: Option<bool>,
    /// The local files, by their paths in the repository. Its other files stay.
    pub files: BTreeMap<String, PathBuf>,
    /// The commit's title, one line.
    pub message: String,
}

/// Where a model is published: the Hub, or what stands for it in a test.
///
/// With the feature `hub`, `Hub` is one; [`open_publisher`] gives it.
pub trait Publisher: Send + Sync {
    /// The repository that `name` stands for, `owner/name`, or a name of whoever publishes. All is
    /// checked that can be known before there is something to publish, such as the token; nothing
    /// is made.
    ///
    /// # Errors
    /// When a push would be refused.
    fn check(&self, name: &str, private: Option<bool>) -> Result<RepoId, HubError>;

    /// Makes the repository if there is none, and the commit; gives the commit's page.
    ///
    /// # Errors
    /// When nothing was committed, or nobody knows whether something was.
    fn push(&self, upload: &Upload) -> Result<String, HubError>;
}

/// The Hub, with the settings of the environment and, where there is one, this token.
///
/// # Errors
/// [`HubError::PushNeedsFeature`] without the feature `hub`; else when an environment variable has
/// no meaning.
pub fn open_publisher(token: Option<&str>) -> Result<Box<dyn Publisher>, HubError> {
    open::open(token)
}

/// The repository of a name that is pushed to: `owner/name`, or a name below `owner`. A push goes to
/// the main branch.
///
/// ```
/// use captioner_hub::pushed_repository;
///
/// assert_eq!(pushed_repository("git-pokemon", "me")?.id(), "me/git-pokemon");
/// assert_eq!(pushed_repository("us/git-pokemon", "me")?.id(), "us/git-pokemon");
/// assert!(pushed_repository("us/git-pokemon@v1", "me").is_err());
/// # Ok::<(), captioner_hub::HubError>(())
/// ```
///
/// # Errors
/// [`HubError::PushName`] where it can't be the name of a repository.
pub fn pushed_repository(name: &str, owner: &str) -> Result<RepoId, HubError> {
    let refused = |problem| HubError::PushName {
        name: name.to_owned(),
        problem,
    };
    if name.contains('@') {
        return Err(refused(
            "pushes go to the main branch, so that an @ has no meaning",
        ));
    }
    let parsed = match name.contains('/') {
        true => RepoId::parse(name),
        false => RepoId::parse(&format!("{owner}/{name}")),
    };
    parsed.map_err(|error| match error {
        HubError::Id { problem, .. } => refused(problem),
        other => other,
    })
}

#[cfg(not(feature = "hub"))]
mod open {
    use super::Publisher;
    use crate::HubError;
    use crate::source::command_with_hub;

    pub(super) fn open(_: Option<&str>) -> Result<Box<dyn Publisher>, HubError> {
        let command = command_with_hub();
        Err(HubError::PushNeedsFeature { command })
    }
}

#[cfg(feature = "hub")]
mod open {
    use super::{Publisher, Upload, pushed_repository};
    use crate::hub::login::who_am_i;
    use crate::{Hub, HubError, HubSettings, Push, PushError, PushFile, RepoId, Token};

    pub(super) fn open(token: Option<&str>) -> Result<Box<dyn Publisher>, HubError> {
        let mut settings = HubSettings::from_env()?;
        if let Some(token) = token.and_then(Token::new) {
            settings.token = Some(token);
        }
        Ok(Box::new(Hub::new(settings)?))
    }

    impl Publisher for Hub {
        fn check(&self, name: &str, private: Option<bool>) -> Result<RepoId, HubError> {
            // The form of a name is known without asking anybody.
            let mut repo = pushed_repository(name, "me")?;
            if !name.contains('/') {
                if self.settings().offline {
                    let repo = name.to_owned();
                    return Err(PushError::Offline { repo }.into());
                }
                if self.settings().token.is_none() {
                    let endpoint = self.settings().endpoint.clone();
                    let repo = name.to_owned();
                    return Err(PushError::NoToken { repo, endpoint }.into());
                }
                let account = self.background.wait(who_am_i(self.http.clone()))?;
                repo = pushed_repository(name, &account.name)?;
            }
            let mut push = Push::new(repo.clone(), Vec::new(), "");
            push.private = private;
            self.check_push(&push)?;
            Ok(repo)
        }

        fn push(&self, upload: &Upload) -> Result<String, HubError> {
            let files = upload.files.iter();
            let files = files.map(|(path, file)| PushFile::file(path, file));
            let mut push = Push::new(upload.repo.clone(), files.collect(), &upload.message);
            push.private = upload.private;
            Ok(Hub::push(self, &push)?.url)
        }
    }
}
