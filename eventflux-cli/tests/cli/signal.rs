//! Signals: the first one stops cleanly, the second one at once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::command::{Outcome, Workplace, wait_until};

const FOLLOW: &str = "CREATE STREAM t (a INT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
CREATE STREAM copy (a INT) WITH ('connector' = 'file', 'path' = 'out.ndjson', 'format' = 'json');
INSERT INTO copy SELECT a FROM t;
SELECT a FROM t;";

fn send(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Starts the app and waits until its first row has come out.
fn started(place: &Workplace, app: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    place.write("in.ndjson", "{\"a\":1}\n").write("app.sql", app);
    let mut child = place
        .command(&["run", "app.sql"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "{\"a\":1}\n");
    (child, stdout)
}

#[test]
fn an_interrupt_flushes_the_sinks_and_exits_with_0() {
    for signal in ["INT", "TERM"] {
        let place = Workplace::new();
        let (child, _stdout) = started(&place, FOLLOW);
        send(&child, signal);
        Outcome::of(child.wait_with_output().unwrap()).exits(0);
        assert_eq!(place.read("out.ndjson"), "{\"a\":1}\n", "after {signal}");
    }
}

#[test]
fn a_second_interrupt_ends_a_run_that_cannot_write() {
    const ENDLESS: &str =
        "CREATE STREAM t (a INT) WITH ('connector' = 'datagen', 'fields.a.kind' = 'sequence',
'fields.a.min' = '1', 'fields.a.max' = '1');
SELECT a FROM t;";
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let place = Workplace::new();
        // Nobody reads on: the pipe is full at once.
        let (mut child, _stdout) = started(&place, ENDLESS);
        send(&child, signal);
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert_eq!(
            line,
            "warning: still writing what was read; another signal stops at once\n"
        );
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_second_interrupt_ends_a_run_that_cannot_start() {
    let place = Workplace::new();
    place.write("in.ndjson", "").write("app.sql", FOLLOW);
    let mut child = place
        .command(&["run", "app.sql", "--state-dir", "state"])
        .env(
            "FAILPOINTS",
            format!("restore.done=wait:{}", place.path("waits").display()),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the start waits", || place.path("waits").exists());
    send(&child, "INT");
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert_eq!(
        line,
        "warning: it stops when it has started; another signal stops at once\n"
    );
    send(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
