//! Pictures from the web, within limits.

use std::time::{Duration, Instant};

use captioner_hub::{HubError, UrlLimits, fetch_picture};
use captioner_hub_server::{Fault, FaultKind, RepoKind, Side};

use crate::world::{World, drawn};

fn world() -> (World, String) {
    let world = World::new();
    world.add(
        RepoKind::Dataset,
        "tests/set",
        vec![drawn("a.png", 1, 50_000)],
    );
    let endpoint = world.server.state().endpoint();
    let address = format!("{endpoint}/datasets/tests/set/resolve/main/a.png?key=secret");
    (world, address)
}

fn limits() -> UrlLimits {
    UrlLimits {
        private: true,
        ..UrlLimits::default()
    }
}

#[test]
fn a_picture_is_fetched_over_a_redirect() {
    let (_world, address) = world();
    assert_eq!(fetch_picture(&address, &limits()).unwrap().len(), 50_000);
    let none = UrlLimits {
        redirects: 0,
        ..limits()
    };
    let error = fetch_picture(&address, &none).unwrap_err();
    assert!(matches!(error, HubError::Redirect { .. }), "{error}");
}

#[test]
fn addresses_of_ones_own_network_are_not_asked() {
    let (world, address) = world();
    let port = address
        .split(':')
        .nth(2)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let own = [
        address.clone(),
        format!("http://localhost:{port}/x"),
        format!("http://2130706433:{port}/x"),
        format!("http://0x7f.1:{port}/x"),
        format!("http://[::1]:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        format!("http://0.0.0.0:{port}/x"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://10.0.0.1/".to_owned(),
    ];
    for address in own {
        let error = fetch_picture(&address, &UrlLimits::default()).unwrap_err();
        assert!(
            matches!(error, HubError::Address { .. }),
            "{address}: {error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(world.server.state().log().is_empty());
}

#[test]
fn only_addresses_of_the_web_are_fetched() {
    for address in [
        "file:///etc/passwd",
        "ftp://x/y",
        "data:text/plain,x",
        "nothing",
        "",
    ] {
        let error = fetch_picture(address, &limits()).unwrap_err();
        assert!(
            matches!(error, HubError::Address { .. }),
            "{address}: {error}"
        );
    }
    let (world, address) = world();
    let away = Fault::status(302, &[("Location", "file:///etc/passwd")]);
    world.server.state().add_fault(away);
    let error = fetch_picture(&address, &limits()).unwrap_err();
    assert!(matches!(error, HubError::Redirect { .. }), "{error}");
}

#[test]
fn size_is_limited_by_the_header_and_by_the_bytes() {
    let (world, address) = world();
    let small = UrlLimits {
        bytes: 49_999,
        ..limits()
    };
    let error = fetch_picture(&address, &small).unwrap_err();
    assert!(matches!(error, HubError::TooLarge { .. }), "{error}");
    world
        .server
        .state()
        .add_fault(Fault::new(FaultKind::Chunked).side(Side::Cdn));
    let error = fetch_picture(&address, &small).unwrap_err();
    assert!(matches!(error, HubError::TooLarge { .. }), "{error}");
    assert_eq!(fetch_picture(&address, &limits()).unwrap().len(), 50_000);
}

#[test]
fn time_is_limited_as_a_whole() {
    let (world, address) = world();
    let short = UrlLimits {
        time: Duration::from_millis(400),
        ..limits()
    };
    for fault in [
        Fault::new(FaultKind::Stall),
        Fault::new(FaultKind::StallAfter(10)).side(Side::Cdn),
    ] {
        world.server.state().clear_faults();
        world.server.state().add_fault(fault);
        let begun = Instant::now();
        let error = fetch_picture(&address, &short).unwrap_err();
        assert!(matches!(error, HubError::Timeout { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_page_that_is_not_there_is_named_by_its_status() {
    let (world, address) = world();
    world.server.state().add_fault(Fault::status(404, &[]));
    let error = fetch_picture(&address, &limits()).unwrap_err();
    assert!(
        matches!(error, HubError::Status { status: 404, .. }),
        "{error}"
    );
}
