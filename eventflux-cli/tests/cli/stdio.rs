//! Standard input and output as connectors, from the outside.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use crate::command::{Outcome, Workplace};

const COPY: &str = "CREATE STREAM lines (line STRING) WITH ('connector' = 'stdin', 'format' = 'text');
CREATE STREAM copies (line STRING) WITH ('connector' = 'stdout', 'format' = 'text');
INSERT INTO copies SELECT line FROM lines;";

fn place(app: &str) -> Workplace {
    let place = Workplace::new();
    place.write("app.sql", app);
    place
}

/// Starts the app with its three streams in our hands.
fn start(place: &Workplace) -> Child {
    place
        .command(&["run", "app.sql", "--no-progress"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What comes of an input that is written by another process.
fn piped(place: &Workplace, input: &[u8]) -> Outcome {
    let mut child = start(place);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    writer.join().unwrap().unwrap();
    outcome
}

/// What comes of an input that is a file.
fn redirected(place: &Workplace, input: &[u8]) -> Outcome {
    place.write("input", input);
    let mut command = place.command(&["run", "app.sql"]);
    command.stdin(File::open(place.path("input")).unwrap());
    Outcome::of(command.output().unwrap())
}

#[test]
fn an_empty_input_gives_an_empty_output() {
    let place = place(COPY);
    for outcome in [piped(&place, b""), redirected(&place, b"")] {
        assert_eq!(outcome.exits(0).stdout, "");
    }
}

#[test]
fn the_last_line_needs_no_end() {
    let place = place(COPY);
    for outcome in [piped(&place, b"a\nb"), redirected(&place, b"a\nb")] {
        assert_eq!(outcome.exits(0).stdout, "a\nb\n");
    }
}

#[test]
fn a_line_may_be_larger_than_any_pipe() {
    let place = place(COPY);
    let large = format!("first\n{}\nlast\n", "x".repeat(8 << 20));
    for outcome in [
        piped(&place, large.as_bytes()),
        redirected(&place, large.as_bytes()),
    ] {
        assert!(outcome.exits(0).stdout == large);
    }
}

#[test]
fn rows_come_out_while_the_input_is_still_open() {
    let place = place(COPY);
    let mut child = start(&place);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in ["one\n", "two\n"] {
        stdin.write_all(line.as_bytes()).unwrap();
        let mut copy = String::new();
        stdout.read_line(&mut copy).unwrap();
        assert_eq!(copy, line);
    }
    drop(stdin);
    Outcome::of(child.wait_with_output().unwrap()).exits(0);
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let place = place(
        "CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'datagen');
         CREATE STREAM printed (n BIGINT) WITH ('connector' = 'stdout', 'format' = 'json');
         INSERT INTO printed SELECT n FROM numbers;",
    );
    let mut child = start(&place);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"n\":"), "{first}");
    drop(stdout);
    let outcome = Outcome::of(child.wait_with_output().unwrap()).exits(3);
    assert!(
        outcome.stderr.contains("stdout `standard output`: broken pipe"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn several_sinks_share_standard_output_by_whole_lines() {
    let place = place(
        "CREATE STREAM lines (line STRING) WITH ('connector' = 'stdin', 'format' = 'text');
         CREATE STREAM small (line STRING) WITH ('connector' = 'stdout', 'format' = 'text');
         CREATE STREAM large (line STRING) WITH ('connector' = 'stdout', 'format' = 'text');
         INSERT INTO small SELECT line FROM lines;
         INSERT INTO large SELECT upper(line) AS line FROM lines;",
    );
    let input: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    let outcome = piped(&place, input.as_bytes()).exits(0);
    let (upper, lower): (Vec<_>, Vec<_>) = outcome.stdout.lines().partition(|line| line.starts_with('L'));
    assert_eq!(lower.len(), 20_000);
    assert!(
        lower
            .iter()
            .zip(input.lines())
            .all(|(seen, written)| *seen == written)
    );
    assert!(
        upper
            .iter()
            .zip(input.lines())
            .all(|(seen, written)| *seen == written.to_uppercase())
    );
    assert_eq!(upper.len(), 20_000);
}

#[test]
fn two_streams_cannot_both_read_standard_input() {
    let place = place(
        "CREATE STREAM one (line STRING) WITH ('connector' = 'stdin', 'format' = 'text');
         CREATE STREAM two (line STRING) WITH ('connector' = 'stdin', 'format' = 'text');
         SELECT line FROM one;
         SELECT line FROM two;",
    );
    let outcome = redirected(&place, b"a\n").exits(2);
    assert!(
        outcome
            .stderr
            .contains("stdin `stdin`: another stream of this process reads it"),
        "{}",
        outcome.stderr
    );
}
