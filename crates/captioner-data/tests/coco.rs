//! COCO captions and Karpathy's split of them.

use std::fs;

use captioner_data::{
    BadRows, CaptionDataset, CocoDataset, CocoError, DataError, OpenOptions, Picture, open_dataset,
    open_splits,
};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const COCO: &str = r#"{"info": {"year": 2017}, "licenses": [],
  "annotations": [
    {"image_id": 7, "id": 1, "caption": "a cat\n"}, {"image_id": 9, "id": 2, "caption": "a dog"},
    {"image_id": 7, "id": 3, "caption": " a pet "}],
  "images": [
    {"id": 7, "file_name": "000000000007.jpg", "height": 4, "width": 4, "coco_url": "http://x"},
    {"id": 9, "file_name": "000000000009.jpg"}]}"#;

fn error(text: &str) -> CocoError {
    let set = folder(&[("captions.json", text), ("a.jpg", "a")]);
    match CocoDataset::open(set.path().join("captions.json"), &OpenOptions::default()).unwrap_err()
    {
        DataError::Coco(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn cocos_own_layout_is_read() {
    let set = folder(&[
        ("annotations/captions_val2017.json", COCO),
        ("val2017/000000000007.jpg", "seven"),
        ("val2017/000000000009.jpg", "nine"),
        ("train2017/000000000009.jpg", "another"),
    ]);
    for spec in [
        set.path().join("annotations/captions_val2017.json"),
        set.path().to_owned(),
    ] {
        let splits = open_splits(&spec, &OpenOptions::default()).unwrap();
        assert_eq!(splits.names(), ["validation"]);
        let set = splits.get("validation").unwrap();
        assert_eq!(*set.captions(0).unwrap(), ["a cat", "a pet"]);
        assert_eq!(*set.captions(1).unwrap(), ["a dog"]);
        assert_eq!((set.len(), set.caption_count(0).unwrap()), (2, 2));
        assert_eq!(set.picture(0).unwrap(), Picture::Encoded(b"seven".to_vec()));
        assert_eq!(set.picture(1).unwrap(), Picture::Encoded(b"nine".to_vec()));
    }
}

#[test]
fn karpathys_splits_are_read() {
    let image = |name: &str, split: &str, raw: &str| {
        format!(
            r#"{{"filepath": "val2014", "filename": "{name}", "split": "{split}", "cocoid": 1, "sentids": [1],
            "sentences": [{{"tokens": ["a"], "raw": "{raw}", "imgid": 0, "sentid": 1}}, {{"raw": "also"}}]}}"#
        )
    };
    let images = [
        image("a.jpg", "test", "an a"),
        image("b.jpg", "restval", "a b"),
        image("c.jpg", "train", "a c"),
        image("d.jpg", "val", "a d"),
    ];
    let json = format!(r#"{{"images": [{}], "dataset": "coco"}}"#, images.join(","));
    let set = folder(&[
        ("dataset_coco.json", &json),
        ("images/val2014/a.jpg", "a"),
        ("images/val2014/b.jpg", "b"),
        ("images/val2014/c.jpg", "c"),
        ("images/val2014/d.jpg", "d"),
    ]);
    let path = set.path().join("dataset_coco.json");
    let splits = open_splits(&path, &OpenOptions::default()).unwrap();
    assert_eq!(splits.names(), ["train", "validation", "test"]);
    let train = splits.get("train").unwrap();
    assert_eq!((train.len(), train.row_number(1).unwrap()), (2, 3));
    assert_eq!(*train.captions(0).unwrap(), ["a b", "also"]);
    let test = open_dataset(&path, &OpenOptions::default().with_split("test")).unwrap();
    assert_eq!(test.picture(0).unwrap(), Picture::Encoded(b"a".to_vec()));
    assert!(matches!(
        open_dataset(&path, &OpenOptions::default()),
        Err(DataError::SplitNeeded { .. })
    ));
}

#[test]
fn each_bad_entry_is_a_named_error() {
    let file = |images: &str, annotations: &str| {
        format!(r#"{{"images": [{images}], "annotations": [{annotations}]}}"#)
    };
    let image = r#"{"id": 1, "file_name": "a.jpg"}"#;
    let caption = r#"{"image_id": 1, "caption": "an a"}"#;
    for (text, part) in [
        (
            file(r#"{"file_name": "a.jpg"}"#, caption),
            "`images` entry 1 has no `id`",
        ),
        (
            file(r#"{"id": 1}"#, caption),
            "`images` entry 1 has no `file_name`",
        ),
        (
            file(&format!("{image}, {image}"), caption),
            "`images` entry 2 has the id 1 of entry 1",
        ),
        (
            file(image, r#"{"image_id": "5", "caption": "x"}"#),
            "`annotations` entry 1 is about the image `5`, which is not",
        ),
        (
            file(image, &format!(r#"{caption}, {{"caption": "x"}}"#)),
            "`annotations` entry 2 has no `image_id`",
        ),
        (
            file(image, &format!(r#"{caption}, {{"image_id": 1}}"#)),
            "`annotations` entry 2 has no `caption`",
        ),
        (
            file(image, r#"{"image_id": 1, "caption": " "}"#),
            "`images` entry 1 (`a.jpg`) has no caption",
        ),
        (
            file(r#"{"id": 1, "file_name": "../a.jpg"}"#, caption),
            "`../a.jpg` is not a path inside",
        ),
        (
            file(r#"{"id": 1, "file_name": "b.jpg"}"#, caption),
            "there is no picture `b.jpg`",
        ),
        (
            file(image, r#"{"image_id": 1, "bbox": []}"#),
            "not that of objects",
        ),
        (
            r#"{"annotations": []}"#.to_owned(),
            "it has no list `images`",
        ),
        (
            r#"{"images": [{"id": 1}]}"#.to_owned(),
            "it has no list `annotations`",
        ),
        (
            r#"[{"image": "a.jpg"}]"#.to_owned(),
            "expected an object with `images`",
        ),
        (r#"{"images": [{"id": 1,"#.to_owned(), "EOF while parsing"),
        (
            r#"{"images": [{"id": [1]}]}"#.to_owned(),
            "can't be read as COCO captions",
        ),
        (
            r#"{"images": [{"file_name": 3}]}"#.to_owned(),
            "invalid type",
        ),
    ] {
        let message = error(&text).to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn bad_entries_are_left_out_and_listed() {
    let json = r#"{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "a.jpg"},
        {"id": 2, "file_name": "lost.jpg"}, {"id": 3, "file_name": "a.jpg"}],
        "annotations": [{"image_id": 1, "caption": "an a"}, {"image_id": 2, "caption": "x"}, {"image_id": 8, "caption": "x"}]}"#;
    let set = folder(&[("captions.json", json), ("a.jpg", "a")]);
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = CocoDataset::open(set.path().join("captions.json"), &options).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 4));
    assert_eq!(*set.captions(0).unwrap(), ["an a"]);
    assert!(
        set.skipped()[1]
            .description
            .starts_with("`annotations` entry 3 of")
    );
}

#[test]
fn files_that_are_no_json_are_named() {
    let pointer = "version https://git-lfs.github.com/spec/v1\n";
    let set = folder(&[
        ("captions.json", pointer),
        ("bom.json", &format!("\u{feff}{COCO}")),
        ("000000000007.jpg", "7"),
        ("000000000009.jpg", "9"),
    ]);
    let open = |name: &str| CocoDataset::open(set.path().join(name), &OpenOptions::default());
    assert!(matches!(
        open("captions.json"),
        Err(DataError::LfsPointer { .. })
    ));
    assert_eq!(open("bom.json").unwrap().len(), 2);
    fs::write(
        set.path().join("latin.json"),
        b"{\"images\": [{\"id\": 1, \"file_name\": \"caf\xe9\"}]}",
    )
    .unwrap();
    assert!(matches!(
        open("latin.json"),
        Err(DataError::Coco(CocoError::Invalid { .. }))
    ));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_set_are_not_followed() {
    let outside = folder(&[
        ("000000000007.jpg", "secret"),
        ("000000000009.jpg", "secret"),
    ]);
    let set = folder(&[("coco/annotations/captions_val2017.json", COCO)]);
    let coco = set.path().join("coco");
    std::os::unix::fs::symlink(outside.path(), coco.join("val2017")).unwrap();
    let error = open_dataset(
        coco.join("annotations/captions_val2017.json"),
        &OpenOptions::default(),
    )
    .err()
    .unwrap();
    assert!(
        matches!(error, DataError::Coco(CocoError::PictureMissing { .. })),
        "{error}"
    );
}
