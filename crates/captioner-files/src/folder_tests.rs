use super::*;
use crate::{read_json, write_json};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

pub(super) const ABORT_AT: &str = "CAPTIONER_FILES_TEST_ABORT_AT";
const TARGET: &str = "CAPTIONER_FILES_TEST_TARGET";
const WAY: &str = "CAPTIONER_FILES_TEST_WAY";
const READY: &str = "CAPTIONER_FILES_TEST_READY";

/// How the finished folder takes the former one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As [`replace_folder`] does it here.
    Exchange,
    /// As it does it where the file system can't exchange.
    Renames,
}

fn replace<E: From<FileError>>(
    target: &Path,
    way: Way,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    match way {
        Way::Exchange => replace_folder(target, fill),
        Way::Renames => super::replace(target, |_, _| Exchanged::Unsupported, |_| Ok(()), fill),
    }
}

const WAYS: [Way; 2] = [Way::Exchange, Way::Renames];
/// All points at which the tests end the process.
const STEPS: [&str; 5] = ["filled", "flushed", "aside", "moved in", "in place"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Writes two files that belong together.
fn fill(target: &Path, way: Way, value: u32) -> Result<(), FileError> {
    replace(target, way, |folder| {
        write_json(folder.join("a.json"), &value)?;
        write_json(folder.join("b.json"), &value)
    })
}

/// The value of both files of a whole folder.
fn value(target: &Path) -> u32 {
    let [a, b] = ["a.json", "b.json"].map(|name| read_json::<u32>(target.join(name)).unwrap());
    assert_eq!(a, b);
    a
}

fn target() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("model");
    (root, target)
}

#[test]
fn a_folder_is_replaced_and_nothing_of_the_former_one_stays() {
    for way in WAYS {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("deep").join("model");
        replace(&target, way, |folder| write_json(folder.join("c.json"), &1)).unwrap();
        assert_eq!(names(&target), ["c.json"]);
        fill(&target, way, 2).unwrap();
        assert_eq!(value(&target), 2);
        assert_eq!(names(&target), ["a.json", "b.json"]);
        assert_eq!(names(target.parent().unwrap()), ["model"]);
    }
}

#[test]
fn this_file_system_exchanges_in_one_step() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let (_root, target) = target();
    fill(&target, Way::Exchange, 1).unwrap();
    let other = target.with_file_name("other");
    fill(&other, Way::Exchange, 2).unwrap();
    assert!(matches!(exchange(&other, &target), Exchanged::Done));
    assert_eq!((value(&target), value(&other)), (2, 1));
}

#[test]
fn a_failed_fill_leaves_the_former_folder_and_no_scratch() {
    for way in WAYS {
        let (root, target) = target();
        fill(&target, way, 1).unwrap();
        let failed = replace(&target, way, |folder| {
            write_json(folder.join("a.json"), &2)?;
            write_json(folder.join("missing").join("b.json"), &3)
        });
        assert!(matches!(failed, Err(FileError::MissingFolder { .. })));
        assert_eq!(value(&target), 1);
        assert_eq!(names(root.path()), ["model"]);
    }
}

#[test]
fn a_panic_in_fill_leaves_the_former_folder_and_no_scratch() {
    let (root, target) = target();
    fill(&target, Way::Exchange, 1).unwrap();
    let panicked = std::panic::catch_unwind(|| {
        replace(&target, Way::Exchange, |_| -> Result<(), FileError> {
            panic!("while filling")
        })
    });
    assert!(panicked.is_err());
    assert_eq!(value(&target), 1);
    assert_eq!(names(root.path()), ["model"]);
}

#[test]
fn a_file_in_the_way_is_a_named_error_and_stays() {
    let (root, target) = target();
    fs::write(&target, "mine").unwrap();
    let error = fill(&target, Way::Exchange, 1).unwrap_err();
    assert!(matches!(error, FileError::NotFolder { .. }), "{error}");
    let error = fill(&target.join("deep"), Way::Exchange, 1).unwrap_err();
    assert!(matches!(error, FileError::NotFolder { .. }), "{error}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert_eq!(names(root.path()), ["model"]);
}

#[test]
fn a_path_without_a_name_is_a_named_error() {
    for path in ["", "/", ".."] {
        let error = fill(Path::new(path), Way::Exchange, 1).unwrap_err();
        assert!(matches!(error, FileError::NoName { .. }), "{error}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode()
    }

    #[test]
    fn a_new_folder_is_as_readable_as_any_and_a_replaced_one_as_before() {
        let (root, target) = target();
        let other = root.path().join("other");
        fs::create_dir(&other).unwrap();
        fill(&target, Way::Exchange, 1).unwrap();
        assert_eq!(mode(&target), mode(&other));
        fs::set_permissions(&target, Permissions::from_mode(0o750)).unwrap();
        fill(&target, Way::Exchange, 2).unwrap();
        assert_eq!(mode(&target) & 0o777, 0o750);
    }

    #[test]
    fn a_link_stays_and_the_folder_it_leads_to_is_replaced() {
        for way in WAYS {
            let (root, link) = target();
            let elsewhere = root.path().join("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            let real = elsewhere.join("real");
            symlink("elsewhere/real", &link).unwrap();
            for value in [1, 2] {
                fill(&link, way, value).unwrap(); // the first time it leads to nothing
                assert_eq!(super::value(&real), value);
            }
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(names(&elsewhere), ["real"]);
        }
    }

    #[test]
    fn what_links_in_the_former_folder_lead_to_is_not_removed() {
        let (root, target) = target();
        let mine = root.path().join("mine");
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("a"), "1").unwrap();
        replace(&target, Way::Exchange, |folder| {
            symlink(&mine, folder.join("link")).map_err(FileError::io("link", folder))
        })
        .unwrap();
        fill(&target, Way::Exchange, 1).unwrap();
        assert_eq!(names(&mine), ["a"]);
    }
}

/// The child's part of the tests below: fills a folder, and is killed while it does.
#[test]
#[ignore = "run by the tests that kill it"]
fn child() {
    let Some(target) = std::env::var_os(TARGET) else {
        return;
    };
    let way = match std::env::var(WAY).as_deref() {
        Ok("Renames") => Way::Renames,
        _ => Way::Exchange,
    };
    if let Some(ready) = std::env::var_os(READY) {
        let _ = replace(Path::new(&target), way, |folder| {
            write_json(folder.join("a.json"), &2)?;
            fs::write(&ready, "").map_err(FileError::io("write", &ready))?;
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
            #[expect(unreachable_code, reason = "it names the type")]
            Ok::<(), FileError>(())
        });
    }
    fill(Path::new(&target), way, 2).unwrap();
}

fn command(target: &Path, way: Way) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "folder::tests::child"])
        .env(TARGET, target)
        .env(WAY, format!("{way:?}"))
        .current_dir(target.parent().unwrap());
    command
}

/// Fills `target` with 2 in a process that ends at `step`.
fn aborted(target: &Path, way: Way, step: &str) -> ExitStatus {
    let output = command(target, way).env(ABORT_AT, step).output().unwrap();
    output.status
}

#[test]
fn a_process_that_is_not_killed_fills_the_folder() {
    for way in WAYS {
        let (_root, target) = target();
        assert!(aborted(&target, way, "never").success());
        assert_eq!(value(&target), 2);
    }
}

#[test]
fn whenever_a_process_is_killed_the_former_or_the_new_folder_is_there() {
    for step in STEPS {
        let (root, target) = target();
        fill(&target, Way::Exchange, 1).unwrap();
        let killed = !aborted(&target, Way::Exchange, step).success();
        // With an exchange there are no moments in which the former folder is aside.
        assert_eq!(killed, ["filled", "in place"].contains(&step), "{step}");
        let expected = if step == "filled" { 1 } else { 2 };
        assert_eq!(value(&target), expected, "{step}");

        fill(&target, Way::Exchange, 3).unwrap();
        assert_eq!(value(&target), 3);
        assert_eq!(names(root.path()), ["model"], "{step}");
    }
}

#[test]
fn without_an_exchange_the_former_folder_is_put_back_before_anything_is_removed() {
    for step in STEPS {
        let (root, target) = target();
        fill(&target, Way::Renames, 1).unwrap();
        assert!(!aborted(&target, Way::Renames, step).success(), "{step}");
        assert_eq!(target.exists(), step != "aside", "{step}");
        recover_folder(&target).unwrap();
        let expected = if ["moved in", "in place"].contains(&step) {
            2
        } else {
            1
        };
        assert_eq!(value(&target), expected, "{step}");

        fill(&target, Way::Renames, 3).unwrap();
        assert_eq!(value(&target), 3);
        assert_eq!(names(root.path()), ["model"], "{step}");
    }
}

#[test]
fn a_failed_fill_after_a_kill_puts_the_former_folder_back() {
    let (root, target) = target();
    fill(&target, Way::Renames, 1).unwrap();
    aborted(&target, Way::Renames, "aside");
    assert!(!target.exists());
    let failed = replace(&target, Way::Renames, |folder| {
        read_json::<u32>(folder.join("missing.json")).map(drop)
    });
    assert!(failed.is_err());
    assert_eq!(value(&target), 1);
    assert_eq!(names(root.path()), ["model"]);
}

#[test]
fn the_first_folder_of_a_killed_process_is_removed_by_the_next() {
    for way in WAYS {
        let (root, target) = target();
        aborted(&target, way, "filled");
        assert!(!target.exists());
        assert_eq!(names(root.path()).len(), 1);
        recover_folder(&target).unwrap();
        assert!(
            !target.exists(),
            "what is not known to be whole is not put in place"
        );
        fill(&target, way, 3).unwrap();
        assert_eq!(names(root.path()), ["model"]);
    }
}

/// A process at work on `target`, which ends only when it is killed.
fn at_work(root: &Path, target: &Path) -> Child {
    let ready = root.join("ready");
    let mut command = command(target, Way::Renames);
    let child = command.env(READY, &ready).spawn().unwrap();
    while !ready.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(&ready).unwrap();
    child
}

#[test]
fn what_a_living_process_writes_is_left_alone_until_it_is_killed() {
    let (root, target) = target();
    fill(&target, Way::Exchange, 1).unwrap();
    let mut child = at_work(root.path(), &target);
    let before = names(root.path());
    fill(&target, Way::Exchange, 3).unwrap();
    let after = names(root.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((before.len(), &after), (2, &before));
    assert_eq!(value(&target), 3);
    fill(&target, Way::Exchange, 4).unwrap();
    assert_eq!(names(root.path()), ["model"]);
}

#[test]
fn what_only_looks_like_scratch_is_left_alone() {
    let (root, target) = target();
    for name in [
        ".model.captioner-",
        ".model.captioner-1-2",
        ".model.captioner-1-2-x",
        ".model2.captioner-1-2-3",
        "model.captioner-1-2-3",
        ".model.captioner-1-2-4",
    ] {
        let folder = root.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("mine"), "1").unwrap();
    }
    let before = names(root.path());
    fill(&target, Way::Exchange, 1).unwrap();
    let after: Vec<_> = names(root.path())
        .into_iter()
        .filter(|name| name != "model")
        .collect();
    assert_eq!(after, before);
}

#[test]
fn of_several_former_folders_the_last_is_put_back() {
    let (root, target) = target();
    // The order of the names is not that of the times.
    for (value, name) in [(1, ".model.captioner-9-9-9"), (2, ".model.captioner-1-1-1")] {
        let scratch = root.path().join(name);
        fs::create_dir(&scratch).unwrap();
        fs::write(scratch.join("lock"), "").unwrap();
        fill(&scratch.join("former"), Way::Exchange, value).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    recover_folder(&target).unwrap();
    assert_eq!(value(&target), 2);
    fill(&target, Way::Exchange, 3).unwrap();
    assert_eq!(names(root.path()), ["model"]);
}

#[test]
fn names_of_any_length_can_be_replaced() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("n".repeat(250));
    fill(&target, Way::Exchange, 1).unwrap();
    assert!(!aborted(&target, Way::Renames, "aside").success());
    fill(&target, Way::Exchange, 3).unwrap();
    assert_eq!(names(root.path()), ["n".repeat(250)]);
}

#[test]
fn threads_that_replace_the_same_folder_leave_one_of_theirs_whole() {
    for way in WAYS {
        let (root, target) = target();
        fill(&target, way, 0).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let target = &target;
                scope.spawn(move || {
                    for round in 0..25 {
                        fill(target, way, 100 * thread + round).unwrap();
                        if way == Way::Exchange {
                            assert!(target.exists());
                        }
                    }
                });
            }
        });
        assert_eq!(value(&target) % 100, 24, "the last of some thread");
        assert_eq!(names(root.path()), ["model"]);
    }
}

#[test]
fn an_update_keeps_what_is_not_written_and_shows_all_that_is_at_once() {
    let (_root, target) = target();
    fs::create_dir_all(target.join("deep")).unwrap();
    fs::write(target.join("notes.txt"), "mine").unwrap();
    fs::write(target.join("deep/more.txt"), "mine too").unwrap();
    fs::write(target.join("a.json"), "1").unwrap();
    let failed = update_folder(&target, |folder| {
        write_json(folder.join("a.json"), &2)?;
        // Nothing of it is seen before the end.
        assert_eq!(fs::read_to_string(target.join("a.json")).unwrap(), "1");
        Err(FileError::io("write", "b.json")(
            ErrorKind::StorageFull.into(),
        ))
    });
    assert!(failed.is_err());
    assert_eq!(fs::read_to_string(target.join("a.json")).unwrap(), "1");
    update_folder(&target, |folder| {
        write_json(folder.join("a.json"), &2)?;
        write_json(folder.join("b.json"), &3)
    })
    .unwrap();
    assert_eq!(names(&target), ["a.json", "b.json", "deep", "notes.txt"]);
    assert_eq!(
        fs::read_to_string(target.join("a.json")).unwrap().trim(),
        "2"
    );
    assert_eq!(
        fs::read_to_string(target.join("notes.txt")).unwrap(),
        "mine"
    );
    assert_eq!(
        fs::read_to_string(target.join("deep/more.txt")).unwrap(),
        "mine too"
    );
}

#[test]
fn a_removed_folder_is_gone_at_once_and_nothing_else_is() {
    let (root, target) = target();
    fill(&target, Way::Exchange, 1).unwrap();
    fs::write(root.path().join("beside.txt"), "mine").unwrap();
    remove_folder(&target).unwrap();
    assert_eq!(names(root.path()), ["beside.txt"]);
    assert!(remove_folder(&target).is_err());
    assert_eq!(names(root.path()), ["beside.txt"]);
}

#[test]
fn cleaning_a_folder_puts_back_and_removes_what_killed_processes_left_of_any_target() {
    let (root, target) = target();
    fill(&target, Way::Renames, 1).unwrap();
    assert!(!aborted(&target, Way::Renames, "aside").success());
    let other = root.path().join("checkpoint-7");
    assert!(!aborted(&other, Way::Exchange, "filled").success());
    fs::write(root.path().join(".notes.captioner-mine"), "mine").unwrap();
    assert!(!target.exists());
    clean_folder(root.path()).unwrap();
    assert_eq!(value(&target), 1);
    let name = target.file_name().unwrap().to_str().unwrap();
    let mut left = vec![".notes.captioner-mine", name];
    left.sort_unstable();
    assert_eq!(names(root.path()), left);
    clean_folder(root.path().join("nowhere")).unwrap();
}

#[test]
fn scratch_within_scratch_goes_with_it() {
    let (root, target) = target();
    let nested = replace_folder(&target, |folder| {
        let inner = folder.parent().unwrap().join(".new.captioner-1-2-3");
        fs::create_dir(&inner).map_err(FileError::io("create", &inner))?;
        fs::write(inner.join("a"), "").map_err(FileError::io("write", &inner))?;
        write_json(folder.join("a.json"), &1)
    });
    nested.unwrap();
    assert_eq!(names(root.path()).len(), 1);
}
