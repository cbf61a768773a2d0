//! Sets drawn here, inspected.

use std::sync::{Arc, Mutex};

use captioner_creatures::Creatures;
use captioner_data::{BadRows, InMemoryDataset, OpenOptions, Picture, PictureFolder};
use captioner_image::RgbImage;
use captioner_inspect::{
    Finding, InspectError, InspectOptions, Inspection, NamedSplit, Severity, Stage, inspect,
};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use image::Rgb;
use image::imageops::{FilterType, resize};

#[path = "../src/drawn.rs"]
mod drawn;
use drawn::{jpeg, png, scene};

fn encoded(picture: &RgbImage) -> Picture {
    Picture::Encoded(png(picture))
}

fn split(name: &str, set: InMemoryDataset) -> NamedSplit {
    (name.to_owned(), Arc::new(set))
}

fn look(splits: &[NamedSplit]) -> Inspection {
    inspect(splits, &InspectOptions::default(), &|_| ()).unwrap()
}

fn finding<'a>(found: &'a Inspection, what: &str) -> &'a Finding {
    let all = || {
        found
            .findings
            .iter()
            .map(|f| f.what.as_str())
            .collect::<Vec<_>>()
    };
    let named = found
        .findings
        .iter()
        .find(|finding| finding.what.contains(what));
    named.unwrap_or_else(|| panic!("no finding with `{what}` in {:#?}", all()))
}

/// Ten scenes, then what can be wrong with a set.
fn train() -> InMemoryDataset {
    let mut set = InMemoryDataset::new("pictures");
    for seed in 0..10 {
        let picture = scene(seed, 160, 120);
        set.push_named(
            format!("{seed}.png"),
            encoded(&picture),
            [format!("scene {seed}")],
        );
    }
    // The same pixels in another file, then nearly the same ones.
    let again = image::DynamicImage::from(scene(3, 160, 120)).into_rgba8();
    let mut bytes = std::io::Cursor::new(Vec::new());
    again.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    set.push_named(
        "copy.png",
        Picture::Encoded(bytes.into_inner()),
        ["scene three again"],
    );
    let half = resize(&scene(4, 160, 120), 80, 60, FilterType::Lanczos3);
    set.push_named("half.png", encoded(&half), ["scene four, smaller"]);
    set.push_named(
        "saved.jpg",
        Picture::Encoded(jpeg(&scene(5, 160, 120), 40)),
        ["scene five"],
    );
    set.push_named(
        "broken.png",
        Picture::Encoded(png(&scene(20, 90, 90))[..200].to_vec()),
        ["cut"],
    );
    set.push_named(
        "page.html",
        Picture::Encoded(b"<html>".to_vec()),
        ["not a picture"],
    );
    for grey in [255, 254, 10, 255] {
        let flat = RgbImage::from_pixel(70, 70, Rgb([grey; 3]));
        set.push_named(format!("flat-{grey}.png"), encoded(&flat), ["nothing"]);
    }
    set
}

fn test() -> InMemoryDataset {
    let mut set = InMemoryDataset::new("pictures");
    set.push_named("new.png", encoded(&scene(50, 160, 120)), ["something new"]);
    set.push_named("leak.png", encoded(&scene(7, 160, 120)), ["scene seven"]);
    let near = Picture::Encoded(jpeg(&scene(8, 160, 120), 60));
    set.push_named("near.jpg", near, ["scene eight"]);
    set
}

fn both() -> [NamedSplit; 2] {
    [split("train", train()), split("test", test())]
}

fn names(group: &captioner_inspect::Group) -> Vec<&str> {
    group
        .members
        .iter()
        .map(|member| member.row.name.as_str())
        .collect()
}

#[test]
fn copies_are_found_by_content_within_and_across_splits() {
    let found = look(&both());
    let exact: Vec<_> = found.duplicates.listed.iter().map(names).collect();
    assert_eq!(
        exact,
        [
            vec!["7.png", "leak.png"],
            vec!["3.png", "copy.png"],
            vec!["flat-255.png", "flat-255.png"]
        ]
    );
    let near: Vec<_> = found.near_duplicates.listed.iter().map(names).collect();
    assert_eq!(
        near,
        [
            ["8.png", "near.jpg"],
            ["4.png", "half.png"],
            ["5.png", "saved.jpg"]
        ],
        "flat pictures are near nothing"
    );
    assert_eq!(
        (found.near_duplicates.groups, found.near_duplicates.rows),
        (3, 6)
    );
    let [leak] = &found.leaks[..] else {
        panic!("{:?}", found.leaks)
    };
    assert_eq!(
        (leak.first.as_str(), leak.second.as_str()),
        ("train", "test")
    );
    assert_eq!((leak.same, leak.near), (1, 1));
    let leaked: Vec<_> = leak
        .listed
        .iter()
        .map(|row| (row.row, row.name.as_str()))
        .collect();
    assert_eq!(leaked, [(2, "leak.png"), (3, "near.jpg")]);
    let told = finding(&found, "Pictures of `test` are in `train` too");
    assert_eq!((told.severity, told.rows), (Severity::Warning, 2));
}

#[test]
fn the_order_of_the_splits_says_which_leaks() {
    let [train, test] = both();
    let found = look(&[test, train]);
    assert_eq!(
        (
            found.leaks[0].first.as_str(),
            found.leaks[0].second.as_str()
        ),
        ("test", "train")
    );
    assert_eq!(found.leaks[0].listed[0].name, "7.png");
}

#[test]
fn bad_pictures_are_named_with_their_reasons() {
    let found = look(&both());
    assert_eq!(found.bad_pictures.count, 2);
    let described: Vec<_> = found
        .bad_pictures
        .listed
        .iter()
        .map(|p| p.description.as_str())
        .collect();
    assert_eq!(
        described,
        [
            "`broken.png` of `pictures` row 14",
            "`page.html` of `pictures` row 15"
        ]
    );
    assert!(!found.bad_pictures.listed[0].reason.is_empty());
    assert_eq!(
        finding(&found, "The picture can't be read").severity,
        Severity::Error
    );
    assert_eq!(found.pictures.readable, 20);
    assert_eq!(
        (found.splits[0].bad_pictures, found.splits[1].bad_pictures),
        (2, 0)
    );
    assert_eq!(finding(&found, "all of one colour").rows, 4);
}

#[test]
fn figures_are_those_of_the_set() {
    let found = look(&both());
    assert_eq!((found.rows, found.captions.total), (22, 22));
    assert_eq!(found.captions.different, 19);
    assert_eq!(found.captions.common[0].caption, "nothing");
    assert_eq!(found.captions.common[0].rows, 4);
    assert!(
        finding(&found, "nothing")
            .what
            .contains("18 % of the rows say")
    );
    let formats: Vec<_> = found
        .pictures
        .formats
        .iter()
        .map(|f| (f.what.as_str(), f.count))
        .collect();
    assert_eq!(formats, [("PNG", 18), ("JPEG", 2)]);
    assert_eq!(found.pictures.alpha, 1);
    assert_eq!(found.pictures.sizes[0].what, "160 x 120");
    assert_eq!(found.pictures.widths.as_ref().unwrap().min, 70);
    assert_eq!(found.words.frequent[0].word, "scene");
    assert_eq!(found.words.frequent[0].count, 15);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let written = |workers| {
        let options = InspectOptions {
            workers,
            ..InspectOptions::default()
        };
        let found = inspect(&both(), &options, &|_| ()).unwrap();
        (
            serde_json::to_string(&found).unwrap(),
            found.to_html(),
            found.sheet().unwrap(),
        )
    };
    let one = written(1);
    assert!(one == written(2) && one == written(7) && one == written(0));
}

#[test]
fn the_seed_draws_the_samples() {
    let drawn = |seed| {
        let options = InspectOptions {
            seed,
            samples: 5,
            ..InspectOptions::default()
        };
        let found = inspect(&both(), &options, &|_| ()).unwrap();
        found
            .samples
            .iter()
            .map(|row| row.row.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(drawn(3).len(), 5);
    assert_eq!(drawn(3), drawn(3));
    assert_ne!(drawn(3), drawn(4));
}

#[test]
fn captions_are_measured_with_the_tokenizer() {
    let mut set = InMemoryDataset::new("long");
    let long = "scene ".repeat(30);
    for (row, caption) in [long.as_str(), "a scene", "A Zebra", ""]
        .into_iter()
        .enumerate()
    {
        set.push(encoded(&scene(row as u64, 80, 80)), [caption]);
    }
    set.push(encoded(&scene(9, 80, 80)), Vec::<String>::new());
    set.push(encoded(&scene(10, 80, 80)), ["a scene", "a scene "]);
    let training = WordPieceTraining::default();
    let options = InspectOptions {
        tokenizer: Some(CaptionTokenizer::train_word_piece(["a scene"], &training).unwrap()),
        max_positions: Some(16),
        ..InspectOptions::default()
    };
    let found = inspect(&[split("train", set)], &options, &|_| ()).unwrap();
    let tokens = found.tokens.as_ref().unwrap();
    assert_eq!(tokens.lengths.as_ref().unwrap().max, 32);
    assert_eq!(
        (tokens.truncated, tokens.unknown, tokens.is_uncased),
        (1, 1, true)
    );
    assert_eq!(
        finding(&found, "more tokens than the model's 16 positions").rows,
        1
    );
    assert_eq!(finding(&found, "capitals").rows, 1);
    assert_eq!(finding(&found, "can't spell").severity, Severity::Warning);
    assert_eq!(
        finding(&found, "A caption is empty").severity,
        Severity::Error
    );
    assert_eq!(finding(&found, "There is no caption").listed[0].row, 5);
    assert_eq!(finding(&found, "says the same twice").listed[0].row, 6);
    let per_row = found.captions.per_row.as_ref().unwrap();
    assert_eq!((per_row.min, per_row.max), (0, 2));
    assert!(
        found.to_html().contains("the model&#39;s") || found.to_html().contains("the model's 16")
    );
}

const ATTACKS: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></title><svg/onload=alert(1)>",
];

#[test]
fn text_from_the_set_stays_text() {
    let mut set = InMemoryDataset::new(ATTACKS[0]);
    for (row, attack) in (0..).zip(ATTACKS) {
        set.push_named(
            attack,
            encoded(&scene(row, 80, 80)),
            [attack, "a\u{1b}[2Jb\u{202e}c"],
        );
        set.push_named(attack, encoded(&scene(row, 80, 80)), [attack, attack]);
        set.push_named(attack, Picture::Encoded(b"x".to_vec()), [attack]);
    }
    let found = look(&[split(ATTACKS[1], set)]);
    let html = found.to_html();
    for open in [
        "<script",
        "<img src=x",
        "<svg/",
        "onerror=alert(1)>",
        "' onmouseover",
    ] {
        assert!(!html.contains(open), "{open}");
    }
    assert_eq!(html.matches("</style>").count(), 1);
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let text = found.to_text();
    assert!(!text.contains('\u{1b}') && !html.contains('\u{202e}'));
}

#[test]
fn the_page_needs_nothing_else_and_stays_below_two_megabytes() {
    let mut set = InMemoryDataset::new("noise");
    let caption = "\u{1f600}\"&<".repeat(200);
    for row in 0..400_u32 {
        // Noise packs badly.
        let mut state = row / 2 + 1;
        let noise = RgbImage::from_fn(150, 150, |_, _| {
            Rgb([0; 3].map(|_: u8| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        });
        set.push_named(
            caption.as_str(),
            Picture::Rgb8 {
                width: 150,
                height: 150,
                pixels: noise.into_raw(),
            },
            [caption.as_str(); 5],
        );
    }
    let options = InspectOptions {
        samples: 5000,
        ..InspectOptions::default()
    };
    let found = inspect(&[split("train", set)], &options, &|_| ()).unwrap();
    let html = found.to_html();
    assert!(html.len() < 2_000_000, "{}", html.len());
    assert!(html.matches("data:image/").count() > 30);
    let outside = html.replace("data:image/", "");
    for address in [
        "http:", "https:", "src=\"/", "url(", "@import", "<link", "<script",
    ] {
        assert!(!outside.contains(address), "{address}");
    }
}

#[test]
fn a_set_without_rows_is_said_to_have_none() {
    let found = look(&[
        split("train", train()),
        split("validation", InMemoryDataset::new("none")),
    ]);
    assert_eq!(
        finding(&found, "The split `validation` has no row").severity,
        Severity::Error
    );
    for splits in [vec![], vec![split("train", InMemoryDataset::new("none"))]] {
        let found = look(&splits);
        assert_eq!(found.rows, 0);
        assert!(matches!(found.sheet(), Err(InspectError::NoPicture)));
        assert!(found.to_html().ends_with("</html>\n") && found.to_text().contains("rows"));
    }
}

#[test]
fn options_that_mean_nothing_are_named_errors() {
    let error = |options| inspect(&both(), &options, &|_| ()).unwrap_err().to_string();
    let far = InspectOptions {
        max_distance: 9,
        ..InspectOptions::default()
    };
    assert!(error(far).starts_with("max_distance is 9: choose 0 to 8"));
    for share in [0.0, -1.0, 1.5, f64::NAN] {
        let options = InspectOptions {
            common_caption_share: share,
            ..InspectOptions::default()
        };
        assert!(error(options).starts_with("common_caption_share is "));
    }
}

#[test]
fn progress_goes_from_stage_to_stage() {
    let told = Mutex::new(Vec::new());
    inspect(&both(), &InspectOptions::default(), &|progress| {
        told.lock().unwrap().push(progress)
    })
    .unwrap();
    let told = told.into_inner().unwrap();
    let reading: Vec<_> = told
        .iter()
        .filter(|p| p.stage == Stage::Reading)
        .map(|p| p.done)
        .collect();
    assert!(reading.is_sorted() && reading.first() == Some(&0) && reading.last() == Some(&22));
    for stage in [Stage::Comparing, Stage::Drawing] {
        let of_stage = told.iter().filter(|progress| progress.stage == stage);
        assert!(of_stage.clone().count() > 0 && of_stage.clone().any(|p| p.done == p.total));
    }
}

#[test]
fn parts_of_a_set_tell_once_of_what_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::from("{\"file_name\": \"gone.png\", \"text\": \"two\"}\n");
    for seed in 0..4 {
        let name = format!("{seed}.png");
        std::fs::write(folder.path().join(&name), png(&scene(seed, 80, 80))).unwrap();
        lines += &format!("{{\"file_name\": \"{name}\", \"text\": \"scene\"}}\n");
    }
    std::fs::write(folder.path().join("metadata.jsonl"), lines).unwrap();
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = Arc::new(PictureFolder::open_with(folder.path(), &options).unwrap());
    let parts = captioner_data::train_test_split(set, 0.25, 1).unwrap();
    let found = look(&[
        ("train".to_owned(), Arc::new(parts.train)),
        ("test".to_owned(), Arc::new(parts.test)),
    ]);
    assert_eq!((found.rows, found.skipped.count), (4, 1));
    assert!(found.to_text().starts_with(&format!(
        "set                  {}\n",
        folder.path().display()
    )));
}

#[test]
fn a_folder_s_left_out_rows_are_listed_and_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for seed in 0..3 {
        std::fs::write(path(&format!("{seed}.png")), png(&scene(seed, 80, 80))).unwrap();
    }
    let lines = "{\"file_name\": \"0.png\", \"text\": \"one\"}\n{\"file_name\": \"gone.png\", \"text\": \"two\"}\n\
                 {\"file_name\": \"2.png\", \"text\": \"three\"}\n";
    std::fs::write(path("metadata.jsonl"), lines).unwrap();
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = PictureFolder::open_with(folder.path(), &options).unwrap();
    std::fs::remove_file(path("2.png")).unwrap();
    let found = look(&[("train".to_owned(), Arc::new(set))]);
    assert_eq!(
        (found.skipped.count, found.bad_pictures.count, found.rows),
        (1, 1, 2)
    );
    assert!(
        found.skipped.listed[0].reason.contains("gone.png"),
        "{:?}",
        found.skipped
    );
    assert!(found.bad_pictures.listed[0].reason.contains("2.png"));

    let output = path("report");
    for _ in 0..2 {
        let files = found.save(&output).unwrap();
        assert_eq!(files.len(), 4);
        assert!(files.iter().all(|file| file.metadata().unwrap().len() > 0));
        assert_eq!(std::fs::read_dir(&output).unwrap().count(), 4);
    }
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(output.join("inspection.json")).unwrap())
            .unwrap();
    assert_eq!(json["findings"][0]["severity"], "error");
    assert_eq!(json["samples"][0]["name"], "0.png");
    let blocked = found.save(output.join("samples.png")).unwrap_err();
    assert!(matches!(blocked, InspectError::File(_)), "{blocked}");
}

#[test]
fn creatures_are_a_clean_set() {
    let set: NamedSplit = ("train".to_owned(), Arc::new(Creatures::new(0)));
    let found = look(&[set]);
    assert_eq!((found.rows, found.bad_pictures.count), (833, 0));
    let worst = found.findings.first().map(|finding| finding.severity);
    assert!(
        worst.is_none_or(|severity| severity > Severity::Error),
        "{:#?}",
        found.findings
    );
    assert_eq!(found.sheet().unwrap().width(), 6 * 224 + 24);
}
