//! Without the Hub: what the cache holds, if it is complete.

use captioner_hub::{HubError, RepoKind};
use captioner_hub_server::{Fault, FaultKind, RepoKind as Kind, Side};

use crate::world::{MODEL, World, assert_holds, file, id, model, names, shard};

fn offline(world: &World) -> captioner_hub::Hub {
    world.hub_with(world.settings(&[("HF_HUB_OFFLINE", "1")]))
}

#[test]
fn a_complete_snapshot_is_given_without_a_request() {
    let world = World::with_model(1000);
    let folder = world.hub().model(&id(MODEL)).unwrap();
    world.server.state().clear_log();
    assert_eq!(offline(&world).model(&id(MODEL)).unwrap(), folder);
    assert!(world.server.state().log().is_empty());
}

#[test]
fn what_was_never_fetched_is_named() {
    let world = World::with_model(1000);
    for text in [MODEL, "tests/git@v1", "tests/other"] {
        let error = offline(&world).model(&id(text)).unwrap_err();
        assert!(matches!(error, HubError::Offline { .. }), "{error}");
        assert!(error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
    }
    assert!(world.server.state().log().is_empty());
}

#[test]
fn a_snapshot_of_some_files_is_not_taken_for_all() {
    let world = World::with_model(1000);
    let patterns = ["*.json", "*.txt"];
    world
        .hub()
        .snapshot(RepoKind::Model, &id(MODEL), &patterns)
        .unwrap();
    let error = offline(&world).model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Incomplete { .. }), "{error}");
    assert!(error.to_string().contains(&shard(1)), "{error}");
    assert!(
        offline(&world)
            .snapshot(RepoKind::Model, &id(MODEL), &patterns)
            .is_ok()
    );
}

#[test]
fn without_a_listing_a_model_needs_all_that_it_names() {
    let world = World::with_model(1000);
    let folder = world.hub().model(&id(MODEL)).unwrap();
    std::fs::remove_dir_all(world.cached("trees")).unwrap();
    assert_eq!(offline(&world).model(&id(MODEL)).unwrap(), folder);
    std::fs::remove_file(folder.join(shard(2))).unwrap();
    let error = offline(&world).model(&id(MODEL)).unwrap_err();
    assert!(error.to_string().contains(&shard(2)), "{error}");
}

#[test]
fn an_older_snapshot_serves_while_the_newer_one_is_not_complete() {
    let world = World::with_model(1000);
    let older = world.hub().model(&id(MODEL)).unwrap();
    world.add(Kind::Model, MODEL, model(2000));
    let state = world.server.state();
    state.add_fault(Fault::new(FaultKind::CutAfter(10)).side(Side::Cdn));
    let mut settings = world.settings(&[]);
    settings.retries = 0;
    world.hub_with(settings).model(&id(MODEL)).unwrap_err();
    assert_eq!(names(&world.cached("snapshots")).len(), 2);
    assert_eq!(offline(&world).model(&id(MODEL)).unwrap(), older);
    state.clear_faults();
    let newer = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&newer, &model(2000));
    assert_eq!(offline(&world).model(&id(MODEL)).unwrap(), newer);
}

#[test]
fn a_hub_that_is_down_is_told_and_the_cache_is_used() {
    let world = World::with_model(1000);
    let folder = world.hub().model(&id(MODEL)).unwrap();
    let mut settings = world.settings(&[]);
    settings.retries = 0;
    let found = |settings| world.hub_with(settings).model(&id(MODEL));
    world.server.state().add_fault(Fault::status(503, &[]));
    assert_eq!(found(settings.clone()).unwrap(), folder);
    settings.endpoint = "http://127.0.0.1:1".into();
    assert_eq!(found(settings).unwrap(), folder);
    assert!(
        world.notes().contains("from the cache"),
        "{}",
        world.notes()
    );
}

#[test]
fn data_sets_are_offline_by_their_own_variable() {
    let world = World::with_model(1000);
    world.add(Kind::Dataset, "tests/set", vec![file("a.txt", "a")]);
    let hub = world.hub_with(world.settings(&[("HF_DATASETS_OFFLINE", "1")]));
    hub.model(&id(MODEL)).unwrap();
    let error = hub
        .snapshot(RepoKind::Dataset, &id("tests/set"), &[])
        .unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error}");
}
