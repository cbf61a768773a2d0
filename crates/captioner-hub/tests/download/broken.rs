//! Connections that break off, stall, lie or are refused for a while.

use std::time::{Duration, Instant};

use captioner_hub::HubError;
use captioner_hub_server::{Fault, FaultKind, Side};

use crate::world::{MODEL, World, assert_holds, id, model, names, shard};

const MEGABYTE: u64 = 1 << 20;

/// The first bytes that were asked for, in order.
fn starts(world: &World) -> Vec<u64> {
    let range = |request: &captioner_hub_server::Logged| {
        let range = request.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    };
    let mut starts: Vec<u64> = world.requests(Side::Cdn).iter().filter_map(range).collect();
    starts.sort_unstable();
    starts
}

#[test]
fn a_download_survives_a_cut_at_every_megabyte() {
    let len = 10 * MEGABYTE;
    let world = World::with_model(len);
    let cut = Fault::new(FaultKind::CutAfter(MEGABYTE)).side(Side::Cdn);
    world.server.state().add_fault(cut);
    let folder = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&folder, &model(len));
    let starts = starts(&world);
    // Nine more requests for each shard, each from where the last one ended.
    assert!(starts.len() >= 18, "{starts:?}");
    assert!(
        starts.contains(&MEGABYTE) && starts.contains(&(9 * MEGABYTE)),
        "{starts:?}"
    );
    let told = *world.told.bytes.lock().unwrap() as u64;
    let rest = 22 + 12 + 102;
    assert!(told.abs_diff(2 * len + rest) < 64, "{told}");
}

#[test]
fn what_broke_off_is_not_used_and_the_next_program_goes_on_with_it() {
    let world = World::with_model(3 * MEGABYTE);
    let state = world.server.state();
    state.add_fault(Fault::new(FaultKind::CutAfter(MEGABYTE)).side(Side::Cdn));
    let mut settings = world.settings(&[]);
    settings.retries = 0;
    let error = world.hub_with(settings).model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Cut { .. }), "{error}");
    let blobs = names(&world.cached("blobs"));
    assert!(
        blobs.iter().any(|name| name.ends_with(".incomplete")),
        "{blobs:?}"
    );
    let commit = &names(&world.cached("snapshots"))[0];
    for number in [1, 2] {
        let path = world.cached("snapshots").join(commit).join(shard(number));
        assert!(!path.exists());
    }
    let offline = world.hub_with(world.settings(&[("HF_HUB_OFFLINE", "1")]));
    assert!(offline.model(&id(MODEL)).is_err());

    state.clear_faults();
    state.clear_log();
    let folder = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&folder, &model(3 * MEGABYTE));
    assert!(starts(&world).contains(&MEGABYTE), "{:?}", starts(&world));
    let blobs = names(&world.cached("blobs"));
    assert!(
        blobs.iter().all(|name| !name.ends_with(".incomplete")),
        "{blobs:?}"
    );
}

#[test]
fn wrong_bytes_are_fetched_once_more_and_never_used() {
    let world = World::with_model(5000);
    let state = world.server.state();
    state.add_fault(Fault::new(FaultKind::WrongBytes).side(Side::Cdn).times(1));
    state.add_fault(Fault::new(FaultKind::WrongBytes).on("vocab.txt").times(1));
    let folder = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&folder, &model(5000));
    assert!(world.notes().contains("another hash"), "{}", world.notes());

    let world = World::with_model(5000);
    world
        .server
        .state()
        .add_fault(Fault::new(FaultKind::WrongBytes).side(Side::Cdn));
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(matches!(error, HubError::Hash { .. }), "{error}");
    let large = names(&world.cached("blobs"))
        .into_iter()
        .filter(|name| name.len() >= 64);
    assert_eq!(large.filter(|name| name.len() == 64).count(), 0);
}

#[test]
fn a_scratch_file_of_other_bytes_does_no_harm() {
    let world = World::with_model(5000);
    let hub = world.hub();
    let folder = hub.model(&id(MODEL)).unwrap();
    let blob = std::fs::canonicalize(folder.join(shard(1))).unwrap();
    for left in [vec![7; 3000], vec![7; 5000], vec![7; 9000]] {
        std::fs::remove_file(&blob).unwrap();
        std::fs::write(blob.with_extension("incomplete"), left).unwrap();
        hub.model(&id(MODEL)).unwrap();
        assert_holds(&folder, &model(5000));
    }
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_first_byte() {
    let world = World::with_model(2 * MEGABYTE);
    let state = world.server.state();
    state.add_fault(
        Fault::new(FaultKind::CutAfter(MEGABYTE))
            .side(Side::Cdn)
            .times(2),
    );
    state.add_fault(Fault::new(FaultKind::IgnoreRange).side(Side::Cdn));
    let folder = world.hub().model(&id(MODEL)).unwrap();
    assert_holds(&folder, &model(2 * MEGABYTE));
}

#[test]
fn a_lying_length_is_not_believed() {
    for said in [4000, 6000] {
        let world = World::with_model(5000);
        let lie = Fault::new(FaultKind::LyingLength(said)).side(Side::Cdn);
        world.server.state().add_fault(lie.clone());
        let mut settings = world.settings(&[]);
        settings.retries = 1;
        let error = world.hub_with(settings).model(&id(MODEL)).unwrap_err();
        assert!(matches!(error, HubError::Size { .. }), "{error}");
        world.server.state().clear_faults();
        world.server.state().add_fault(lie.times(1));
        assert_holds(&world.hub().model(&id(MODEL)).unwrap(), &model(5000));
    }
}

#[test]
fn errors_of_the_server_pass() {
    for status in [500, 502, 503, 504] {
        let world = World::with_model(1000);
        world
            .server
            .state()
            .add_fault(Fault::status(status, &[]).times(3));
        world
            .server
            .state()
            .add_fault(Fault::status(status, &[]).side(Side::Cdn).times(2));
        assert_holds(&world.hub().model(&id(MODEL)).unwrap(), &model(1000));
        assert!(
            world.notes().contains(&status.to_string()),
            "{}",
            world.notes()
        );
    }
}

#[test]
fn errors_of_the_server_that_stay_are_named_without_their_page() {
    let world = World::with_model(1000);
    world
        .server
        .state()
        .add_fault(Fault::status(503, &[]).on("resolve"));
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(
        matches!(error, HubError::Status { status: 503, .. }),
        "{error}"
    );
    let text = format!("{error} {error:?}");
    assert!(!text.contains("html") && !text.contains('\n'), "{text}");
    let tries = world.server.state().log().len();
    assert!(tries > 6, "{tries}");
}

#[test]
fn a_signed_address_that_ran_out_is_asked_for_anew() {
    let world = World::with_model(1000);
    world
        .server
        .state()
        .add_fault(Fault::status(403, &[]).side(Side::Cdn).times(2));
    assert_holds(&world.hub().model(&id(MODEL)).unwrap(), &model(1000));
}

#[test]
fn waits_are_as_long_as_the_server_asks() {
    let cases = [
        ("RateLimit", "\"api\";r=0;t=0"),
        ("Retry-After", "0"),
        ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ];
    for header in cases {
        let world = World::with_model(1000);
        world
            .server
            .state()
            .add_fault(Fault::status(429, &[header]).times(1));
        let begun = Instant::now();
        world.hub().model(&id(MODEL)).unwrap();
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_secs(1) && took < Duration::from_secs(10),
            "{took:?}"
        );
        assert!(
            world.notes().contains("next try in 1 s"),
            "{}",
            world.notes()
        );
    }
}

#[test]
fn a_wait_beyond_the_limit_ends_in_an_error_at_once() {
    let world = World::with_model(1000);
    let header = ("Retry-After", "86400");
    world
        .server
        .state()
        .add_fault(Fault::status(429, &[header]));
    let begun = Instant::now();
    let error = world.hub().model(&id(MODEL)).unwrap_err();
    assert!(
        matches!(error, HubError::RateLimited { seconds: 86401, .. }),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_server_that_stalls_ends_in_a_named_error() {
    for fault in [
        Fault::new(FaultKind::Stall),
        Fault::new(FaultKind::Stall).on("resolve"),
        Fault::new(FaultKind::Stall).side(Side::Cdn),
        Fault::new(FaultKind::StallAfter(0)).side(Side::Cdn),
        Fault::new(FaultKind::StallAfter(10)).on("tree"),
    ] {
        let world = World::with_model(1000);
        world.server.state().add_fault(fault);
        let mut settings = world.settings(&[]);
        settings.retries = 1;
        settings.etag_timeout = Duration::from_millis(300);
        settings.download_timeout = Duration::from_millis(300);
        let error = world.hub_with(settings).model(&id(MODEL)).unwrap_err();
        assert!(matches!(error, HubError::Timeout { .. }), "{error}");
    }
}

#[test]
fn a_stall_within_a_file_is_gone_on_from() {
    let world = World::with_model(MEGABYTE);
    let stall = Fault::new(FaultKind::StallAfter(500_000))
        .side(Side::Cdn)
        .times(2);
    world.server.state().add_fault(stall);
    let mut settings = world.settings(&[]);
    settings.download_timeout = Duration::from_millis(500);
    assert_holds(
        &world.hub_with(settings).model(&id(MODEL)).unwrap(),
        &model(MEGABYTE),
    );
    assert!(
        starts(&world).iter().all(|start| *start > 0),
        "{:?}",
        starts(&world)
    );
}

#[test]
fn connections_closed_without_an_answer_are_tried_again() {
    let world = World::with_model(1000);
    world
        .server
        .state()
        .add_fault(Fault::new(FaultKind::Drop).times(2));
    world
        .server
        .state()
        .add_fault(Fault::new(FaultKind::LoseAnswer).side(Side::Cdn).times(2));
    assert_holds(&world.hub().model(&id(MODEL)).unwrap(), &model(1000));
}

#[test]
fn files_that_come_in_chunks_are_checked_as_well() {
    let world = World::with_model(100_000);
    world
        .server
        .state()
        .add_fault(Fault::new(FaultKind::Chunked));
    assert_holds(&world.hub().model(&id(MODEL)).unwrap(), &model(100_000));
}
