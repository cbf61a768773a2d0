//! The token goes to the Hub and to nobody else, and no message shows it.

use std::time::Duration;

use captioner_hub::HubError;
use captioner_hub_server::{Fault, FaultKind, SIGNATURE, Side};

use crate::world::{MODEL, TOKEN, World, id};

fn assert_silent(text: &str) {
    for secret in [TOKEN, "Bearer", SIGNATURE, "X-Amz", "<html>"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn the_token_never_goes_to_another_host() {
    let world = World::with_model(100_000);
    let state = world.server.state();
    state.add_fault(
        Fault::new(FaultKind::CutAfter(10_000))
            .side(Side::Cdn)
            .times(4),
    );
    world
        .hub_with(world.with_token())
        .model(&id(MODEL))
        .unwrap();
    let cdn = world.requests(Side::Cdn);
    assert!(cdn.len() >= 6);
    for request in cdn {
        assert_eq!(request.header("authorization"), None);
        assert!(
            request
                .headers
                .iter()
                .all(|(_, value)| !value.contains(TOKEN))
        );
    }
    for request in world.requests(Side::Hub) {
        assert_eq!(
            request.header("authorization"),
            Some(&*format!("Bearer {TOKEN}"))
        );
        assert!(!request.path.contains(TOKEN));
    }
}

#[test]
fn the_token_does_not_follow_a_listing_to_another_host() {
    let world = World::with_model(1000);
    let link = format!("<{}/lfs/next>; rel=\"next\"", world.server.state().cdn());
    let mut page = Fault::status(200, &[("Link", &link)]).on("/tree/").times(1);
    page = page.method("GET");
    world.server.state().add_fault(page);
    let error = world
        .hub_with(world.with_token())
        .model(&id(MODEL))
        .unwrap_err();
    assert_silent(&format!("{error} {error:?}"));
    for request in world.requests(Side::Cdn) {
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn no_redirect_of_the_hub_takes_the_token_along() {
    let world = World::with_model(1000);
    let place = format!("{}/lfs/x?{SIGNATURE}", world.server.state().cdn());
    for status in [301, 302, 303, 307, 308] {
        let away = Fault::status(status, &[("Location", &place)])
            .on("/revision/")
            .times(1);
        world.server.state().add_fault(away);
        let error = world
            .hub_with(world.with_token())
            .model(&id(MODEL))
            .unwrap_err();
        assert_silent(&format!("{error} {error:?}"));
    }
    let cdn = world.requests(Side::Cdn);
    assert_eq!(cdn.len(), 5);
    assert!(
        cdn.iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn no_error_and_no_note_shows_a_secret() {
    let on_cdn = |kind| Fault::new(kind).side(Side::Cdn);
    let faults = [
        on_cdn(FaultKind::CutAfter(0)),
        on_cdn(FaultKind::StallAfter(0)),
        on_cdn(FaultKind::Stall),
        on_cdn(FaultKind::Drop),
        on_cdn(FaultKind::WrongBytes),
        on_cdn(FaultKind::LyingLength(10)),
        Fault::status(403, &[]).side(Side::Cdn),
        Fault::status(503, &[]).side(Side::Cdn),
        Fault::status(401, &[]),
        Fault::status(403, &[]),
        Fault::status(404, &[]),
        Fault::status(429, &[("Retry-After", "9999")]),
        Fault::status(200, &[]),
        Fault::status(302, &[]),
        Fault::status(302, &[("Location", "ftp://x/hf_secretsecret")]),
        Fault::status(302, &[("Location", "/again?X-Amz=1")]),
        Fault::new(FaultKind::Drop),
    ];
    for fault in faults {
        let world = World::with_model(1000);
        world.server.state().add_fault(fault.clone());
        let mut settings = world.with_token();
        settings.retries = 1;
        settings.etag_timeout = Duration::from_millis(300);
        settings.download_timeout = Duration::from_millis(300);
        let hub = world.hub_with(settings);
        let error = hub.model(&id(MODEL)).expect_err(&format!("{fault:?}"));
        assert_silent(&format!("{error}"));
        assert_silent(&format!("{error:?} {:?} {hub:?}", world.notes()));
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
}

#[test]
fn a_port_where_nobody_listens_is_named_without_secrets() {
    let world = World::new();
    let mut settings = world.with_token();
    settings.endpoint = "http://127.0.0.1:1".into();
    settings.retries = 1;
    let error = world.hub_with(settings).model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    assert_silent(&format!("{error} {error:?}"));
}
