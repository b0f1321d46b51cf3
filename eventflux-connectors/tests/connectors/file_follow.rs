//! The file source, `mode` = `follow`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::kit::program::{line, source, source_context};
use crate::kit::rows::texts;
use crate::kit::source_kit::{self, Subtasks};
use eventflux_core::connector::{SourceContext, SourceEvent, SourcePlan, SourcePosition};
use eventflux_core::time::VirtualClock;

fn plan_with(path: &Path, options: &[(&str, &str)]) -> Box<dyn SourcePlan> {
    let given = [
        &[
            ("path", path.to_str().unwrap()),
            ("mode", "follow"),
            ("format", "line"),
        ],
        options,
    ]
    .concat();
    source("file", &[line()], &given).unwrap()
}

fn plan(path: &Path) -> Box<dyn SourcePlan> {
    plan_with(path, &[])
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Reads on until there are so many rows, and returns those that are new.
async fn read_on(subtasks: &mut Subtasks, row_count: usize) -> Vec<String> {
    let before = subtasks.read.rows.len();
    subtasks.read(before + subtasks.read.bad.len() + row_count).await;
    subtasks.read.rows[before..].to_vec()
}

#[tokio::test]
async fn what_is_added_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "# header\na\nb\n");
    assert!(!plan(&path).is_bounded());
    assert_eq!(plan(&path).parallelism_max(), Some(1));
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    assert_eq!(read_on(&mut subtasks, 2).await, ["a", "b"]);
    append(&path, "c\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["c"]);
}

#[tokio::test]
async fn a_half_written_record_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "a\nhal");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["a"]);
    append(&path, "f\nb\n");
    assert_eq!(read_on(&mut subtasks, 2).await, ["half", "b"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_yet_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    append(&path, "a\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["a"]);
    let nowhere = directory.path().join("none/log");
    let error = plan(&nowhere).open(&source_context(0, 1, &[])).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("file `{}`: no such file or directory", nowhere.display())
    );
}

#[tokio::test]
async fn a_rotated_file_is_read_to_its_end_and_then_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "a\n");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["a"]);
    // The writer does not know yet, and goes on in the renamed file after the new one is there.
    let old = directory.path().join("log.1");
    fs::rename(&path, &old).unwrap();
    append(&path, "# header\nnew\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["new"]);
    append(&old, "old\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["old"]);
    append(&path, "newer\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["newer"]);
}

#[tokio::test]
async fn a_truncated_file_is_read_from_its_beginning() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "# header\na\nhalf");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["a"]);
    File::create(&path).unwrap();
    append(&path, "b\n");
    assert_eq!(read_on(&mut subtasks, 2).await, ["half", "b"]);
    // Replaced by something longer than what was there.
    fs::write(&path, "another content\nthat is longer\n").unwrap();
    assert_eq!(
        read_on(&mut subtasks, 2).await,
        ["another content", "that is longer"]
    );
}

#[tokio::test]
async fn files_of_a_directory_are_followed_under_any_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    append(&path("a"), "a1\n");
    assert_eq!(plan(directory.path()).parallelism_max(), None);
    let mut subtasks = Subtasks::open(&*plan(directory.path()), 2, &[]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["a1"]);
    append(&path("b"), "b1\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["b1"]);
    fs::rename(path("a"), path("a.1")).unwrap();
    append(&path("a"), "a2\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["a2"]);
    append(&path("a.1"), "a3\n");
    fs::write(path("old.gz"), "passed over").unwrap();
    assert_eq!(read_on(&mut subtasks, 1).await, ["a3"]);
}

#[tokio::test]
async fn any_positions_are_continued() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let rows: Vec<_> = (0..7).map(|index| format!("{name} {index}")).collect();
        append(
            &directory.path().join(name),
            &format!("# {name}\n{}\n!bad\n", rows.join("\n")),
        );
        expected.extend(rows);
    }
    source_kit::check(|| plan(directory.path()), &expected, 4).await;
    source_kit::check(|| plan(&directory.path().join("*")), &expected, 4).await;
}

#[tokio::test]
async fn a_file_rotated_while_nobody_read_is_read_on_and_then_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "# header\na\nb\n");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    assert_eq!(read_on(&mut subtasks, 2).await, ["a", "b"]);
    let positions = subtasks.positions();
    drop(subtasks);
    append(&path, "c\n");
    fs::rename(&path, directory.path().join("log.1")).unwrap();
    append(&path, "# header\nd\n");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &positions);
    let mut rows = read_on(&mut subtasks, 2).await;
    rows.sort();
    assert_eq!(rows, ["c", "d"]);
    append(&path, "e\n");
    assert_eq!(read_on(&mut subtasks, 1).await, ["e"]);
}

#[tokio::test]
async fn a_file_replaced_while_nobody_read_is_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "a\nb\n");
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    read_on(&mut subtasks, 2).await;
    let positions = subtasks.positions();
    drop(subtasks);
    // The same file with another content, longer than the one before.
    fs::write(&path, "x\ny\nz\n").unwrap();
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &positions);
    assert_eq!(read_on(&mut subtasks, 3).await, ["x", "y", "z"]);
}

#[tokio::test]
async fn from_the_end_only_what_is_added_is_read_but_new_files_are_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    append(&path("a"), "# header\nold\nhal");
    let plan = || plan_with(directory.path(), &[("file.start.position", "end")]);
    let mut subtasks = Subtasks::open(&*plan(), 1, &[]);
    append(&path("a"), "f\nnew\n");
    assert_eq!(read_on(&mut subtasks, 2).await, ["half", "new"]);
    let positions = subtasks.positions();
    drop(subtasks);
    append(&path("b"), "whole\n");
    let mut subtasks = Subtasks::open(&*plan(), 1, &positions);
    assert_eq!(read_on(&mut subtasks, 1).await, ["whole"]);
}

#[tokio::test]
async fn a_file_that_is_gone_and_quiet_ends_with_its_last_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    append(&path, "a\nno end");
    let clock = Arc::new(VirtualClock::at(0));
    let context = SourceContext {
        clock: Arc::clone(&clock) as _,
        ..source_context(0, 1, &[])
    };
    let mut source = plan(&path).open(&context).unwrap();
    let mut events = Vec::new();
    while events.len() < 4 {
        events.push(match source.next().await.unwrap() {
            SourceEvent::Rows(rows) => texts(&rows.rows).join(","),
            SourceEvent::Partitions => format!("{} partitions", source.partitions().iter().flatten().count()),
            SourceEvent::End => "end".to_owned(),
        });
        if events.last().unwrap() == "a" {
            // The end is seen, then the loss, then that nothing comes any more.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(50), source.next()).await;
            fs::remove_file(&path).unwrap();
        }
        clock.advance_to(events.len() as i64 * 100_000_000);
    }
    assert_eq!(events, ["1 partitions", "a", "no end", "0 partitions"]);
    assert_eq!(source.positions().len(), 1, "a file that is gone is forgotten");
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let refused = |options: &[(&str, &str)]| {
        source("file", &[line()], &[&[("format", "line")], options].concat())
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        refused(&[("path", "a.gz"), ("mode", "follow")]),
        "option `mode`: `follow` cannot read a compressed file, which does not grow"
    );
    assert_eq!(
        refused(&[("path", "a"), ("start", "latest")]),
        "option `start`: is for mode `follow`: once, a file is read from its beginning"
    );
    let position = SourcePosition {
        partition: "log".into(),
        position: "17".into(),
    };
    let directory = tempfile::tempdir().unwrap();
    let error = plan(directory.path())
        .open(&source_context(0, 1, &[position]))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "file `log`: `17` is not a position in a followed file"
    );
}
