//! Large files.

use std::io::Write as _;

use captioner_hub::PushFile;
use captioner_hub_server::{Content, Fault, FaultKind, Transfer};

use crate::*;

#[test]
fn sixty_megabytes_go_in_parts_from_disk() {
    let fixture = Fixture::with_tries(2);
    fixture.state().uploads().transfer = Transfer::Multipart { chunk: 16 << 20 };
    fixture.state().uploads().verify = true;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("model.safetensors");
    let drawn = Content::Drawn {
        seed: 3,
        len: 60_000_000,
    };
    let bytes = drawn.to_vec().unwrap();
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    // One part is cut on its way.
    fixture.state().add_fault(
        Fault::new(FaultKind::Drop)
            .on("/lfs-part/")
            .skip(2)
            .times(1),
    );
    let files = vec![PushFile::file("model.safetensors", &path)];
    fixture
        .push(&Push::new(repo(), files, "Add weights"))
        .unwrap();
    assert!(fixture.content("model.safetensors").unwrap() == bytes);
    assert_eq!(fixture.asked("PUT", "/lfs-part/"), 5);
    fixture.assert_token_kept();
}

#[test]
fn what_the_storage_holds_is_not_sent_and_one_content_at_two_paths_once() {
    let fixture = Fixture::new();
    let stored = Content::from(vec![7; 5000]);
    fixture
        .state()
        .objects()
        .insert(stored.sha256().unwrap(), stored);
    let mut push = model();
    push.files.push(PushFile::bytes("a.bin", vec![1, 2, 3]));
    push.files.push(PushFile::bytes("b.bin", vec![1, 2, 3]));
    fixture.push(&push).unwrap();
    assert_eq!(fixture.asked("PUT", "/lfs-object/"), 1);
    assert_eq!(fixture.content("a.bin"), fixture.content("b.bin"));
    assert_eq!(fixture.content("model.safetensors").unwrap().len(), 5000);
}

#[test]
fn a_file_that_grows_meanwhile_is_not_committed() {
    let fixture = Fixture::with_tries(1);
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("model.safetensors");
    std::fs::write(&path, vec![1; 1000]).unwrap();
    // The batch fails once: a moment in which the file is written to.
    fixture.state().add_fault(
        Fault::status(503, &[("Retry-After", "1")])
            .on("objects/batch")
            .times(1),
    );
    let state = Arc::clone(fixture.state());
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || {
            while !state
                .log()
                .iter()
                .any(|entry| entry.path.contains("objects/batch"))
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            std::fs::write(&path, vec![2; 2000]).unwrap();
        })
    };
    let files = vec![PushFile::file("model.safetensors", &path)];
    let error = push_error(fixture.push(&Push::new(repo(), files, "Add")).unwrap_err());
    writer.join().unwrap();
    assert!(matches!(error, PushError::Changed { .. }), "{error}");
    assert_eq!(fixture.asked("POST", "/commit/"), 0);
}

#[test]
fn an_object_that_the_storage_refuses_is_named_by_its_path() {
    let fixture = Fixture::new();
    let oid = Content::from(vec![7; 5000]).sha256().unwrap();
    let refusal = (413, "Object too large".to_owned());
    fixture.state().uploads().refused.insert(oid, refusal);
    let error = push_error(fixture.push(&model()).unwrap_err());
    let named =
        matches!(&error, PushError::Refused { path, code: 413, .. } if path == "model.safetensors");
    assert!(named, "{error}");
    assert_eq!(fixture.titles(), ["initial commit"]);
}
