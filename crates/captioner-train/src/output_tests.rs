use super::*;

fn arguments(path: PathBuf) -> TrainingArguments {
    TrainingArguments {
        output_dir: path,
        ..TrainingArguments::default()
    }
}

fn with_checkpoints(steps: &[usize]) -> (tempfile::TempDir, OutputFolder) {
    let root = tempfile::tempdir().unwrap();
    let arguments = arguments(root.path().join("run"));
    let mut folder = OutputFolder::check(&arguments).unwrap();
    folder.claim(&arguments).unwrap();
    for &step in steps {
        fs::create_dir(folder.checkpoint(step)).unwrap();
        fs::write(folder.checkpoint(step).join(STATE_FILE), "{}").unwrap();
    }
    (root, folder)
}

fn left(folder: &OutputFolder) -> Vec<usize> {
    folder.steps().unwrap()
}

#[test]
fn the_best_checkpoint_and_the_newest_are_never_removed() {
    let (_root, folder) = with_checkpoints(&[5, 10, 100]);
    let best = folder.checkpoint(5);
    folder.keep(2, 100, Some(&best)).unwrap();
    assert_eq!(left(&folder), [5, 100]);
    folder.keep(1, 100, Some(&best)).unwrap();
    assert_eq!(left(&folder), [5, 100]);
}

#[test]
fn what_was_just_written_stays_and_a_course_that_was_left_goes_first() {
    let (_root, folder) = with_checkpoints(&[10, 20, 25, 30, 40]);
    // The run went on from 20 and wrote 25.
    folder.keep(3, 25, None).unwrap();
    assert_eq!(left(&folder), [10, 20, 25]);
    folder.keep(1, 25, None).unwrap();
    assert_eq!(left(&folder), [25]);
}

#[test]
fn what_an_earlier_run_left_is_refused_with_both_ways_on_and_stays() {
    let (_root, folder) = with_checkpoints(&[5]);
    let path = folder.path.clone();
    drop(folder);
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let refused = OutputFolder::check(&arguments(path.clone())).unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("overwrite_output_dir"), "{message}");
    assert!(message.contains("resume_from_checkpoint"), "{message}");
    for from in ["last", "auto"] {
        let mut resumed = arguments(path.clone());
        resumed.resume_from_checkpoint = Some(from.parse().unwrap());
        OutputFolder::check(&resumed).unwrap();
    }
    let mut inside = arguments(path.clone());
    inside.resume_from_checkpoint = Some(ResumeFrom::Path(path.join("checkpoint-5")));
    OutputFolder::check(&inside).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    inside.resume_from_checkpoint = Some(ResumeFrom::Path(elsewhere.path().join("checkpoint-5")));
    assert!(OutputFolder::check(&inside).is_err());

    let mut over = arguments(path.clone());
    over.overwrite_output_dir = true;
    let mut again = OutputFolder::check(&over).unwrap();
    again.claim(&over).unwrap();
    assert_eq!(left(&again), [5]);
    again.remove_all(&[5]).unwrap();
    assert!(left(&again).is_empty());
    assert!(path.join("notes.txt").exists());
    // A finished model without a checkpoint is an earlier run's too.
    OutputFolder::check(&arguments(path.clone())).unwrap();
    fs::create_dir(path.join("model")).unwrap();
    assert!(OutputFolder::check(&arguments(path.clone())).is_err());
    // Nothing to go on from: the finished model would be replaced by a run from the start.
    let mut auto = arguments(path);
    auto.resume_from_checkpoint = Some(ResumeFrom::Auto);
    assert!(OutputFolder::check(&auto).is_err());
}

#[test]
fn two_runs_never_share_a_folder() {
    let (_root, folder) = with_checkpoints(&[]);
    let arguments = arguments(folder.path.clone());
    let mut second = OutputFolder::check(&arguments).unwrap();
    let message = second.claim(&arguments).unwrap_err().to_string();
    assert!(message.contains("another run is writing"), "{message}");
    drop(folder);
    second.claim(&arguments).unwrap();
}

#[test]
fn folders_that_only_look_like_checkpoints_are_the_users() {
    let (_root, folder) = with_checkpoints(&[]);
    for name in [
        "checkpoint-7",
        "checkpoint-007",
        "checkpoint-+5",
        "checkpoint-x",
    ] {
        fs::create_dir(folder.path.join(name)).unwrap();
    }
    fs::write(folder.path.join("checkpoint-9"), "mine").unwrap();
    fs::write(folder.path.join("checkpoint-007").join(STATE_FILE), "{}").unwrap();
    assert!(left(&folder).is_empty());
    folder.keep(0, 1, None).unwrap();
    assert!(folder.path.join("checkpoint-7").is_dir());
}

#[test]
fn a_checkpoint_that_lost_a_file_is_a_damaged_one_and_not_the_users() {
    let (_root, folder) = with_checkpoints(&[5]);
    fs::write(folder.checkpoint(5).join(MARKER), "{}").unwrap();
    fs::remove_file(folder.checkpoint(5).join(STATE_FILE)).unwrap();
    assert_eq!(left(&folder), [5]);
}

#[test]
fn a_folder_that_no_run_wrote_is_refused_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("thesis.txt"), "mine").unwrap();
    let mut over = arguments(root.path().to_owned());
    over.overwrite_output_dir = true;
    let refused = OutputFolder::check(&over);
    assert!(matches!(refused, Err(TrainError::ForeignOutput { .. })));
    let file = root.path().join("thesis.txt");
    over.output_dir = file.clone();
    assert!(OutputFolder::check(&over).is_err());
    assert!(file.exists());
}
