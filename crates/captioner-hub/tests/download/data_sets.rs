//! Which files of a repository are its data set.

use captioner_hub::{DatasetFiles, HubError};
use captioner_hub_server::{Content, Fault, FaultKind, RepoKind as Kind, Side};

use crate::world::{World, drawn, file, id};

const SET: &str = "tests/set";

fn find(world: &World, configuration: Option<&str>) -> Result<DatasetFiles, HubError> {
    world.hub().dataset(&id(SET), configuration)
}

fn parquet(names: &[&str]) -> Vec<(String, Content)> {
    let each = names.iter().enumerate();
    each.map(|(seed, name)| drawn(name, seed as u64, 500))
        .collect()
}

fn file_names(paths: &[std::path::PathBuf]) -> Vec<String> {
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(name).collect()
}

#[test]
fn the_card_names_the_files_of_each_split() {
    let world = World::new();
    let readme = "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: test\n    path: data/test-*\n---\n";
    let names = [
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "old/train.parquet",
    ];
    let mut files = parquet(&names);
    files.push(file("README.md", readme));
    world.add(Kind::Dataset, SET, files);
    let found = find(&world, None).unwrap();
    assert_eq!(found.files.len(), 3);
    let splits: Vec<_> = found
        .splits
        .iter()
        .map(|(name, files)| (name.as_str(), files.len()))
        .collect();
    assert_eq!(splits, [("train", 2), ("test", 1)]);
    assert!(found.files.iter().all(|path| path.is_file()));
}

#[test]
fn without_a_card_all_parquet_files_are_meant_and_the_names_say_the_split() {
    let world = World::new();
    world.add(
        Kind::Dataset,
        SET,
        parquet(&["train.parquet", "test.parquet", ".x/y.parquet"]),
    );
    let found = find(&world, None).unwrap();
    assert_eq!(file_names(&found.files), ["test.parquet", "train.parquet"]);
    assert!(found.splits.is_empty());
    let error = find(&world, Some("en")).unwrap_err();
    assert!(matches!(error, HubError::Configuration { .. }), "{error}");
}

#[test]
fn several_configurations_are_named() {
    let world = World::new();
    let readme = "---\nconfigs:\n- config_name: en\n  data_files: en/*\n- config_name: de\n  data_files: de/*\n---\n";
    let mut files = parquet(&["en/a.parquet", "de/a.parquet"]);
    files.push(file("README.md", readme));
    world.add(Kind::Dataset, SET, files);
    for wanted in [None, Some("fr")] {
        let error = find(&world, wanted).unwrap_err();
        assert!(error.to_string().contains("en, de"), "{error}");
    }
    let found = find(&world, Some("de")).unwrap();
    assert!(found.folder.ends_with("de"));
    assert_eq!(
        world.requests(Side::Cdn).len(),
        1,
        "the other one is not fetched"
    );
}

#[test]
fn a_set_in_another_form_is_read_as_the_hub_converts_it() {
    let world = World::new();
    world.add(Kind::Dataset, SET, vec![file("captions.json", "[]")]);
    let names = [
        "default/test/0000.parquet",
        "default/train/0000.parquet",
        "default/train/0001.parquet",
    ];
    let state = world.server.state();
    state
        .add_files(Kind::Dataset, SET, "refs/convert/parquet", parquet(&names))
        .unwrap();
    let found = find(&world, None).unwrap();
    assert!(found.folder.ends_with("default"));
    let splits: Vec<_> = found
        .splits
        .iter()
        .map(|(name, files)| (name.as_str(), files.len()))
        .collect();
    assert_eq!(splits, [("test", 1), ("train", 2)]);
}

#[test]
fn a_conversion_of_the_first_rows_only_is_no_data_set() {
    let world = World::new();
    world.add(Kind::Dataset, SET, vec![file("captions.json", "[]")]);
    let names = ["default/partial-train/0000.parquet"];
    let state = world.server.state();
    state
        .add_files(Kind::Dataset, SET, "refs/convert/parquet", parquet(&names))
        .unwrap();
    let error = find(&world, None).unwrap_err();
    assert!(matches!(error, HubError::NoData { .. }), "{error}");
}

#[test]
fn pictures_with_metadata_and_tar_files_are_fetched() {
    let world = World::new();
    let pictures = vec![
        file("train/metadata.jsonl", "{}"),
        file("train/a.png", "a"),
        file("x.py", ""),
    ];
    world.add(Kind::Dataset, SET, pictures);
    let found = find(&world, None).unwrap();
    assert_eq!(file_names(&found.files), ["a.png", "metadata.jsonl"]);
    assert!(found.files[0].starts_with(&found.folder));

    let world = World::new();
    world.add(
        Kind::Dataset,
        SET,
        vec![
            file("a-000.tar", "x"),
            file("a-001.tar", "y"),
            file("z.txt", ""),
        ],
    );
    assert_eq!(find(&world, None).unwrap().files.len(), 2);
}

#[test]
fn pictures_beside_a_parquet_file_of_metadata_are_no_parquet_set() {
    let world = World::new();
    let mut files = parquet(&["metadata.parquet"]);
    files.push(file("a.png", "a"));
    world.add(Kind::Dataset, SET, files);
    assert_eq!(
        file_names(&find(&world, None).unwrap().files),
        ["a.png", "metadata.parquet"]
    );
}

#[test]
fn a_repository_without_data_is_named() {
    let world = World::new();
    world.add(
        Kind::Dataset,
        SET,
        vec![file("README.md", "# Nothing"), file("a.png", "")],
    );
    let error = find(&world, None).unwrap_err();
    assert!(matches!(error, HubError::NoData { .. }), "{error}");
}

#[test]
fn a_set_is_found_again_without_the_hub() {
    let world = World::new();
    world.add(
        Kind::Dataset,
        SET,
        parquet(&["data/train-00000-of-00001.parquet"]),
    );
    let found = find(&world, None).unwrap();
    let hub = world.hub_with(world.settings(&[("HF_HUB_OFFLINE", "1")]));
    assert_eq!(hub.dataset(&id(SET), None).unwrap(), found);
}

#[test]
fn an_older_set_serves_while_the_newer_one_is_not_complete() {
    let world = World::new();
    let name = "data/train-00000-of-00001.parquet";
    world.add(
        Kind::Dataset,
        SET,
        vec![drawn(name, 1, 500), file("README.md", "1")],
    );
    let older = find(&world, None).unwrap();
    world.add(
        Kind::Dataset,
        SET,
        vec![drawn(name, 2, 500), file("README.md", "2")],
    );
    let cut = Fault::new(FaultKind::CutAfter(0)).side(Side::Cdn);
    world.server.state().add_fault(cut);
    let mut settings = world.settings(&[]);
    settings.retries = 0;
    world
        .hub_with(settings)
        .dataset(&id(SET), None)
        .unwrap_err();
    let hub = world.hub_with(world.settings(&[("HF_HUB_OFFLINE", "1")]));
    assert_eq!(hub.dataset(&id(SET), None).unwrap(), older);
}

#[test]
fn a_configuration_that_only_the_conversion_has_is_found() {
    let world = World::new();
    world.add(Kind::Dataset, SET, vec![file("captions.json", "[]")]);
    let names = ["de/train/0000.parquet", "en/train/0000.parquet"];
    let state = world.server.state();
    state
        .add_files(Kind::Dataset, SET, "refs/convert/parquet", parquet(&names))
        .unwrap();
    let error = find(&world, None).unwrap_err();
    assert!(error.to_string().contains("de, en"), "{error}");
    assert!(find(&world, Some("en")).unwrap().folder.ends_with("en"));
}
