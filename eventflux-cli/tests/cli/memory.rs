//! `run --memory-limit`: state larger than memory, from the outside.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::command::Workplace;

const LIMIT: u64 = 8 << 20;

/// Each key comes twice, and keeps four kibibytes: so many keys keep four times the limit.
const KEYS: u64 = 4 * LIMIT / 4096;

/// The longest of a key's texts.
const LONGEST: &str = "CREATE STREAM words (id BIGINT, word STRING) WITH ('connector' = 'stdin', 'format' = 'csv', 'csv.header' = 'false');
SELECT id, count(*) AS n, length(max(repeat(word, 256))) AS length FROM words GROUP BY id;";

/// The same of sessions, which are all open at the same time.
const SESSIONS: &str = "CREATE STREAM words (id BIGINT, word STRING, t TIMESTAMP, WATERMARK FOR t AS t) WITH ('connector' = 'stdin', 'format' = 'csv', 'csv.header' = 'false');
SELECT id, count(*) AS n, length(max(repeat(word, 256))) AS length
FROM SESSION(TABLE words PARTITION BY id, DESCRIPTOR(t), INTERVAL '1' MINUTE) GROUP BY id, window_start, window_end;";

/// What the program itself takes, as the documentation says.
const PROGRAM: u64 = 160 << 20;

/// What a run left: its rows, and the most memory that it had.
struct Run {
    rows: Vec<String>,
    resident_bytes: u64,
}

/// Feeds an app, and looks at its memory when all rows have come out and before it ends.
fn run(place: &Workplace, arguments: &[&str], input: Vec<u8>, row_count: usize) -> Run {
    let mut child = place
        .command(
            &[
                &[
                    "run",
                    "app.sql",
                    "-p",
                    "1",
                    "--no-progress",
                    "--format",
                    "changelog",
                ],
                arguments,
            ]
            .concat(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        stdin.write_all(&input).unwrap();
        stdin
    });
    let rows = BufReader::new(child.stdout.take().unwrap()).lines();
    // Without the times at which rows were read.
    let row = |line: std::io::Result<String>| line.unwrap().split_once("\"data\"").unwrap().1.to_owned();
    let rows = rows.take(row_count).map(row).collect::<Vec<_>>();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kibibytes = peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
    drop(writer.join().unwrap());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    Run {
        rows,
        resident_bytes: kibibytes << 10,
    }
}

fn input(key_count: u64) -> Vec<u8> {
    let ids = (0..key_count).chain(0..key_count);
    let lines = ids
        .enumerate()
        .map(|(at, id)| format!("{id},{:016}\n", at as u64 * 7 % 1000));
    lines.collect::<String>().into_bytes()
}

#[test]
fn state_of_four_times_the_limit_gives_the_same_rows_within_the_limit() {
    let place = Workplace::new();
    place.write("app.sql", LONGEST);
    // Each key: a result, the same taken back, another one.
    let row_count = 3 * KEYS as usize;
    let limit = LIMIT.to_string();
    let all = run(&place, &[], input(KEYS), row_count);
    for arguments in [
        &["--memory-limit", &limit][..],
        &[
            "--memory-limit",
            &limit,
            "--state-dir",
            "state",
            "--checkpoint-interval",
            "1s",
        ],
    ] {
        let limited = run(&place, arguments, input(KEYS), row_count);
        assert!(limited.rows == all.rows, "{arguments:?}: the rows differ");
        let most = LIMIT * 3 / 2 + PROGRAM;
        let mebibytes = |bytes: u64| bytes >> 20;
        assert!(
            limited.resident_bytes <= most,
            "{arguments:?}: {} MiB of {} MiB, without a limit {} MiB",
            mebibytes(limited.resident_bytes),
            mebibytes(most),
            mebibytes(all.resident_bytes)
        );
        assert!(all.resident_bytes > most, "without a limit it needs more");
    }
}

#[test]
fn sessions_of_four_times_the_limit_give_the_same_rows_within_the_limit() {
    let place = Workplace::new();
    place.write("app.sql", SESSIONS);
    let ids = (0..KEYS).chain(0..KEYS).enumerate();
    let lines = ids.map(|(at, id)| format!("{id},{:016},2026-01-01T00:00:00Z\n", at as u64 * 7 % 1000));
    // The last row, a day later, closes the sessions of all others.
    let lines = lines.chain([format!("{KEYS},0,2026-01-02T00:00:00Z\n")]);
    let input = lines.collect::<String>().into_bytes();
    let limit = LIMIT.to_string();
    let all = run(&place, &[], input.clone(), KEYS as usize);
    for arguments in [
        &["--memory-limit", &limit][..],
        &["--memory-limit", &limit, "--state-dir", "state"],
    ] {
        let limited = run(&place, arguments, input.clone(), KEYS as usize);
        assert!(limited.rows == all.rows, "{arguments:?}: the rows differ");
        let most = LIMIT * 3 / 2 + PROGRAM;
        let mebibytes = limited.resident_bytes >> 20;
        assert!(limited.resident_bytes <= most, "{arguments:?}: {mebibytes} MiB");
        assert!(all.resident_bytes > most, "without a limit it needs more");
    }
}

#[test]
fn what_cannot_leave_memory_is_refused_by_name() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM s (k STRING, t TIMESTAMP, WATERMARK FOR t AS t) WITH ('connector' = 'file', 'path' = 'in.csv', 'format' = 'csv');
SELECT k, window_start FROM SESSION(TABLE s, DESCRIPTOR(t), INTERVAL '1' MINUTE);",
    );
    let refused = place.run(&["run", "app.sql", "--memory-limit", "64MB"]).exits(2);
    assert!(
        refused
            .stderr
            .contains("the rows of sessions without a key, which have to stay in memory"),
        "{}",
        refused.stderr
    );
    let small = place.run(&["run", "app.sql", "--memory-limit", "1MB"]).exits(2);
    assert!(small.stderr.contains("8 MiB at least"), "{}", small.stderr);
}
