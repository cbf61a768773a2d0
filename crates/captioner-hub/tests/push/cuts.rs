//! Pushes that the network breaks.

use captioner_hub::PushSource;
use captioner_hub_server::{Fault, FaultKind, Transfer};

use crate::*;

/// Pushes with a fault at the N-th request, for N = 0, 1, ... until a push meets no fault; after
/// each, the repository holds all of the push or nothing, and a second push ends it.
fn broken_at_each_request(kind: &FaultKind, transfer: &Transfer) -> usize {
    for n in 0..100 {
        let fixture = Fixture::new();
        fixture.state().uploads().transfer = transfer.clone();
        fixture.state().uploads().verify = true;
        fixture
            .state()
            .add_fault(Fault::new(kind.clone()).skip(n).times(1));
        let first = fixture.push(&model());
        let met = fixture.state().log().len() > n as usize;
        match &first {
            Ok(_) => assert_eq!(fixture.titles(), ["Add the model", "initial commit"], "{n}"),
            Err(error) => {
                assert_clean(error);
                let whole = fixture.content("config.json").is_some();
                assert_eq!(whole, fixture.content("model.safetensors").is_some(), "{n}");
                assert_eq!(whole, fixture.content("README.md").is_some(), "{n}");
                assert!(!whole, "request {n}: the push says it failed: {error}");
            }
        }
        fixture.state().clear_faults();
        fixture.push(&model()).unwrap();
        assert_eq!(
            fixture.titles(),
            ["Add the model", "initial commit"],
            "request {n}"
        );
        for file in &model().files {
            let PushSource::Bytes(bytes) = &file.source else {
                unreachable!()
            };
            assert_eq!(fixture.content(&file.path).as_ref(), Some(bytes));
        }
        fixture.assert_token_kept();
        if !met {
            return n as usize;
        }
    }
    panic!("a push has no end")
}

#[test]
fn a_push_cut_before_any_request_is_acted_on_leaves_no_half_commit() {
    // whoami, repository, create, repository, head, preupload, batch, PUT, verify, commit.
    assert_eq!(
        broken_at_each_request(&FaultKind::Drop, &Transfer::Basic),
        10
    );
}

#[test]
fn a_push_cut_after_any_request_was_acted_on_leaves_no_half_commit() {
    assert_eq!(
        broken_at_each_request(&FaultKind::LoseAnswer, &Transfer::Basic),
        10
    );
}

#[test]
fn a_push_in_parts_cut_at_any_request_leaves_no_half_commit() {
    let parts = Transfer::Multipart { chunk: 2000 };
    assert_eq!(broken_at_each_request(&FaultKind::Drop, &parts), 13);
    assert_eq!(broken_at_each_request(&FaultKind::LoseAnswer, &parts), 13);
}

#[test]
fn answers_cut_off_in_their_body_are_no_answers() {
    assert_eq!(
        broken_at_each_request(&FaultKind::CutAfter(1), &Transfer::Basic),
        10
    );
}

#[test]
fn server_errors_at_any_request_leave_no_half_commit() {
    for status in [500, 503, 429] {
        let kind = FaultKind::Status {
            status,
            headers: vec![],
            body: "<html>".into(),
        };
        assert_eq!(broken_at_each_request(&kind, &Transfer::Basic), 10);
    }
}

#[test]
fn a_lost_answer_to_the_commit_is_found_out_and_not_sent_again() {
    let fixture = Fixture::new();
    let lost = Fault::new(FaultKind::LoseAnswer)
        .on("/commit/")
        .method("POST")
        .times(1);
    fixture.state().add_fault(lost);
    assert!(fixture.push(&model()).unwrap().changed);
    assert_eq!(fixture.titles(), ["Add the model", "initial commit"]);
    assert_eq!(fixture.asked("POST", "/commit/"), 1);
}

#[test]
fn a_commit_that_was_not_made_is_sent_again() {
    let fixture = Fixture::with_tries(2);
    fixture.state().add_fault(
        Fault::new(FaultKind::Drop)
            .on("/commit/")
            .method("POST")
            .times(2),
    );
    fixture.push(&model()).unwrap();
    assert_eq!(fixture.titles(), ["Add the model", "initial commit"]);
    assert_eq!(fixture.asked("POST", "/commit/"), 3);
}

#[test]
fn a_lost_answer_and_a_push_of_others_upon_it_are_told_apart() {
    let fixture = Fixture::new();
    // The answer is lost, and so is the first look at the branch; meanwhile somebody pushes.
    fixture
        .state()
        .add_fault(Fault::new(FaultKind::LoseAnswer).on("/commit/").times(1));
    let error = {
        let unseen = Fault::new(FaultKind::Drop).on("/commits/").times(1);
        fixture.state().add_fault(unseen);
        push_error(fixture.push(&model()).unwrap_err())
    };
    assert!(matches!(error, PushError::Unknown { .. }), "{error}");
    fixture.other("meanwhile", &[("other.txt", "x")]);
    assert!(!fixture.push(&model()).unwrap().changed);
    assert_eq!(
        fixture.titles(),
        ["meanwhile", "Add the model", "initial commit"]
    );
}

#[test]
fn a_stalled_part_is_given_up_and_sent_again() {
    let fixture = Fixture::with_tries(1);
    fixture
        .state()
        .add_fault(Fault::new(FaultKind::Stall).on("/lfs-object/").times(1));
    let start = std::time::Instant::now();
    fixture.push(&model()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(fixture.asked("PUT", "/lfs-object/"), 2);
}
