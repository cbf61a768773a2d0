//! What arrives, and where.

use captioner_hub::{HubError, RepoKind, Token};
use captioner_hub_server::{Content, RepoKind as Kind, Side};

use crate::world::{MODEL, TOKEN, World, assert_holds, drawn, file, id, model, names};

#[test]
fn a_model_arrives_in_the_folders_of_python() {
    let world = World::with_model(300_000);
    let folder = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&folder, &model(300_000));
    let commit = std::fs::read_to_string(world.cached("refs/main")).unwrap();
    assert_eq!(folder, world.cached("snapshots").join(&commit));
    assert_eq!(names(&world.cached("trees")), [format!("{commit}.json")]);
    let blobs = names(&world.cached("blobs"));
    assert_eq!(blobs.len(), 5);
    assert_eq!(blobs.iter().filter(|name| name.len() == 64).count(), 2);
    if cfg!(unix) {
        let link = std::fs::read_link(folder.join("config.json")).unwrap();
        assert!(link.starts_with("../../blobs"), "{}", link.display());
    }
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let world = World::with_model(1000);
    let hub = world.hub();
    let folder = hub.model(&id(MODEL)).unwrap();
    let commit = folder.file_name().unwrap().to_str().unwrap();
    world.server.state().clear_log();
    hub.model(&id(&format!("{MODEL}@{commit}"))).unwrap();
    assert_eq!(
        world.server.state().log().len(),
        0,
        "a commit needs no request"
    );
    hub.model(&id(MODEL)).unwrap();
    assert_eq!(
        world.server.state().log().len(),
        1,
        "a branch is asked for its commit"
    );
}

#[test]
fn a_new_commit_fetches_what_is_new() {
    let world = World::with_model(1000);
    let hub = world.hub();
    hub.model(&id(MODEL)).unwrap();
    world.add(Kind::Model, MODEL, vec![file("vocab.txt", "[UNK]\n")]);
    world.server.state().clear_log();
    let folder = hub.model(&id(MODEL)).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.join("vocab.txt")).unwrap(),
        "[UNK]\n"
    );
    let files = world.requests(Side::Hub).len() - 2;
    assert_eq!((files, world.requests(Side::Cdn).len()), (1, 0));
}

#[test]
fn listings_come_in_pages_and_names_are_encoded() {
    let world = World::new();
    world.server.state().set_page(3);
    let mut files: Vec<_> = (0..10).map(|i| file(&format!("d/{i}.txt"), "x")).collect();
    files.extend([file("e/ä b#1%2F?.txt", "odd"), file("empty.txt", "")]);
    world.add(Kind::Dataset, "tests/set", files.clone());
    let found = world
        .hub()
        .snapshot(RepoKind::Dataset, &id("tests/set"), &[])
        .unwrap();
    assert_holds(&found.folder, &files);
    assert_eq!(found.files.len(), 12);
    let some = world
        .hub()
        .snapshot(RepoKind::Dataset, &id("tests/set"), &["d/*"])
        .unwrap();
    assert_eq!(some.files.len(), 10);
}

#[test]
fn a_branch_with_slashes_is_one_revision() {
    let world = World::new();
    let state = world.server.state();
    let branch = "refs/convert/parquet";
    let files = [drawn("default/train/0000.parquet", 3, 5000)];
    state
        .add_files(Kind::Dataset, "tests/set", branch, files.clone())
        .unwrap();
    let set = id("tests/set@refs/convert/parquet");
    let found = world.hub().snapshot(RepoKind::Dataset, &set, &[]).unwrap();
    assert_holds(&found.folder, &files);
    let kept = world
        .home
        .path()
        .join("hub/datasets--tests--set/refs/refs/convert/parquet");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), found.commit);
}

#[test]
fn a_former_name_leads_to_the_repository() {
    let world = World::with_model(1000);
    world.server.state().rename(Kind::Model, "old/git", MODEL);
    let folder = world
        .hub_with(world.with_token())
        .model(&id("old/git"))
        .unwrap();
    assert_holds(&folder, &model(1000));
}

#[test]
fn two_programs_fetch_each_file_once() {
    let world = World::with_model(3_000_000);
    std::thread::scope(|scope| {
        let fetch = || world.hub().model(&id(MODEL)).unwrap();
        let (one, two) = (scope.spawn(fetch), scope.spawn(fetch));
        assert_eq!(one.join().unwrap(), two.join().unwrap());
    });
    assert_eq!(world.requests(Side::Cdn).len(), 2);
}

#[test]
fn it_may_be_called_within_another_runtime() {
    let world = World::with_model(1000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let folder = runtime.block_on(async { world.hub().model(&id(MODEL)).unwrap() });
    assert_holds(&folder, &model(1000));
}

#[test]
fn a_model_without_a_shard_of_its_index_is_not_given() {
    let world = World::new();
    let mut files = model(1000);
    files.pop();
    world.add(Kind::Model, MODEL, files);
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Incomplete { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("model-00002-of-00002.safetensors"),
        "{error}"
    );
}

#[test]
fn logging_in_keeps_the_token_where_python_reads_it() {
    let world = World::new();
    let account = world.hub().login(Token::new(TOKEN).unwrap()).unwrap();
    assert_eq!(
        (account.name.as_str(), account.role.as_deref()),
        ("tests", Some("write"))
    );
    let path = world.home.path().join("token");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TOKEN);
    let stored = std::fs::read_to_string(world.home.path().join("stored_tokens")).unwrap();
    assert_eq!(stored, format!("[tests]\nhf_token = {TOKEN}\n\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(world.settings(&[]).token, Token::new(TOKEN));
}

#[test]
fn a_token_that_nobody_has_is_not_kept() {
    let world = World::new();
    let error = world
        .hub()
        .login(Token::new("hf_wrong").unwrap())
        .unwrap_err();
    assert!(matches!(error, HubError::TokenRefused { .. }), "{error}");
    assert!(!error.to_string().contains("hf_wrong"));
    assert!(names(world.home.path()).is_empty());
}

#[test]
fn a_file_in_the_cache_with_another_length_is_fetched_anew() {
    let world = World::with_model(1000);
    let hub = world.hub();
    let folder = hub.model(&id(MODEL)).unwrap();
    std::fs::write(folder.join("vocab.txt"), "cut").unwrap();
    let folder = hub.model(&id(MODEL)).unwrap();
    let vocab = std::fs::read(folder.join("vocab.txt")).unwrap();
    assert_eq!(vocab, Content::from("[PAD]\n[UNK]\n").to_vec().unwrap());
}
