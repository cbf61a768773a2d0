//! Small inputs that failed once, and what is right, as their README says.

use std::path::PathBuf;

use captioner_data::{BadRows, CaptionDataset, DataError, OpenOptions, open_dataset, open_splits};

fn case(name: &str) -> PathBuf {
    let data = std::env::var_os("CAPTIONER_DATA").expect("CAPTIONER_DATA is set");
    PathBuf::from(data).join("cases").join(name)
}

fn refused(name: &str) -> String {
    let error = open_dataset(case(name), &OpenOptions::default())
        .err()
        .unwrap();
    error.to_string()
}

fn first_caption(set: &dyn CaptionDataset) -> String {
    set.captions(0).unwrap()[0].clone()
}

#[test]
#[ignore = "needs CAPTIONER_DATA"]
fn each_case_is_read_or_refused_as_is_right() {
    let options = OpenOptions::default();
    let backslash = open_dataset(case("m_backslash"), &options).unwrap();
    assert_eq!(
        (backslash.len(), backslash.row_name(0).unwrap().as_str()),
        (8, "pics/p00.png")
    );
    assert!((0..8).all(|row| backslash.picture(row).is_ok()));

    let splits = open_splits(case("m_splits"), &options).unwrap();
    let sizes: Vec<_> = splits.iter().map(|(name, set)| (name, set.len())).collect();
    assert_eq!(sizes, [("train", 8), ("test", 4)]);

    let prompt = options.clone().with_caption_column("prompt");
    let set = open_dataset(case("m_column_prompt"), &prompt).unwrap();
    assert_eq!(
        (set.len(), first_caption(set.as_ref()).as_str()),
        (8, "a red circle")
    );
    assert!(refused("m_column_prompt").contains("there are `prompt`"));

    let missing = open_dataset(case("m_missing_picture"), &options)
        .err()
        .unwrap();
    assert!(
        matches!(missing, DataError::PictureMissing { .. }),
        "{missing}"
    );
    let skip = options.clone().with_bad_rows(BadRows::Skip);
    let set = open_dataset(case("m_missing_picture"), &skip).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (7, 1));
    assert!(set.skipped()[0].to_string().contains("p03.png"));

    assert_eq!(
        open_dataset(case("m_extra_pictures"), &options)
            .unwrap()
            .len(),
        8
    );
    assert!(refused("m_semicolon_csv").contains("separated by `;`"));
    assert!(refused("m_misnamed_json1").contains("is `metadata.json1` meant so?"));
}
