//! 401, 403, 404 and their meanings, in one line each.

use captioner_hub::{Hub, HubError, RepoKind, Token};
use captioner_hub_server::{Fault, RepoKind as Kind, Side};

use crate::world::{MODEL, World, assert_holds, id, model};

fn model_error(hub: &Hub, text: &str) -> HubError {
    let error = hub.model(&id(text)).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

fn says_how_to_log_in(error: &HubError) -> bool {
    let text = error.to_string();
    text.contains("hf auth login") && text.contains("HF_TOKEN")
}

#[test]
fn a_repository_that_is_not_there_says_how_to_log_in() {
    let world = World::with_model(1000);
    let error = model_error(&world.hub(), "tests/missing");
    assert!(
        matches!(error, HubError::NotFound { known: false, .. }),
        "{error}"
    );
    assert!(says_how_to_log_in(&error), "{error}");
    let error = model_error(&world.hub_with(world.with_token()), "tests/missing");
    assert!(
        matches!(error, HubError::NotFound { known: true, .. }),
        "{error}"
    );
    assert!(!says_how_to_log_in(&error), "{error}");
}

#[test]
fn a_private_repository_is_given_to_its_owner() {
    let world = World::with_model(1000);
    let key = (Kind::Model, MODEL.to_owned());
    world
        .server
        .state()
        .repositories()
        .get_mut(&key)
        .unwrap()
        .private = true;
    let error = model_error(&world.hub(), MODEL);
    assert!(matches!(error, HubError::NotFound { .. }), "{error}");
    let folder = world
        .hub_with(world.with_token())
        .model(&id(MODEL))
        .unwrap();
    assert_holds(&folder, &model(1000));
}

#[test]
fn a_gated_repository_names_the_page_to_ask_at() {
    let world = World::with_model(1000);
    let key = (Kind::Model, MODEL.to_owned());
    world
        .server
        .state()
        .repositories()
        .get_mut(&key)
        .unwrap()
        .gated = true;
    let error = model_error(&world.hub(), MODEL);
    assert!(
        matches!(error, HubError::Gated { known: false, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("/tests/git") && says_how_to_log_in(&error),
        "{error}"
    );
    let mut settings = world.settings(&[]);
    settings.token = Token::new("hf_reader");
    let error = model_error(&world.hub_with(settings.clone()), MODEL);
    assert!(
        matches!(error, HubError::Gated { known: true, .. }),
        "{error}"
    );
    let allow = || {
        let mut all = world.server.state().repositories();
        all.get_mut(&key).unwrap().allowed.push("reader".into());
    };
    allow();
    assert_holds(
        &world.hub_with(settings).model(&id(MODEL)).unwrap(),
        &model(1000),
    );
}

#[test]
fn other_refusals_have_names_of_their_own() {
    let world = World::with_model(1000);
    let error = model_error(&world.hub(), "tests/git@v9");
    assert!(
        matches!(&error, HubError::Revision { revision, .. } if revision == "v9"),
        "{error}"
    );
    let mut settings = world.settings(&[]);
    settings.token = Token::new("hf_unknown");
    let error = model_error(&world.hub_with(settings), MODEL);
    assert!(matches!(error, HubError::TokenRefused { .. }), "{error}");
    assert!(says_how_to_log_in(&error), "{error}");
    world
        .server
        .state()
        .add_fault(Fault::status(403, &[]).side(Side::Hub));
    let error = model_error(&world.hub(), MODEL);
    assert!(matches!(error, HubError::Forbidden { .. }), "{error}");
}

#[test]
fn a_file_of_the_listing_that_is_gone_is_named() {
    let world = World::with_model(1000);
    let gone = Fault::status(404, &[("X-Error-Code", "EntryNotFound")]).on("vocab.txt");
    world.server.state().add_fault(gone);
    let error = model_error(&world.hub(), MODEL);
    assert!(
        matches!(&error, HubError::Entry { file, .. } if file == "vocab.txt"),
        "{error}"
    );
}

#[test]
fn the_retired_set_names_others() {
    let world = World::new();
    let retired = "lambdalabs/pokemon-blip-captions";
    for status in [401, 403, 404] {
        world.server.state().clear_faults();
        world.server.state().add_fault(Fault::status(status, &[]));
        let error = world.hub().dataset(&id(retired), None).unwrap_err();
        assert!(matches!(error, HubError::Retired { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("reach-vb/pokemon-blip-captions"), "{text}");
        assert!(
            says_how_to_log_in(&error) && text.lines().count() == 1,
            "{text}"
        );
    }
}

#[test]
fn a_data_set_that_is_not_given_names_others() {
    let world = World::new();
    for status in [401, 403, 404] {
        world.server.state().clear_faults();
        world.server.state().add_fault(Fault::status(status, &[]));
        let found = world
            .hub()
            .snapshot(RepoKind::Dataset, &id("user/set"), &[]);
        let error = found.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("reach-vb/pokemon-blip-captions"), "{text}");
        assert!(
            says_how_to_log_in(&error) && text.lines().count() == 1,
            "{text}"
        );
    }
}
