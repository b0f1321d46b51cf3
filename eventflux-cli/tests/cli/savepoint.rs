//! `savepoint create` of an app that runs, does not, or dies meanwhile.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::command::{Outcome, Workplace, copy_directory, signal, wait_until};

const COUNT: &str = "CREATE STREAM t (k STRING) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
SELECT k, count(*) AS c FROM t GROUP BY k;";

/// Nobody but who asks takes a checkpoint.
const HOURLY: [&str; 4] = ["--state-dir", "state", "--checkpoint-interval", "1h"];

const CREATE: [&str; 5] = ["savepoint", "create", "saved/one", "--state-dir", "state"];

/// An app that counts the rows of a file.
struct App {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl App {
    fn place() -> Workplace {
        let place = Workplace::new();
        place.write("app.sql", COUNT).write("in.ndjson", "");
        place
    }

    fn start(place: &Workplace, flags: &[&str]) -> Self {
        Self::start_with(place, flags, "")
    }

    fn start_with(place: &Workplace, flags: &[&str], fail_points: &str) -> Self {
        let mut child = place
            .command(&[&["run", "app.sql", "--format", "ndjson"], flags].concat())
            .env("FAILPOINTS", fail_points)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// Adds a row and waits until the app has counted so many.
    fn count_to(&mut self, place: &Workplace, count: u64) {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(place.path("in.ndjson"))
            .unwrap();
        writeln!(file, "{{\"k\":\"a\"}}").unwrap();
        let expected = format!("\"c\":{count}}}");
        let mut line = String::new();
        while !line.contains(&expected) {
            line.clear();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended before {count}");
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn stop(mut self) -> Outcome {
        signal(&self.child, "INT");
        std::io::copy(&mut self.stdout, &mut std::io::sink()).unwrap();
        Outcome::of(self.child.wait_with_output().unwrap())
    }
}

/// What a savepoint has counted: the next row tells, on another machine.
#[track_caller]
fn counted(place: &Workplace, saved: &str) -> u64 {
    let other = Workplace::new();
    copy_directory(&place.path(saved), &other.path("saved"));
    let input = place.read("in.ndjson");
    other
        .write("app.sql", COUNT)
        .write("in.ndjson", format!("{input}{{\"k\":\"a\"}}\n"));
    let run = [
        "run",
        "app.sql",
        "--state-dir",
        "state",
        "--from",
        "saved",
        "-p",
        "1",
    ];
    let ended = other
        .run(&[&run[..], &["--until", "1rows", "--format", "ndjson"]].concat())
        .exits(0);
    let first = ended.stdout.lines().next().unwrap();
    let row: Value = serde_json::from_str(first).unwrap();
    match row["op"].as_str().unwrap() {
        "+I" => 0,
        "-U" => row["data"]["c"].as_u64().unwrap(),
        other => panic!("{other}"),
    }
}

fn is_empty_or_absent(path: &Path) -> bool {
    std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn a_savepoint_of_a_running_app_has_what_was_read_before_the_question() {
    let place = App::place();
    let mut app = App::start(&place, &HOURLY);
    for (count, path) in [(1, "saved/one"), (2, "saved/two")] {
        // The interval is an hour: nobody else takes a checkpoint.
        app.count_to(&place, count);
        let create = ["savepoint", "create", path, "--state-dir", "state"];
        let made = place.run(&create).exits(0);
        let lines: Vec<_> = made.stdout.lines().collect();
        assert!(lines[0].ends_with(&format!(" is in {path}")), "{lines:?}");
        assert_eq!(
            lines[1..],
            ["it is fresh: what `app` had read before the question is in it"]
        );
        assert_eq!(made.stderr, "");
        assert_eq!(counted(&place, path), count);
    }
    app.count_to(&place, 3);
    let made = place.run(&[&CREATE[..2], &["saved/three", "--state-dir", "state", "--json"]].concat());
    let made: Value = serde_json::from_str(&made.exits(0).stdout).unwrap();
    assert_eq!(made["origin"], "fresh");
    assert_eq!(made["path"], "saved/three");
    assert_eq!(made["app"], "app");
    assert!(made["checkpoint"].as_u64() > Some(0) && made["age_ms"].as_u64() < Some(60_000));
    app.count_to(&place, 4);
    app.stop().exits(0);
}

#[test]
fn the_last_checkpoint_can_be_had_of_an_app_that_hangs() {
    let place = App::place();
    let mut app = App::start(&place, &HOURLY);
    app.count_to(&place, 1);
    place.run(&CREATE).exits(0);
    app.count_to(&place, 2);
    signal(&app.child, "STOP");
    let hung = ["savepoint", "create", "saved/two", "--state-dir", "state"];
    let refused = place.run(&[&hung[..], &["--wait", "100ms"]].concat()).exits(3);
    let holder = format!("process {} uses `state` and gives no answer", app.child.id());
    assert!(
        refused.stderr.contains(&holder) && refused.stderr.contains("--last"),
        "{}",
        refused.stderr
    );
    assert!(!place.path("saved/two").exists());
    let made = place.run(&[&hung[..], &["--last"]].concat()).exits(0);
    assert!(
        made.stdout.contains("the last one of `app`, written")
            && made.stdout.contains("what was read since is not in it"),
        "{}",
        made.stdout
    );
    assert_eq!(counted(&place, "saved/two"), 1);
    signal(&app.child, "CONT");
    app.count_to(&place, 3);
    app.kill();
}

#[test]
fn an_app_that_does_not_run_gives_its_last_checkpoint_whether_it_was_stopped_or_killed() {
    let place = App::place();
    let mut app = App::start(&place, &HOURLY);
    let socket = place.path("state/.control");
    app.count_to(&place, 1);
    let found = std::fs::metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    app.stop().exits(0);
    assert!(!socket.exists());
    let made = place.run(&CREATE).exits(0);
    assert!(
        made.stdout
            .contains("the last one of `app`, which does not run; it was written"),
        "{}",
        made.stdout
    );
    assert_eq!(counted(&place, "saved/one"), 1);

    let mut app = App::start(&place, &HOURLY);
    app.count_to(&place, 2);
    app.kill();
    assert!(socket.exists());
    let after_kill = ["savepoint", "create", "saved/two", "--state-dir", "state"];
    let made = place.run(&after_kill).exits(0);
    assert!(made.stdout.contains("does not run"), "{}", made.stdout);
    assert_eq!(counted(&place, "saved/two"), 1);

    // The next start takes the place of the socket that is left.
    let mut app = App::start(&place, &HOURLY);
    app.count_to(&place, 3);
    let fresh = ["savepoint", "create", "saved/three", "--state-dir", "state"];
    assert!(place.run(&fresh).exits(0).stdout.contains("it is fresh"));
    assert_eq!(counted(&place, "saved/three"), 3);
    app.kill();
}

#[test]
fn several_may_ask_at_once_while_checkpoints_come_and_go() {
    let place = App::place();
    let busy = [
        "--state-dir",
        "state",
        "--checkpoint-interval",
        "1ms",
        "--retained-checkpoints",
        "1",
    ];
    let mut app = App::start(&place, &busy);
    app.count_to(&place, 1);
    let paths = ["saved/a", "saved/b", "saved/c", "saved/d"];
    let children: Vec<_> = paths
        .iter()
        .map(|path| {
            let mut create = place.command(&["savepoint", "create", path, "--state-dir", "state"]);
            create
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for (child, path) in children.into_iter().zip(paths) {
        let made = Outcome::of(child.wait_with_output().unwrap()).exits(0);
        assert!(made.stdout.contains("it is fresh"), "{}", made.stdout);
        assert_eq!(counted(&place, path), 1);
    }
    app.stop().exits(0);
}

#[test]
fn what_cannot_be_is_said_and_nothing_is_left() {
    let place = App::place();
    let refused = |arguments: &[&str], code: i32, parts: &[&str]| {
        let refused = place
            .run(&[&["savepoint", "create"], arguments].concat())
            .exits(code);
        for part in parts {
            assert!(refused.stderr.contains(part), "no `{part}` in {}", refused.stderr);
        }
        assert_eq!(refused.stdout, "");
        refused.stderr
    };
    let mut app = App::start(&place, &HOURLY);
    app.count_to(&place, 1);
    refused(&["saved/one", "--state-dir", "sate"], 2, &["no directory `sate`"]);
    refused(&["saved/one"], 2, &["--state-dir"]);
    std::fs::create_dir(place.path("empty")).unwrap();
    refused(
        &["saved/one", "--state-dir", "empty"],
        2,
        &["no checkpoint", "empty"],
    );
    refused(
        &["saved/one", "--state-dir", "state", "--epoch", "77"],
        2,
        &["no checkpoint of epoch 77"],
    );
    refused(
        &["saved/one", "--state-dir", "state", "--epoch", "1", "--last"],
        2,
        &["--last"],
    );
    let json = refused(&["saved/one", "--state-dir", "sate", "--json"], 2, &[]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["code"], "usage");
    assert!(!place.path("saved").exists());
    assert!(is_empty_or_absent(&place.path("empty")));

    // Where something is, no savepoint is made.
    place.run(&CREATE).exits(0);
    refused(&CREATE[2..], 2, &["saved/one has checkpoints already"]);
    refused(&[".", "--state-dir", "state"], 2, &[". is not empty"]);
    refused(
        &["app.sql", "--state-dir", "state"],
        2,
        &["app.sql is not a directory"],
    );
    refused(&["state", "--state-dir", "state"], 2, &["state"]);
    place.run(&["savepoint", "inspect", "saved/one"]).exits(0);
    app.count_to(&place, 2);
    app.kill();
}

#[test]
fn an_app_that_ends_is_waited_for() {
    let place = App::place();
    let here = place.path("here");
    let held = format!("coordinator.over=wait:{}", here.display());
    let mut app = App::start_with(&place, &HOURLY, &held);
    app.count_to(&place, 1);
    signal(&app.child, "INT");
    wait_until("the end", || here.exists());
    let short = place.run(&[&CREATE[..], &["--wait", "200ms"]].concat()).exits(3);
    assert!(short.stderr.contains("is ending"), "{}", short.stderr);
    assert!(!place.path("saved").exists());
    let mut create = place.command(&CREATE);
    let create = create
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the beginning of the copy", || place.path("saved/one").exists());
    std::fs::remove_file(&here).unwrap();
    let made = Outcome::of(create.wait_with_output().unwrap()).exits(0);
    assert!(made.stdout.contains("does not run"), "{}", made.stdout);
    assert_eq!(counted(&place, "saved/one"), 1);
    Outcome::of(app.child.wait_with_output().unwrap()).exits(0);
}

#[test]
fn why_a_checkpoint_fails_is_told_and_an_app_that_dies_meanwhile_too() {
    let place = App::place();
    let mut app = App::start_with(&place, &HOURLY, "recorder.manifest.made=error");
    app.count_to(&place, 1);
    let refused = place.run(&CREATE).exits(3);
    assert!(
        refused.stderr.contains("cannot take a checkpoint")
            && refused.stderr.contains("recorder.manifest.made"),
        "{}",
        refused.stderr
    );
    // Who asks again while it goes on failing is told at once, too.
    place.run(&CREATE).exits(3);
    app.count_to(&place, 2);
    app.kill();

    let mut app = App::start_with(&place, &HOURLY, "recorder.manifest.made=abort");
    app.count_to(&place, 3);
    let refused = place.run(&CREATE).exits(1);
    assert!(refused.stderr.contains("ended before"), "{}", refused.stderr);
    assert!(!place.path("saved").exists());
    assert!(!app.child.wait().unwrap().success());
}

#[test]
fn an_interrupt_takes_back_what_was_begun() {
    let place = App::place();
    let here = place.path("here");
    let held = format!("coordinator.begun=wait:{}", here.display());
    let mut app = App::start_with(&place, &HOURLY, &held);
    app.count_to(&place, 1);
    let mut create = place.command(&CREATE);
    let create = create
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the question", || here.exists());
    signal(&create, "INT");
    let ended = Outcome::of(create.wait_with_output().unwrap()).exits(130);
    assert!(ended.stderr.contains("no savepoint"), "{}", ended.stderr);
    assert!(!place.path("saved").exists());
    // One that waits no longer is told what it waits for.
    let late = place.run(&[&CREATE[..], &["--wait", "100ms"]].concat()).exits(3);
    assert!(late.stderr.contains("not there in time"), "{}", late.stderr);
    std::fs::remove_file(&here).unwrap();
    assert!(place.run(&CREATE).exits(0).stdout.contains("it is fresh"));
    assert_eq!(counted(&place, "saved/one"), 1);
    app.stop().exits(0);
}

#[test]
fn a_state_directory_may_have_a_long_path() {
    let place = App::place();
    let state = format!("{}/state", ["a-name-of-thirty-bytes-or-so"; 5].join("/"));
    let mut app = App::start(&place, &["--state-dir", &state, "--checkpoint-interval", "1h"]);
    app.count_to(&place, 1);
    let made = place
        .run(&["savepoint", "create", "saved", "--state-dir", &state])
        .exits(0);
    assert!(made.stdout.contains("it is fresh"), "{}", made.stdout);
    let ended = app.stop().exits(0);
    assert!(!ended.stderr.contains("cannot ask"), "{}", ended.stderr);
}
