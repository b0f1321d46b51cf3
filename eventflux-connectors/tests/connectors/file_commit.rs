//! The file sink with checkpoints.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use eventflux_core::ErrorKind;
use eventflux_core::connector::SinkPlan;

use super::file_sink::{content, files, plan, rows};
use crate::kit::commit_kit::{self, Checkpoint, Place, Process};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_once_whenever_the_process_dies() {
    for name in ["out.txt", "out.gz", "out.zst", "parts/", "packed/"] {
        let place = async || {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(name);
            let options: &[_] = match name {
                "parts/" => &[("rotate.size", "5000")],
                "packed/" => &[("suffix", ".txt.gz")],
                _ => &[],
            };
            Place {
                app_id: "app".into(),
                plan: plan(&path, options),
                read: Box::new(move || if path.exists() { rows(&path) } else { Vec::new() }),
                keep: Box::new(directory),
            }
        };
        commit_kit::check(place).await;
    }
}

fn texts(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| row.to_string()).collect()
}

/// One run that commits `a` and `b` and dies when the checkpoint of `c` is durable.
async fn died_before_the_commit(plan: &dyn SinkPlan) -> (Checkpoint, Checkpoint) {
    let mut process = Process::start("app", plan, 1, None, 1).await.unwrap();
    process.write(0, &texts(&["a", "b"])).await;
    let first = process.checkpoint().await;
    process.write(0, &texts(&["c", "d", "e"])).await;
    (first, process.pre_commit().await)
}

async fn restart(plan: &dyn SinkPlan, checkpoint: &Checkpoint) -> Result<Process, String> {
    let process = Process::start("app", plan, 2, Some(checkpoint), 1).await;
    process.map_err(|error| error.to_string())
}

/// The staged file of a directory.
fn staged(directory: &Path) -> PathBuf {
    let mut paths = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_staged = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(".staged-")
    };
    paths.find(is_staged).unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_half_appended_epoch_is_cut_back_and_appended_again() {
    for name in ["out.txt", "out.gz"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        let plan = plan(&path, &[]);
        let (_, checkpoint) = died_before_the_commit(&*plan).await;
        let rows = fs::read(staged(directory.path())).unwrap();
        for length in [1, rows.len() / 2, rows.len() - 1] {
            let committed = fs::read(&path).unwrap();
            append(&path, &rows[..length]);
            // The kill came in the middle of the append; the next one in the middle of the restart.
            let staged_path = staged(directory.path());
            let process = restart(&*plan, &checkpoint).await.unwrap();
            assert_eq!(content(&path), "# lines\na\nb\nc\nd\ne\n");
            assert!(!staged_path.exists(), "what is appended needs no staging");
            drop(process);
            fs::write(&staged_path, &rows).unwrap();
            fs::write(&path, committed).unwrap();
        }
    }
}

#[tokio::test]
async fn staged_rows_that_are_damaged_or_gone_are_named_and_not_appended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    let plan = plan(&path, &[]);
    let (_, checkpoint) = died_before_the_commit(&*plan).await;
    let staged = staged(directory.path());
    let whole = fs::read(&staged).unwrap();
    let mut flipped = whole.clone();
    flipped[2] ^= 1;
    let longer = [&whole[..], b"x\n"].concat();
    for damaged in [&whole[..3], &flipped, &longer, b""] {
        fs::write(&staged, damaged).unwrap();
        assert_eq!(
            restart(&*plan, &checkpoint).await.err().unwrap(),
            format!(
                "file `{}`: rows of checkpoint {} are damaged",
                staged.display(),
                checkpoint.epoch
            )
        );
        assert_eq!(content(&path), "# lines\na\nb\n");
    }
    fs::remove_file(&staged).unwrap();
    assert!(
        restart(&*plan, &checkpoint)
            .await
            .err()
            .unwrap()
            .ends_with("are gone")
    );
    fs::write(&staged, whole).unwrap();
    restart(&*plan, &checkpoint).await.unwrap();
    assert_eq!(content(&path), "# lines\na\nb\nc\nd\ne\n");
}

#[tokio::test]
async fn a_file_that_does_not_fit_the_checkpoint_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    let plan = plan(&path, &[]);
    let (first, last) = died_before_the_commit(&*plan).await;
    let process = restart(&*plan, &last).await.unwrap();
    drop(process);
    let whole = fs::read(&path).unwrap();
    let older = restart(&*plan, &first).await.err().unwrap();
    assert!(
        older.contains("it has 18 bytes, and the checkpoint knows of 12"),
        "{older}"
    );
    append(&path, b"of somebody else\n");
    assert!(
        restart(&*plan, &last)
            .await
            .err()
            .unwrap()
            .contains("the checkpoint is older")
    );
    fs::write(&path, &whole[..5]).unwrap();
    let cut = restart(&*plan, &last).await.err().unwrap();
    assert!(cut.contains("it has 5 bytes, and 12 had been committed"), "{cut}");
    fs::remove_file(&path).unwrap();
    let gone = restart(&*plan, &last).await.err().unwrap();
    assert!(
        gone.contains("it is gone, and 12 bytes had been committed to it"),
        "{gone}"
    );
    fs::write(&path, &whole).unwrap();
    assert!(restart(&*plan, &last).await.is_ok());
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn somebody_who_writes_to_the_file_meanwhile_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    let plan = plan(&path, &[]);
    let mut process = Process::start("app", &*plan, 1, None, 1).await.unwrap();
    process.write(0, &texts(&["a"])).await;
    process.checkpoint().await;
    append(&path, b"this is longer than what comes next\n");
    process.write(0, &texts(&["b"])).await;
    process.pre_commit().await;
    let error = process.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(
        error.to_string().contains("something else writes to it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_first_run_replaces_the_file_or_appends_to_it_and_a_restored_one_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    fs::write(&path, "old\nhalf").unwrap();
    let append = plan(&path, &[("write", "append")]);
    let (_, checkpoint) = died_before_the_commit(&*append).await;
    assert_eq!(content(&path), "old\nhalf\na\nb\n");
    restart(&*append, &checkpoint).await.unwrap();
    assert_eq!(content(&path), "old\nhalf\na\nb\nc\nd\ne\n");
    let truncate = plan(&path, &[]);
    restart(&*truncate, &checkpoint).await.unwrap();
    assert_eq!(content(&path), "old\nhalf\na\nb\nc\nd\ne\n");
    let mut process = Process::start("app", &*truncate, 1, None, 1).await.unwrap();
    process.checkpoint().await;
    assert_eq!(content(&path), "# lines\n");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_made_in_a_first_run_and_in_a_restored_one() {
    let place = tempfile::tempdir().unwrap();
    for (name, is_lost) in [("out.txt", true), ("parts/", false)] {
        let path = place.path().join("a/b").join(name);
        let plan = plan(&path, &[("write", "append")]);
        let mut process = Process::start("app", &*plan, 1, None, 1).await.unwrap();
        let checkpoint = process.checkpoint().await;
        drop(process);
        fs::remove_dir_all(place.path().join("a")).unwrap();
        let restarted = restart(&*plan, &checkpoint).await;
        if is_lost {
            // The head had been committed.
            let message = restarted.err().unwrap();
            assert!(message.contains("rows of checkpoint 11 are gone"), "{message}");
            continue;
        }
        let mut process = restarted.unwrap();
        process.write(0, &texts(&["a"])).await;
        process.checkpoint().await;
        assert_eq!(rows(&path), ["a"]);
    }
}

#[tokio::test]
async fn parts_that_were_taken_away_are_not_missed_and_their_names_not_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let parts = directory.path().join("parts/");
    let plan_again = || plan(&parts, &[("suffix", "")]);
    let (_, checkpoint) = died_before_the_commit(&*plan_again()).await;
    let mut process = restart(&*plan_again(), &checkpoint).await.unwrap();
    let expected = [
        ("part-0-00000", "# lines\na\nb\n"),
        ("part-0-00001", "# lines\nc\nd\ne\n"),
    ];
    assert_eq!(
        files(&parts),
        expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
    process.write(0, &texts(&["f"])).await;
    let checkpoint = process.checkpoint().await;
    drop(process);
    for (name, _) in files(&parts) {
        fs::remove_file(parts.join(name)).unwrap();
    }
    let mut process = restart(&*plan_again(), &checkpoint).await.unwrap();
    process.write(0, &texts(&["g"])).await;
    process.checkpoint().await;
    assert_eq!(
        files(&parts),
        [("part-0-00003".to_owned(), "# lines\ng\n".to_owned())]
    );
}

#[tokio::test]
async fn parts_that_the_checkpoint_does_not_know_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let parts = directory.path().join("parts/");
    let plan = plan(&parts, &[("suffix", "")]);
    let (first, last) = died_before_the_commit(&*plan).await;
    restart(&*plan, &last).await.unwrap();
    let error = restart(&*plan, &first).await.err().unwrap();
    let part = parts.join("part-0-00001");
    assert!(
        error.starts_with(&format!(
            "file `{}`: the checkpoint does not know",
            part.display()
        )),
        "{error}"
    );
    assert!(restart(&*plan, &last).await.is_ok());
}

#[tokio::test]
async fn a_checkpoint_of_another_kind_of_path_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (file, parts) = (directory.path().join("out.txt"), directory.path().join("parts/"));
    let (_, of_file) = died_before_the_commit(&*plan(&file, &[])).await;
    let (_, of_parts) = died_before_the_commit(&*plan(&parts, &[])).await;
    assert!(
        restart(&*plan(&file, &[]), &of_parts)
            .await
            .err()
            .unwrap()
            .contains("part files")
    );
    assert!(
        restart(&*plan(&parts, &[]), &of_file)
            .await
            .err()
            .unwrap()
            .contains("that of a file")
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_or_device_is_written_as_rows_come() {
    assert!(plan(Path::new("/dev/null"), &[]).exactly_once().is_none());
    let directory = tempfile::tempdir().unwrap();
    assert!(plan(&directory.path().join("out"), &[]).exactly_once().is_some());
}
