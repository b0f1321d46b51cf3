//! The file source, `mode` = `once`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::kit::program::{line, metadata, source, source_context};
use crate::kit::rows::texts;
use crate::kit::source_kit::{self, Subtasks};
use arrow::datatypes::DataType;
use eventflux_core::connector::{SourceEvent, SourcePlan, SourcePosition};
use eventflux_core::{Error, ErrorKind};

fn lines(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{name} {index}")).collect()
}

fn plan(path: &Path) -> Box<dyn SourcePlan> {
    source(
        "file",
        &[line()],
        &[("path", path.to_str().unwrap()), ("format", "line")],
    )
    .unwrap()
}

fn open_error(path: &Path, positions: &[SourcePosition]) -> Error {
    plan(path)
        .open(&source_context(0, 1, positions))
        .err()
        .expect("it cannot be opened")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn one_file_is_read_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, lines("a", 30).join("\n")).unwrap();
    assert_eq!(plan(&path).parallelism_max(), Some(1));
    assert!(plan(&path).is_bounded());
    source_kit::check(|| plan(&path), &lines("a", 30), 0).await;
}

#[tokio::test]
async fn files_of_every_kind_are_shared_by_subtasks_and_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let expected: Vec<_> = ["a", "b", "c", "d", "e"]
        .iter()
        .flat_map(|name| lines(name, 11))
        .collect();
    let (plain, header) = (|name| lines(name, 11).join("\n"), "# header\n");
    fs::write(
        directory.path().join("a.txt"),
        header.to_owned() + &plain("a") + "\n!bad\n",
    )
    .unwrap();
    fs::write(directory.path().join("b.txt"), plain("b")).unwrap();
    // Two members, the cut in the middle of a record.
    let both = plain("c") + "\n" + &plain("d") + "\n!bad";
    let (first, second) = both.as_bytes().split_at(60);
    fs::write(
        directory.path().join("c.gz"),
        [gzip(first), gzip(second)].concat(),
    )
    .unwrap();
    let frames = [header.to_owned(), plain("e")].map(|frame| zstd::encode_all(frame.as_bytes(), 1).unwrap());
    fs::write(directory.path().join("d.zst"), frames.concat()).unwrap();
    fs::write(directory.path().join("empty.txt"), "").unwrap();
    fs::write(directory.path().join(".hidden"), "hidden").unwrap();
    assert_eq!(plan(directory.path()).parallelism_max(), Some(5));
    source_kit::check(|| plan(directory.path()), &expected, 2).await;
    source_kit::check(|| plan(&directory.path().join("*")), &expected, 2).await;
}

#[tokio::test]
async fn files_are_read_in_the_order_of_their_names_and_hold_the_watermark_until_the_last_one() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["2", "1", "3"] {
        fs::write(directory.path().join(name), format!("{name}\n")).unwrap();
    }
    let plan = plan(directory.path());
    let mut source = plan.open(&source_context(0, 1, &[])).unwrap();
    let mut steps = Vec::new();
    loop {
        let event = source.next().await.unwrap();
        let partitions = source.partitions().iter().flatten().count();
        match event {
            SourceEvent::Rows(rows) => steps.push(format!("{} of {partitions}", texts(&rows.rows).join(","))),
            SourceEvent::Partitions => steps.push(format!("{partitions} left")),
            SourceEvent::End => break,
        }
    }
    assert_eq!(steps, ["1 of 3", "2 of 2", "1 left", "3 of 1"]);
}

#[tokio::test]
async fn bad_rows_name_file_and_byte() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, "# head\ngood\n!bad\n").unwrap();
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    subtasks.read(2).await;
    let bad = &subtasks.read.bad[0];
    assert_eq!(bad.partition.as_deref(), path.to_str());
    assert_eq!(bad.offset, Some(12));
    assert_eq!(&bad.raw[..], b"!bad");
}

#[tokio::test]
async fn the_path_can_be_a_column() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, "x\ny\n").unwrap();
    let columns = [metadata("path", DataType::Utf8), line()];
    let plan = source(
        "file",
        &columns,
        &[("path", path.to_str().unwrap()), ("format", "line")],
    )
    .unwrap();
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(2).await;
    let path = path.display();
    assert_eq!(subtasks.read.rows, [format!("{path}|x"), format!("{path}|y")]);
}

#[tokio::test]
async fn a_record_longer_than_the_buffer_is_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    let long = "x".repeat(3_000_000);
    fs::write(&path, format!("a\n{long}\nb\n{long}")).unwrap();
    let expected = ["a", &long, "b", &long].map(str::to_owned);
    source_kit::check(|| plan(&path), &expected, 0).await;
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let name = |name: &str| directory.path().join(name);
    let missing = open_error(&name("none.txt"), &[]);
    assert_eq!(
        missing.to_string(),
        format!("file `{}`: no such file or directory", name("none.txt").display())
    );
    assert_eq!(missing.kind(), ErrorKind::Input);
    let empty = open_error(&name("*.txt"), &[]);
    assert_eq!(
        empty.to_string(),
        format!("file `{}`: there are no files", name("*.txt").display())
    );
    let empty = open_error(directory.path(), &[]);
    assert_eq!(
        empty.to_string(),
        format!("file `{}`: there are no files", directory.path().display())
    );
}

#[tokio::test]
async fn a_file_that_shrank_or_went_away_is_not_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.txt");
    fs::write(&path, "a\n").unwrap();
    let name = path.display().to_string();
    let position = |partition: &str, position: &str| SourcePosition {
        partition: partition.into(),
        position: position.into(),
    };
    let mut source = plan(&path)
        .open(&source_context(0, 1, &[position(&name, "7")]))
        .unwrap();
    let error = source.next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("file `{name}`: it was read up to byte 7 and has only 2 now")
    );
    let error = open_error(&path, &[position("gone.txt", "7")]);
    assert_eq!(
        error.to_string(),
        "file `gone.txt`: it was read up to byte 7 and is not there any more"
    );
    plan(&path)
        .open(&source_context(0, 1, &[position("gone.txt", "7 end")]))
        .unwrap();
    let error = open_error(&path, &[position(&name, "seven")]);
    assert_eq!(
        error.to_string(),
        format!("file `{name}`: `seven` is not a position in a file")
    );
}

#[tokio::test]
async fn damaged_compressed_content_is_the_users_input() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("cut.gz", &gzip(&b"a line\n".repeat(99))[..20]),
        ("no.zst", b"not compressed"),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let mut source = plan(&path).open(&source_context(0, 1, &[])).unwrap();
        let error = loop {
            match source.next().await {
                Ok(SourceEvent::End) => panic!("the damage is not seen"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("file `{}`: the compressed content", path.display())),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_named_pipe_is_read_as_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let mut subtasks = Subtasks::open(&*plan(&path), 1, &[]);
    let (written, writer_goes_on) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(path).unwrap();
        pipe.write_all(b"a\nb\nha").unwrap();
        writer_goes_on.recv().unwrap();
        pipe.write_all(b"lf\n").unwrap();
    });
    // Both whole rows come though the third is not complete.
    subtasks.read(2).await;
    assert_eq!(subtasks.read.rows, ["a", "b"]);
    written.send(()).unwrap();
    subtasks.read(usize::MAX).await;
    assert_eq!(subtasks.read.rows, ["a", "b", "half"]);
    writer.join().unwrap();
}
