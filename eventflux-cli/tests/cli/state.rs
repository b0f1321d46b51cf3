//! State over restarts: `run --state-dir`, `savepoint`.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::command::{Outcome, Workplace, wait_until};

const TOTALS: &str = "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
SELECT k, count(*) AS c, sum(n) AS s FROM t GROUP BY k;";

fn lines(range: std::ops::Range<u32>) -> String {
    range
        .map(|n| {
            format!(
                "{{\"k\":\"{}\",\"n\":{n}}}\n",
                if n % 2 == 0 { "even" } else { "odd" }
            )
        })
        .collect()
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The last result of each key in a changelog.
fn last(stdout: &str, key: &str) -> (i64, i64) {
    let envelopes = stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut of_key =
        envelopes.filter(|row| row["data"]["k"] == key && (row["op"] == "+I" || row["op"] == "+U"));
    let last = of_key
        .next_back()
        .unwrap_or_else(|| panic!("no row of {key} in:\n{stdout}"));
    (
        last["data"]["c"].as_i64().unwrap(),
        last["data"]["s"].as_i64().unwrap(),
    )
}

fn start(place: &Workplace, arguments: &[&str]) -> Child {
    place
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn manifest_count(place: &Workplace) -> usize {
    let manifests = std::fs::read_dir(place.path("state/manifests"));
    manifests.map_or(0, |manifests| manifests.count())
}

#[test]
fn groups_go_on_after_an_interrupt_and_the_parallelism_may_change() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    let mut read = 0;
    for (round, parallelism) in ["1", "3", "2"].into_iter().enumerate() {
        append(&place.path("in.ndjson"), &lines(read..read + 100));
        read += 100;
        let changes = if round == 0 { 2 * 100 - 2 } else { 2 * 100 };
        let until = format!("{changes}rows");
        let ended = place
            .run(&[
                "run",
                "app.sql",
                "--state-dir",
                "state",
                "-p",
                parallelism,
                "--until",
                &until,
                "--format",
                "changelog",
            ])
            .exits(0);
        let n = i64::from(read);
        let odd = last(&ended.stdout, "odd");
        assert_eq!(odd, (n / 2, n * n / 4), "round {round}");
    }
}

#[test]
fn after_a_kill_the_same_command_goes_on_from_the_last_checkpoint() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", lines(0..1000));
    let run = [
        "run",
        "app.sql",
        "--state-dir",
        "state",
        "--checkpoint-interval",
        "10ms",
        "--format",
        "changelog",
    ];
    for _ in 0..3 {
        let before = manifest_count(&place);
        let mut child = start(&place, &run);
        let stdout = child.stdout.take().unwrap();
        // It must not be held up by what it prints.
        let reader = std::thread::spawn(move || std::io::copy(&mut { stdout }, &mut std::io::sink()));
        wait_until("a checkpoint", || manifest_count(&place) > before.min(2));
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap().unwrap();
    }
    append(&place.path("in.ndjson"), &lines(1000..1010));
    let mut child = start(&place, &run);
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"+U\"") || !line.contains("\"c\":505") || !line.contains("odd") {
        line.clear();
        assert!(
            std::io::BufRead::read_line(&mut stdout, &mut line).unwrap() > 0,
            "it ended"
        );
    }
    // The sum of the odd numbers below 1010.
    assert!(line.contains(&format!("\"s\":{}", 505 * 505)), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn after_the_end_the_same_command_has_nothing_to_do() {
    let place = Workplace::new();
    place.write("in.ndjson", lines(0..10)).write(
        "app.sql",
        "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
         SELECT k, n FROM t WHERE n >= 8; SELECT count(*) AS c FROM t;",
    );
    let run = ["run", "app.sql", "--state-dir", "state"];
    assert!(place.run(&run).exits(0).stdout.contains("\"n\":9"));
    assert_eq!(place.run(&run).exits(0).stdout, "");
}

#[test]
fn a_state_directory_of_another_query_is_refused_with_what_differs() {
    let place = Workplace::new();
    let query = |select: &str| {
        format!(
            "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
             {select}"
        )
    };
    place.write("in.ndjson", lines(0..10));
    place.write(
        "app.sql",
        query("INSERT INTO r SELECT k, count(*) AS c FROM t GROUP BY k;"),
    );
    place.write(
        "other.sql",
        query("INSERT INTO r SELECT k, max(n) AS c FROM t GROUP BY k;"),
    );
    place.run(&["run", "app.sql", "--state-dir", "state"]).exits(0);
    let refused = place.run(&["run", "other.sql", "--state-dir", "state"]).exits(2);
    for part in [
        "does not fit",
        "dropped  ",
        "kept     source",
        "count(",
        "max(",
        "--allow-drop-state",
    ] {
        assert!(
            refused.stderr.contains(part),
            "no `{part}` in:\n{}",
            refused.stderr
        );
    }
    place
        .run(&["run", "other.sql", "--state-dir", "state", "--allow-drop-state"])
        .exits(0);
    let fresh = place
        .run(&[
            "run",
            "app.sql",
            "--state-dir",
            "state",
            "--from",
            "none",
            "--format",
            "csv",
        ])
        .exits(0);
    assert!(fresh.stdout.contains('5'), "{}", fresh.stdout);
}

#[test]
fn one_process_at_a_time_uses_a_state_directory() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    let run = [
        "run",
        "app.sql",
        "--state-dir",
        "state",
        "--checkpoint-interval",
        "10ms",
    ];
    let mut first = start(&place, &run);
    wait_until("a checkpoint", || manifest_count(&place) > 0);
    let second = place.run(&run).exits(3);
    let holder = format!("in use by process {}", first.id());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    // A process that was killed holds nothing any more.
    first.kill().unwrap();
    first.wait().unwrap();
    place
        .run(&["run", "app.sql", "--state-dir", "state", "--until", "100ms"])
        .exits(0);
}

#[test]
fn a_savepoint_of_a_running_app_starts_at_another_parallelism() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", lines(0..100));
    let mut running = start(
        &place,
        &[
            "run",
            "app.sql",
            "--state-dir",
            "state",
            "-p",
            "2",
            "--checkpoint-interval",
            "10ms",
            "--format",
            "none",
        ],
    );
    let inspect = || place.run(&["savepoint", "inspect", "state"]);
    wait_until("a checkpoint of everything", || {
        inspect().stdout.contains(&format!("{}", lines(0..100).len()))
    });
    let created = place
        .run(&["savepoint", "create", "saved/one", "--state-dir", "state"])
        .exits(0);
    assert!(created.stdout.starts_with("checkpoint "), "{}", created.stdout);
    running.kill().unwrap();
    running.wait().unwrap();
    let listed = place.run(&["savepoint", "list", "saved"]).exits(0).stdout;
    assert!(listed.contains("saved/one") && listed.contains("app"), "{listed}");
    let inspected = place.run(&["savepoint", "inspect", "saved/one"]).exits(0).stdout;
    assert!(inspected.contains("group aggregate"), "{inspected}");
    append(&place.path("in.ndjson"), &lines(100..110));
    for (parallelism, directory) in [("1", "s1"), ("3", "s3"), ("4", "s4")] {
        let ended = place
            .run(&[
                "run",
                "app.sql",
                "--state-dir",
                directory,
                "--from",
                "saved/one",
                "-p",
                parallelism,
                "--until",
                "20rows",
                "--format",
                "changelog",
            ])
            .exits(0);
        assert_eq!(
            last(&ended.stdout, "even"),
            (55, (0..110).step_by(2).sum()),
            "at {parallelism}"
        );
    }
    place.run(&["savepoint", "rm", "saved/one"]).exits(0);
    assert!(!place.path("saved/one").exists());
    place.run(&["savepoint", "rm", "saved/one"]).exits(2);
    place.run(&["savepoint", "inspect", "saved/one"]).exits(3);
}

#[test]
fn damage_is_named_and_nothing_is_printed() {
    let place = Workplace::new();
    place.write("in.ndjson", lines(0..10)).write(
        "app.sql",
        "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
         SELECT k, count(*) AS c FROM t GROUP BY k;",
    );
    place.run(&["run", "app.sql", "--state-dir", "state"]).exits(0);
    for folder in ["segments", "manifests"] {
        let entries = std::fs::read_dir(place.path("state").join(folder)).unwrap();
        let path = entries.map(|entry| entry.unwrap().path()).max().unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [whole[..whole.len() - 7].to_vec(), flipped] {
            std::fs::write(&path, damaged).unwrap();
            let refused = place.run(&["run", "app.sql", "--state-dir", "state"]).exits(1);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(refused.stderr.contains(name), "{}", refused.stderr);
            assert!(refused.stderr.contains("is damaged"), "{}", refused.stderr);
            assert_eq!(refused.stdout, "");
        }
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn flags_about_state_need_a_state_directory() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS);
    for flags in [
        &["--from", "none"][..],
        &["--allow-drop-state"],
        &["--checkpoint-interval", "1s"],
    ] {
        let refused = place.run(&[&["run", "app.sql"], flags].concat()).exits(2);
        assert!(refused.stderr.contains("--state-dir"), "{}", refused.stderr);
    }
    place
        .run(&[
            "run",
            "app.sql",
            "--state-dir",
            "s",
            "--checkpoint-interval",
            "0s",
        ])
        .exits(2);
    place.write("in.ndjson", "");
    let missing = place
        .run(&["run", "app.sql", "--state-dir", "s", "--from", "17"])
        .exits(2);
    assert!(missing.stderr.contains("17"), "{}", missing.stderr);
}

#[test]
fn a_place_to_start_from_that_is_not_there_is_named_and_leaves_no_state_directory() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    for wrong in ["latst", "saved/monday"] {
        let refused = place
            .run(&["run", "app.sql", "--state-dir", "state", "--from", wrong])
            .exits(2);
        let message = format!("there is no savepoint `{wrong}`: expected `latest`");
        assert!(refused.stderr.contains(&message), "{}", refused.stderr);
        assert!(!place.path("state").exists());
    }
}

#[test]
fn a_quiet_run_says_nothing_that_is_no_error() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    let run = ["run", "app.sql", "--until", "1ms", "-q"];
    assert_eq!(place.run(&run).exits(0).stderr, "");
    assert!(place.run(&run[..4]).exits(0).stderr.contains("unbounded-state"));
    assert_eq!(place.run(&["check", "app.sql", "-q"]).exits(0).stderr, "");
}

/// Rows of stdout are not the contract here: that the process ends well and quickly is.
#[test]
fn an_interrupt_takes_a_last_checkpoint() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", lines(0..10));
    let mut child = start(
        &place,
        &[
            "run",
            "app.sql",
            "--state-dir",
            "state",
            "--checkpoint-interval",
            "1h",
        ],
    );
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"c\":5") {
        line.clear();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    }
    let status = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    Outcome::of(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(manifest_count(&place), 1);
}
