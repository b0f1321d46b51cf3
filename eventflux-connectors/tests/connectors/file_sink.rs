//! The file sink.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::kit::program::{line_sink, sink_context};
use crate::kit::rows::lines;
use crate::kit::sink_kit;
use eventflux_core::ErrorKind;
use eventflux_core::connector::{Sink, SinkContext, SinkPlan};
use eventflux_core::time::VirtualClock;

pub fn plan(path: &Path, options: &[(&str, &str)]) -> Box<dyn SinkPlan> {
    let given = [&[("path", path.to_str().unwrap()), ("format", "line")], options].concat();
    line_sink("file", &[], &given).unwrap()
}

async fn write(sink: &mut Box<dyn Sink>, rows: &[&str]) {
    sink.write(&lines(rows)).await.unwrap();
}

async fn run(plan: &dyn SinkPlan, rows: &[&str]) {
    let mut sink = plan.open(&sink_context(0, 1)).unwrap();
    write(&mut sink, rows).await;
    sink.close().await.unwrap();
}

/// Names and contents of the files in a directory.
pub fn files(directory: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// All rows of one file or of all part files of a directory, without what stands at their heads.
pub fn rows(path: &Path) -> Vec<String> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        // Parts of one subtask by number.
        paths.sort();
    }
    // What is hidden is not there yet.
    paths.retain(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
    let texts = paths.iter().map(|path| content(path)).collect::<Vec<_>>();
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_contract_of_sinks_is_kept() {
    for name in ["out.txt", "out.gz", "out.zst", "parts/", "packed/"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        let options: &[_] = match name {
            "parts/" => &[("rotate.size", "2000")],
            "packed/" => &[("suffix", ".txt.gz"), ("rotate.size", "4000")],
            _ => &[],
        };
        sink_kit::check(&*plan(&path, options), || rows(&path)).await;
        sink_kit::check_input("file", &[("path", path.to_str().unwrap())]);
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let nowhere = directory.path().join("file/out.txt");
    let nowhere_text = nowhere.to_str().unwrap();
    sink_kit::check_failure(&*plan(&nowhere, &[]), nowhere_text, ErrorKind::Input).await;
}

#[tokio::test]
async fn directories_that_are_not_there_are_made_for_files_as_for_parts() {
    for name in ["a/b/out.txt", "a/b/out.gz", "a/b/parts/"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        let plan = plan(&path, &[("write", "append")]);
        assert!(
            fs::read_dir(directory.path()).unwrap().next().is_none(),
            "a plan makes nothing"
        );
        run(&*plan, &["x"]).await;
        assert_eq!(rows(&path), ["x"], "{name}");
    }
}

/// Root may make directories everywhere but in the system's own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_may_not_be_made_is_named_with_the_reason() {
    let error = plan(Path::new("/proc/none/out.txt"), &[])
        .open(&sink_context(0, 1))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "file `/proc/none/out.txt`: the directory `/proc/none` cannot be made: no such file or directory"
    );
}

#[tokio::test]
async fn a_run_replaces_the_file_or_appends_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    run(&*plan(&path, &[]), &["a", "b"]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "# lines\na\nb\n");
    run(&*plan(&path, &[]), &["c"]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "# lines\nc\n");
    run(&*plan(&path, &[("write", "append")]), &["d"]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "# lines\nc\nd\n");
    assert_eq!(plan(&path, &[]).parallelism_max(), Some(1));
}

#[tokio::test]
async fn a_subtask_that_opens_again_in_one_run_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    let plan = plan(&path, &[]);
    run(&*plan, &["a"]).await;
    run(&*plan, &["b"]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "# lines\na\nb\n");
}

#[tokio::test]
async fn a_half_written_record_does_not_spoil_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    fs::write(&path, "# lines\nhal").unwrap();
    run(&*plan(&path, &[("write", "append")]), &["whole"]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "# lines\nhal\nwhole\n");
}

#[tokio::test]
async fn flushed_rows_are_visible_and_others_are_gathered() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["out.txt", "out.gz", "out.zst"] {
        let path = directory.path().join(name);
        let mut sink = plan(&path, &[]).open(&sink_context(0, 1)).unwrap();
        write(&mut sink, &["a"]).await;
        assert_eq!(content(&path), "", "{name}");
        sink.flush().await.unwrap();
        assert_eq!(content(&path), "# lines\na\n", "{name}");
        write(&mut sink, &["b"]).await;
        drop(sink);
        assert_eq!(
            content(&path),
            "# lines\na\n",
            "{name}: what was not flushed is lost with a failure"
        );
    }
}

/// What can be read of a file, compressed or not, complete or not.
pub fn content(path: &Path) -> String {
    let file = fs::File::open(path).unwrap();
    let mut reader: Box<dyn Read> = match path.extension().unwrap().to_str().unwrap() {
        "gz" => Box::new(flate2::read::MultiGzDecoder::new(file)),
        "zst" => Box::new(zstd::stream::read::Decoder::new(file).unwrap()),
        _ => Box::new(file),
    };
    let (mut content, mut byte) = (Vec::new(), [0]);
    while let Ok(1) = reader.read(&mut byte) {
        content.push(byte[0]);
    }
    String::from_utf8(content).unwrap()
}

#[tokio::test]
async fn compressed_files_can_be_appended_to() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["out.gz", "out.zst"] {
        let path = directory.path().join(name);
        run(&*plan(&path, &[]), &["a"]).await;
        run(&*plan(&path, &[("write", "append")]), &["b"]).await;
        let file = fs::File::open(&path).unwrap();
        let mut text = String::new();
        match name {
            "out.gz" => flate2::read::MultiGzDecoder::new(file)
                .read_to_string(&mut text)
                .unwrap(),
            _ => zstd::stream::read::Decoder::new(file)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap(),
        };
        assert_eq!(text, "# lines\na\nb\n");
    }
}

#[tokio::test]
async fn each_subtask_writes_part_files_and_a_run_replaces_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/out/");
    let first = plan(&path.join(""), &[]);
    assert_eq!(first.parallelism_max(), None);
    let mut sinks: Vec<_> = (0..3)
        .map(|subtask| first.open(&sink_context(subtask, 3)).unwrap())
        .collect();
    write(&mut sinks[0], &["a"]).await;
    write(&mut sinks[2], &["c"]).await;
    for sink in &mut sinks {
        sink.close().await.unwrap();
    }
    fs::write(path.join("other.line"), "").unwrap();
    let part = |name: &str, rows: &str| (name.to_owned(), format!("# lines\n{rows}"));
    let other = ("other.line".to_owned(), String::new());
    assert_eq!(
        files(&path),
        [
            other.clone(),
            part("part-0-00000.line", "a\n"),
            part("part-2-00000.line", "c\n")
        ]
    );
    run(&*plan(&path.join(""), &[("write", "append")]), &["d"]).await;
    assert_eq!(
        files(&path)[1..3],
        [part("part-0-00000.line", "a\n"), part("part-0-00001.line", "d\n")]
    );
    run(&*plan(&path.join(""), &[]), &["e"]).await;
    assert_eq!(files(&path), [other, part("part-0-00000.line", "e\n")]);
}

#[tokio::test]
async fn a_part_file_ends_by_size() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(
        &directory.path().join(""),
        &[("rotate.size", "19"), ("suffix", ".txt")],
    );
    let mut sink = plan.open(&sink_context(0, 1)).unwrap();
    for row in ["0123456", "89", "0123456789ab", "x"] {
        write(&mut sink, &[row]).await;
    }
    sink.close().await.unwrap();
    let contents: Vec<_> = files(directory.path())
        .into_iter()
        .map(|(_, content)| content)
        .collect();
    assert_eq!(
        contents,
        [
            "# lines\n0123456\n89\n",
            "# lines\n0123456789ab\n",
            "# lines\nx\n"
        ]
    );
}

#[tokio::test]
async fn a_part_file_ends_by_age_on_the_clock_it_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(&directory.path().join(""), &[("rotate.interval", "10s")]);
    let clock = Arc::new(VirtualClock::at(0));
    let context = SinkContext {
        clock: Arc::clone(&clock) as _,
        ..sink_context(0, 1)
    };
    let mut sink = plan.open(&context).unwrap();
    write(&mut sink, &["a"]).await;
    clock.advance_to(9_999_999);
    write(&mut sink, &["b"]).await;
    clock.advance_to(10_000_000);
    write(&mut sink, &["c"]).await;
    sink.close().await.unwrap();
    let contents: Vec<_> = files(directory.path())
        .into_iter()
        .map(|(_, content)| content)
        .collect();
    assert_eq!(contents, ["# lines\na\nb\n", "# lines\nc\n"]);
}

#[tokio::test]
async fn options_that_do_not_fit_the_path_are_refused() {
    let wrong = |options: &[(&str, &str)]| {
        let error = line_sink("file", &[], &[&[("format", "line")], options].concat())
            .err()
            .unwrap();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    };
    assert_eq!(
        wrong(&[("path", "out.json"), ("rotate.size", "1MB")]),
        "option `rotate.size`: is for part files, and `path` names one file; end the path in `/`: 'path' = 'out/'"
    );
    assert_eq!(
        wrong(&[("path", "out/*.json")]),
        "option `path`: is a glob; a sink writes one file, or part files in a directory whose path ends in `/`"
    );
    // A path that is not known yet is not wrong.
    let unknown = [
        ("path", None),
        ("format", Some("line")),
        ("rotate.size", Some("1MB")),
    ];
    assert!(crate::kit::program::unresolved_line_sink("file", &unknown).is_ok());
    assert_eq!(wrong(&[("path", "")]), "option `path`: names no file; ");
    assert!(wrong(&[("path", "out/"), ("suffix", "/x")]).contains("slash"));
}

#[tokio::test]
async fn what_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let open = |path: &Path| plan(path, &[]).open(&sink_context(0, 1)).err().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for name in ["out.txt", "below/out.txt", "parts/"] {
        let path = file.join(name);
        let expected = format!(
            "file `{}`: `{}` is not a directory",
            path.display(),
            file.display()
        );
        assert_eq!(open(&path).to_string(), expected);
    }
    assert!(
        open(directory.path())
            .to_string()
            .contains("it is a directory; end the path in `/`")
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_the_environments_fault() {
    let full = plan(Path::new("/dev/full"), &[]);
    sink_kit::check_failure(&*full, "/dev/full", ErrorKind::Environment).await;
    let mut sink = full.open(&sink_context(0, 1)).unwrap();
    write(&mut sink, &["a"]).await;
    let error = sink.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment);
    assert_eq!(error.to_string(), "file `/dev/full`: no space left on device");
}
