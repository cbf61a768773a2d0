//! Names and answers of a server that means harm.

use captioner_hub::{HubError, RepoKind};
use captioner_hub_server::{Fault, FaultKind, RepoKind as Kind, Side};

use crate::world::{MODEL, World, file, id, names};

#[test]
fn names_that_lead_out_of_the_cache_are_refused() {
    let hostile = [
        "../../../evil.txt",
        "/tmp/evil.txt",
        "a/../../evil.txt",
        "a\\..\\evil.txt",
        "C:\\evil.txt",
        "C:evil.txt",
        "nul",
        "a/aux.txt",
        "a\nb",
        "./evil.txt",
        "a//evil.txt",
    ];
    for name in hostile {
        let world = World::new();
        world.add(
            Kind::Model,
            MODEL,
            vec![file("config.json", "{}"), file(name, "evil")],
        );
        let found = world.hub().snapshot(RepoKind::Model, &id(MODEL), &[]);
        let error = found.unwrap_err();
        assert!(matches!(error, HubError::Name { .. }), "{name}: {error}");
        assert_eq!(error.to_string().lines().count(), 1);
        assert!(
            names(&world.cached("blobs")).is_empty(),
            "nothing is fetched"
        );
        // Where the file is not asked for, it does no harm.
        let found = world
            .hub()
            .snapshot(RepoKind::Model, &id(MODEL), &["config.json"]);
        assert_eq!(found.unwrap().files, ["config.json"]);
    }
}

#[test]
fn answers_that_are_no_protocol_end_in_named_errors() {
    let answer = |body: &str| FaultKind::Status {
        status: 200,
        headers: vec![],
        body: body.to_owned(),
    };
    let on_revision = [
        "",
        "{}",
        "[]",
        "{\"sha\": null}",
        "{\"sha\": \"../../x\"}",
        "<html>",
    ];
    let on_tree = [
        "",
        "{}",
        "[1]",
        "[{\"type\": \"file\", \"path\": \"config.json\", \"size\": 1}]",
        "[{\"type\": \"file\", \"path\": \"x\", \"size\": 1, \"oid\": \"../../../x\"}]",
        "[{\"type\": \"file\", \"path\": \"x\", \"size\": -1, \"oid\": \"\"}]",
    ];
    let revisions = on_revision.map(|body| Fault::new(answer(body)).on("/revision/"));
    let trees = on_tree.map(|body| Fault::new(answer(body)).on("/tree/"));
    for fault in revisions.into_iter().chain(trees) {
        let world = World::with_model(1000);
        world.server.state().add_fault(fault.clone());
        let error = world
            .hub()
            .model(&id(MODEL))
            .expect_err(&format!("{fault:?}"));
        assert!(
            matches!(error, HubError::Answer { .. }),
            "{fault:?}: {error}"
        );
    }
}

#[test]
fn a_listing_without_an_end_is_left() {
    let world = World::with_model(1000);
    let place = format!(
        "{}/api/models/{MODEL}/tree/x",
        world.server.state().endpoint()
    );
    let fault = Fault::new(FaultKind::Status {
        status: 200,
        headers: vec![("Link".into(), format!("<{place}>; rel=\"next\""))],
        body: "[]".into(),
    });
    world.server.state().add_fault(fault.on("/tree/"));
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Answer { .. }), "{error}");
}

#[test]
fn another_file_than_the_listing_names_is_refused() {
    let world = World::with_model(1000);
    let other = format!("\"{}\"", "0".repeat(40));
    let body = FaultKind::Status {
        status: 200,
        headers: vec![("ETag".into(), other)],
        body: "{\"model_type\": \"gi_\"}".into(),
    };
    world
        .server
        .state()
        .add_fault(Fault::new(body).on("config.json").side(Side::Hub));
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Answer { .. }), "{error}");
}

#[test]
fn a_refusal_in_place_of_a_file_never_becomes_the_file() {
    // hf-hub 1.0.0 takes the body of a 403 for the file, after a HEAD that went well.
    let world = World::with_model(1000);
    world
        .server
        .state()
        .add_fault(Fault::status(403, &[]).on("config.json").method("GET"));
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Forbidden { .. }), "{error}");
    let snapshots = world.cached("snapshots");
    let found = names(&snapshots)
        .iter()
        .any(|commit| snapshots.join(commit).join("config.json").exists());
    assert!(!found);
}
