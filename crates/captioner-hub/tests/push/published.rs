//! What is checked before a run, and what the end of one pushes.

use std::fs;

use captioner_hub::{HubError, Publisher, PushError, Upload};

use super::{Fixture, REPO, TOKEN, assert_clean, hub, push_error, repo};

#[test]
fn a_name_without_an_owner_is_of_whoever_has_the_token_and_nothing_is_made() {
    let fixture = Fixture::new();
    let checked = fixture.hub.check("git-creatures", None).unwrap();
    assert_eq!(checked, repo());
    assert_eq!(fixture.hub.check(REPO, Some(true)).unwrap(), repo());
    assert!(fixture.state().repositories().is_empty());
    assert_eq!(fixture.asked("POST", "/"), 0);
    fixture.assert_token_kept();
}

#[test]
fn a_run_that_could_not_push_is_told_before_it_begins() {
    let fixture = Fixture::new();
    for name in ["git-creatures", REPO] {
        let nobody = hub(fixture.state(), None).check(name, None).unwrap_err();
        assert!(matches!(push_error(nobody), PushError::NoToken { .. }));
        let stranger = hub(fixture.state(), Some("hf_other")).check(name, None);
        let error = stranger.unwrap_err();
        assert!(matches!(error, HubError::TokenRefused { .. }), "{error}");
    }
    fixture.state().add_user("hf_reader", "reader", false);
    let reader = hub(fixture.state(), Some("hf_reader")).check("x", None);
    let error = push_error(reader.unwrap_err());
    assert!(matches!(error, PushError::ReadOnlyToken { .. }), "{error}");
    for name in ["two words", "a/b/c", "me/x@v1", ""] {
        let error = fixture.hub.check(name, None).unwrap_err();
        assert_clean(&error);
        assert!(matches!(error, HubError::PushName { .. }), "{error}");
    }
    // Everybody reads this one.
    fixture.existing(&[("README.md", "x")]);
    let error = push_error(fixture.hub.check(REPO, Some(true)).unwrap_err());
    assert!(matches!(error, PushError::Public { .. }), "{error}");
    fixture.hub.check(REPO, None).unwrap();
}

#[test]
fn files_go_to_their_paths_in_one_commit() {
    let fixture = Fixture::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let files = [
        ("README.md".to_owned(), file("card", "# x")),
        ("last-checkpoint/config.json".to_owned(), file("c", "{}")),
    ];
    let upload = Upload {
        repo: repo(),
        private: None,
        files: files.into(),
        message: "End of training".to_owned(),
    };
    let publisher: &dyn Publisher = &fixture.hub;
    let url = publisher.push(&upload).unwrap();
    assert!(url.contains(REPO), "{url}");
    assert!(!url.contains(TOKEN));
    assert_eq!(fixture.titles()[0], "End of training");
    let held = fixture.content("last-checkpoint/config.json");
    assert_eq!(held.as_deref(), Some(&b"{}"[..]));
}
