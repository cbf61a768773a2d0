//! Large sets, inspected: those of `CAPTIONER_DATA`, and a million rows.

use std::sync::Arc;

use captioner_data::{InMemoryDataset, Picture, PictureFolder};
use captioner_inspect::{InspectOptions, Inspection, NamedSplit, inspect};
use captioner_text::CaptionTokenizer;
use image::imageops::{FilterType, resize};

#[path = "../src/drawn.rs"]
#[allow(dead_code)]
mod drawn;
use drawn::{jpeg, png};

fn split(name: &str, set: InMemoryDataset) -> NamedSplit {
    (name.to_owned(), Arc::new(set))
}

fn look(splits: &[NamedSplit]) -> Inspection {
    inspect(splits, &InspectOptions::default(), &|_| ()).unwrap()
}

#[test]
#[ignore = "needs CAPTIONER_DATA"]
fn the_emoji_set_is_inspected() {
    let data = std::env::var_os("CAPTIONER_DATA").expect("CAPTIONER_DATA is set");
    let data = std::path::PathBuf::from(data);
    let set = PictureFolder::open(data.join("emoji-captions")).unwrap();
    let options = InspectOptions {
        tokenizer: Some(CaptionTokenizer::from_pretrained(data.join("bert-base-uncased")).unwrap()),
        ..InspectOptions::default()
    };
    let found = inspect(&[("train".to_owned(), Arc::new(set))], &options, &|_| ()).unwrap();
    assert_eq!((found.rows, found.bad_pictures.count), (833, 0));
    assert_eq!(found.pictures.alpha, 833);
    assert_eq!(found.tokens.as_ref().unwrap().truncated, 0);
    let near = &found.near_duplicates;
    assert!((5..60).contains(&near.groups), "{}", near.groups);
    let said = |member: &captioner_inspect::ShownRow| member.captions.concat();
    let farmers = near
        .listed
        .iter()
        .find(|group| group.members.iter().any(|m| said(m).contains("farmer")));
    assert!(
        farmers.is_some(),
        "a farmer and a man farmer are drawn alike"
    );
}

/// A million pictures of 16 x 16, drawn when they are read.
struct Million;

impl captioner_data::CaptionDataset for Million {
    fn name(&self) -> &str {
        "a million"
    }

    fn len(&self) -> usize {
        1_000_000
    }

    fn features(&self) -> Vec<captioner_data::Feature> {
        Vec::new()
    }

    fn captions(
        &self,
        row: usize,
    ) -> Result<std::borrow::Cow<'_, [String]>, captioner_data::DataError> {
        Ok(vec![format!("thing {row} of {}", row % 777)].into())
    }

    fn picture(&self, row: usize) -> Result<Picture, captioner_data::DataError> {
        let row = row & !1; // two rows have the same
        let mut state = row as u64;
        let pixels = (0..768).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        Ok(Picture::Rgb8 {
            width: 16,
            height: 16,
            pixels: pixels.collect(),
        })
    }

    fn row_name(&self, row: usize) -> Result<String, captioner_data::DataError> {
        Ok(row.to_string())
    }
}

#[test]
#[ignore = "takes minutes without --release"]
fn a_million_rows_take_little_memory() {
    let most = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    let before = most();
    let start = std::time::Instant::now();
    let found = inspect(
        &[("train".to_owned(), Arc::new(Million))],
        &InspectOptions::default(),
        &|_| (),
    )
    .unwrap();
    let (seconds, grown) = (start.elapsed().as_secs_f64(), most() - before);
    eprintln!("{seconds:.1} s, {grown} MiB");
    assert_eq!(found.duplicates.groups, 500_000);
    assert!(grown < 400, "{grown} MiB");
}

#[test]
#[ignore = "needs CAPTIONER_DATA"]
fn emoji_that_were_saved_again_are_found_in_the_other_split() {
    let data = std::env::var_os("CAPTIONER_DATA").expect("CAPTIONER_DATA is set");
    let set = PictureFolder::open(std::path::PathBuf::from(data).join("emoji-captions")).unwrap();
    let (mut saved, mut half) = (InMemoryDataset::new("saved"), InMemoryDataset::new("half"));
    let rows = 300;
    for row in 0..rows {
        let Picture::Encoded(bytes) = captioner_data::CaptionDataset::picture(&set, row).unwrap()
        else {
            panic!("a folder gives files")
        };
        let picture = captioner_image::decode(&bytes, &Default::default()).unwrap();
        saved.push(Picture::Encoded(jpeg(&picture, 50)), ["saved"]);
        half.push(
            Picture::Encoded(png(&resize(&picture, 128, 128, FilterType::Lanczos3))),
            ["half"],
        );
    }
    let set: NamedSplit = ("train".to_owned(), Arc::new(set));
    let found = look(&[set, split("saved", saved), split("half", half)]);
    let near: Vec<u64> = found
        .leaks
        .iter()
        .map(|leak| leak.same + leak.near)
        .collect();
    eprintln!("{near:?} of {rows} are found");
    assert!(
        near.iter().all(|found| *found >= rows as u64 * 98 / 100),
        "{near:?}"
    );
}
