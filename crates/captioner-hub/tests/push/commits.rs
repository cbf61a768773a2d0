//! What commits hold, and when there is none.

use captioner_hub::{PushError, PushFile};
use captioner_hub_server::RepoKind;

use crate::*;

#[test]
fn a_push_makes_the_repository_and_one_commit() {
    let fixture = Fixture::new();
    let mut push = model();
    push.private = Some(true);
    push.description = "more".into();
    let pushed = fixture.push(&push).unwrap();
    assert!(pushed.created_repo && pushed.changed);
    assert_eq!(fixture.titles(), ["Add the model", "initial commit"]);
    for file in &push.files {
        let captioner_hub::PushSource::Bytes(bytes) = &file.source else {
            panic!("bytes")
        };
        assert_eq!(
            fixture.content(&file.path).as_ref(),
            Some(bytes),
            "{}",
            file.path
        );
    }
    let repositories = fixture.state().repositories();
    let repository = &repositories[&(RepoKind::Model, REPO.to_owned())];
    let head = repository.resolve("main").unwrap();
    assert!(repository.private);
    assert_eq!(
        (&head.oid, head.description.as_str()),
        (&pushed.commit, "more")
    );
    assert!(head.files["model.safetensors"].sha256.is_some());
    assert!(head.files["config.json"].sha256.is_none());
    assert!(
        pushed
            .url
            .ends_with(&format!("{REPO}/commit/{}", pushed.commit))
    );
    drop(repositories);
    fixture.assert_token_kept();
}

#[test]
fn files_from_disk_arrive_as_they_are() {
    let fixture = Fixture::new();
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("logs")).unwrap();
    std::fs::write(root.path().join("logs/log.txt"), "one\r\ntwo").unwrap();
    std::fs::write(root.path().join("model.safetensors"), [0, 1, 2, 255]).unwrap();
    std::fs::write(root.path().join("empty.bin"), "").unwrap();
    let files = captioner_hub::folder_files(root.path()).unwrap();
    let mut push = Push::new(repo(), files, "Add a folder");
    push.kind = captioner_hub::RepoKind::Dataset;
    fixture.push(&push).unwrap();
    let repositories = fixture.state().repositories();
    let head = repositories[&(RepoKind::Dataset, REPO.to_owned())]
        .resolve("main")
        .unwrap();
    let content = |path: &str| head.files[path].content.to_vec().unwrap();
    assert_eq!(content("logs/log.txt"), b"one\r\ntwo");
    assert_eq!(content("model.safetensors"), [0, 1, 2, 255]);
    assert_eq!(content("empty.bin"), b"");
}

#[test]
fn a_second_push_of_the_same_makes_no_commit_and_of_a_change_sends_the_change() {
    let fixture = Fixture::new();
    let first = fixture.push(&model()).unwrap();
    let again = fixture.push(&model()).unwrap();
    assert_eq!((again.changed, again.created_repo), (false, false));
    assert_eq!((again.commit, again.written), (first.commit, vec![]));
    fixture.state().clear_log();
    let mut push = model();
    push.files[1] = PushFile::bytes("config.json", "{\"a\": 1}");
    let changed = fixture.push(&push).unwrap();
    assert_eq!(changed.written, ["config.json"]);
    assert_eq!(fixture.asked("POST", "objects/batch"), 0);
    assert_eq!(fixture.titles().len(), 3);
}

#[test]
fn other_files_stay_and_only_what_is_named_goes() {
    let fixture = Fixture::new();
    fixture.existing(&[("notes.md", "mine"), ("README.md", "old"), ("old.txt", "x")]);
    let mut push = model();
    push.delete = vec!["old.txt".into(), "never-there.txt".into()];
    let pushed = fixture.push(&push).unwrap();
    assert!(!pushed.created_repo);
    assert_eq!(fixture.content("notes.md").as_deref(), Some(&b"mine"[..]));
    assert_ne!(fixture.content("README.md").as_deref(), Some(&b"old"[..]));
    assert_eq!(fixture.content("old.txt"), None);
    // What is gone can't be removed again.
    assert!(!fixture.push(&push).unwrap().changed);
}

#[test]
fn what_gitignore_leaves_out_is_left_out_and_named() {
    let fixture = Fixture::new();
    fixture.existing(&[(".gitignore", "*.log\n")]);
    let mut push = model();
    push.files.push(PushFile::bytes("run.log", "x"));
    let pushed = fixture.push(&push).unwrap();
    assert_eq!(pushed.ignored, ["run.log"]);
    assert_eq!(fixture.content("run.log"), None);
    push.files = vec![PushFile::bytes("run.log", "x")];
    let error = push_error(fixture.push(&push).unwrap_err());
    assert!(matches!(error, PushError::Ignored { .. }), "{error}");
}

#[test]
fn more_files_than_a_request_holds_are_asked_for_in_several() {
    let fixture = Fixture::new();
    let files = (0..600).map(|i| PushFile::bytes(format!("f/{i:03}.txt"), format!("{i}")));
    let push = Push::new(repo(), files.collect(), "Add many");
    fixture.push(&push).unwrap();
    assert_eq!(fixture.asked("POST", "/preupload/"), 3);
    assert_eq!(fixture.asked("POST", "/commit/"), 1);
    assert_eq!(fixture.content("f/599.txt").as_deref(), Some(&b"599"[..]));
}

#[test]
fn a_branch_is_pushed_to_by_its_name() {
    let fixture = Fixture::new();
    fixture.existing(&[]);
    {
        let mut repositories = fixture.state().repositories();
        let repository = repositories
            .get_mut(&(RepoKind::Model, REPO.to_owned()))
            .unwrap();
        let head = repository.refs["main"].clone();
        repository.refs.insert("feature/x".into(), head);
    }
    let mut push = model();
    push.repo = RepoId::parse(&format!("{REPO}@feature/x")).unwrap();
    let pushed = fixture.push(&push).unwrap();
    assert_eq!(fixture.titles().len(), 2);
    let repositories = fixture.state().repositories();
    let repository = &repositories[&(RepoKind::Model, REPO.to_owned())];
    assert_eq!(repository.refs["feature/x"], pushed.commit);
}

#[test]
fn another_push_meanwhile_is_built_upon_unless_it_wrote_the_same_file() {
    for (path, collides) in [("other.txt", false), ("config.json", true)] {
        let fixture = Fixture::with_tries(1);
        fixture.existing(&[("config.json", "old")]);
        let meanwhile = Meanwhile::new(&fixture, "objects/batch", path);
        let result = fixture.push(&model());
        drop(meanwhile);
        if collides {
            let error = push_error(result.unwrap_err());
            let conflict = matches!(&error, PushError::Conflict { path: p, .. } if p == path);
            assert!(conflict, "{error}");
            assert_eq!(fixture.titles()[0], "meanwhile");
            assert_eq!(fixture.content(path).as_deref(), Some(&b"theirs"[..]));
        } else {
            assert!(result.unwrap().changed);
            assert_eq!(fixture.titles()[..2], ["Add the model", "meanwhile"]);
            assert_eq!(fixture.content(path).as_deref(), Some(&b"theirs"[..]));
        }
    }
}

/// Somebody who commits as soon as a request of the push is seen.
struct Meanwhile(Option<std::thread::JoinHandle<()>>);

impl Meanwhile {
    /// The request waits until the commit is made.
    fn new(fixture: &Fixture, request: &'static str, path: &str) -> Self {
        use captioner_hub_server::Fault;
        // The request fails once, so that the push waits a moment and asks again.
        let busy = Fault::status(503, &[("Retry-After", "1")])
            .on(request)
            .times(1);
        fixture.state().add_fault(busy);
        let state = std::sync::Arc::clone(fixture.state());
        let path = path.to_owned();
        Self(Some(std::thread::spawn(move || {
            while !state.log().iter().any(|entry| entry.path.contains(request)) {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let files = [(path, "theirs".into())];
            let mut entries = Vec::new();
            for (path, content) in files {
                entries.push((path, captioner_hub_server::Entry::regular(content).unwrap()));
            }
            let mut repositories = state.repositories();
            let repository = repositories
                .get_mut(&(RepoKind::Model, REPO.to_owned()))
                .unwrap();
            repository.commit("main", "meanwhile", "", |all| all.extend(entries));
        })))
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_repository_of_another_name_now_is_pushed_to() {
    let fixture = Fixture::new();
    fixture.existing(&[]);
    fixture
        .state()
        .rename(RepoKind::Model, "tester/former", REPO);
    let mut push = model();
    push.repo = RepoId::parse("tester/former").unwrap();
    let pushed = fixture.push(&push).unwrap();
    assert!(pushed.changed && !pushed.created_repo);
    assert_eq!(fixture.titles()[0], "Add the model");
    fixture.assert_token_kept();
}
