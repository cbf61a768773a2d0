use super::super::local::PushFile;
use super::*;

fn file(content: &str) -> LocalFile {
    LocalFile::read(&PushFile::bytes("model.safetensors", content)).unwrap()
}

/// The answer to a batch of one file.
fn one(file: &LocalFile, object: Value) -> Result<Batch, PushError> {
    let mut entry = json!({ "oid": file.sha256, "size": file.size });
    entry
        .as_object_mut()
        .unwrap()
        .extend(object.as_object().unwrap().clone());
    transfers(&[file], json!({ "transfer": "basic", "objects": [entry] }))
}

fn upload(header: Value) -> Value {
    json!({ "actions": { "upload": { "href": "http://s/x", "header": header } } })
}

#[test]
fn the_request_offers_xet_unless_it_is_switched_off() {
    let file = file("abc");
    let body = batch_body(&[&file], "main", true);
    assert_eq!(body["transfers"], json!(["basic", "multipart", "xet"]));
    assert_eq!(body["objects"], json!([{ "oid": file.sha256, "size": 3 }]));
    assert_eq!(body["ref"], json!({ "name": "main" }));
    let without = batch_body(&[&file], "main", false);
    assert_eq!(without["transfers"], json!(["basic", "multipart"]));
}

#[test]
fn no_actions_is_stored_already() {
    let file = file("abc");
    for object in [
        json!({}),
        json!({ "actions": {} }),
        json!({ "actions": null }),
    ] {
        assert_eq!(
            one(&file, object),
            Ok(Batch::Requests(vec![Transfer::Stored]))
        );
    }
}

#[test]
fn parts_are_ordered_by_number_and_counted() {
    let file = file(&"x".repeat(95));
    let mut header = json!({ "chunk_size": "10" });
    for part in 1..=10 {
        header[format!("{part:02}")] = json!(format!("http://s/{part}"));
    }
    let Ok(Batch::Requests(transfers)) = one(&file, upload(header.clone())) else {
        panic!("refused");
    };
    let Transfer::Multipart { chunk, parts, .. } = &transfers[0] else {
        panic!("not multipart");
    };
    assert_eq!(*chunk, 10);
    let expected: Vec<_> = (1..=10).map(|part| format!("http://s/{part}")).collect();
    assert_eq!(*parts, expected);
    header.as_object_mut().unwrap().remove("07");
    let error = one(&file, upload(header)).unwrap_err().to_string();
    assert!(
        error.contains("9 parts for 'model.safetensors' instead of 10"),
        "{error}"
    );
}

#[test]
fn a_chunk_size_of_nothing_is_an_error() {
    let file = file("abc");
    for chunk in [json!(0), json!("0"), json!("ten"), json!(-1), json!([])] {
        assert!(
            one(
                &file,
                upload(json!({ "chunk_size": chunk, "1": "http://s/1" }))
            )
            .is_err()
        );
    }
}

#[test]
fn a_refused_object_is_named_by_its_path() {
    let object = json!({ "error": { "code": 413, "message": "too large" } });
    let error = one(&file("abc"), object).unwrap_err().to_string();
    assert!(
        error.contains("'model.safetensors' (413: too large)"),
        "{error}"
    );
}

#[test]
fn xet_is_for_all_files_and_needs_no_actions() {
    let file = file("abc");
    let answer = json!({ "transfer": "xet", "objects": [] });
    assert_eq!(transfers(&[&file], answer), Ok(Batch::Xet));
    let answer = json!({ "transfer": "basic", "objects": [] });
    assert!(transfers(&[&file], answer).is_err());
}
