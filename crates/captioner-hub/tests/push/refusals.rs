//! Pushes that are refused, here or by the Hub.

use captioner_hub::PushFile;
use captioner_hub_server::Repository;

use crate::*;

#[test]
fn nothing_is_asked_before_every_local_file_was_read() {
    let fixture = Fixture::new();
    let mut pushes = vec![Push::new(repo(), vec![], "Add nothing")];
    for file in [
        PushFile::file("a", "/nowhere/model.safetensors"),
        PushFile::bytes("../a", "x"),
        PushFile::bytes("config.json", "x"),
    ] {
        let mut push = model();
        push.files.push(file);
        pushes.push(push);
    }
    pushes.push(Push {
        message: " ".into(),
        ..model()
    });
    for push in pushes {
        push_error(fixture.push(&push).unwrap_err());
    }
    assert_eq!(fixture.state().log(), []);
}

#[test]
fn without_a_token_nothing_is_asked_and_the_error_says_how_to_log_in() {
    let fixture = Fixture::new();
    let hub = hub(fixture.state(), None);
    let error = push_error(hub.push(&model()).unwrap_err());
    assert!(matches!(error, PushError::NoToken { .. }));
    assert!(error.to_string().contains("hf auth login"));
    assert_eq!(fixture.state().log(), []);
}

#[test]
fn a_token_that_only_reads_makes_no_repository() {
    let fixture = Fixture::new();
    fixture.state().add_user("hf_reads", "reader", false);
    let hub = hub(fixture.state(), Some("hf_reads"));
    let error = push_error(hub.push(&model()).unwrap_err());
    assert!(matches!(&error, PushError::ReadOnlyToken { user, .. } if user == "reader"));
    assert_eq!(fixture.titles(), [""; 0]);
}

#[test]
fn an_unknown_token_and_a_foreign_owner_are_refused_without_a_trace() {
    let fixture = Fixture::new();
    let error = hub(fixture.state(), Some("hf_wrong"))
        .push(&model())
        .unwrap_err();
    assert!(!error.to_string().contains("hf_wrong"), "{error}");
    let mut push = model();
    push.repo = RepoId::parse("somebody-else/model").unwrap();
    assert_clean(&fixture.push(&push).unwrap_err());
    assert!(fixture.state().repositories().is_empty());
}

#[test]
fn a_private_push_does_not_go_where_everyone_reads() {
    let fixture = Fixture::new();
    fixture.existing(&[]);
    let mut push = model();
    push.private = Some(true);
    let error = push_error(fixture.push(&push).unwrap_err());
    assert!(matches!(error, PushError::Public { .. }));
    assert_eq!(fixture.asked("POST", "/api/"), 0);
    push.private = None;
    fixture.push(&push).unwrap();
}

#[test]
fn a_private_repository_of_others_is_not_told_from_a_missing_one() {
    let fixture = Fixture::new();
    let hidden = Repository {
        private: true,
        ..Repository::new()
    };
    let key = (RepoKind::Model, "other/hidden".to_owned());
    fixture.state().repositories().insert(key, hidden);
    let mut push = model();
    push.repo = RepoId::parse("other/hidden").unwrap();
    assert_clean(&fixture.push(&push).unwrap_err());
}

#[test]
fn a_hub_that_makes_another_repository_is_waited_for() {
    let fixture = Fixture::with_tries(3);
    fixture.state().uploads().busy_creations = 2;
    assert!(fixture.push(&model()).unwrap().created_repo);
    assert_eq!(fixture.asked("POST", "/api/repos/create"), 3);
}
