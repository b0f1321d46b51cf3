//! `eventflux run`.

use std::io::Write;
use std::process::Stdio;

use crate::command::{Outcome, Workplace, command_in, repository};

const TRADES: &str = "CREATE STREAM trades (sym STRING, px DOUBLE, qty INT)
WITH ('connector' = 'file', 'path' = 'trades.ndjson', 'format' = 'json');
";

const ROWS: &str = r#"{"sym":"A","px":1.5,"qty":1}
{"sym":"B","px":20,"qty":2}
{"sym":"A","px":30.25,"qty":3}
"#;

#[test]
fn the_first_command_of_the_readme_prints_daily_delays() {
    let output = command_in(repository(), &["run", "examples/flights/delays.sql"])
        .output()
        .unwrap();
    let outcome = Outcome::of(output).exits(0);
    let rows: Vec<serde_json::Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(rows.len() > 100, "{} rows", rows.len());
    let first_day_of_united = rows
        .iter()
        .find(|row| row["day"] == "2013-01-01" && row["carrier"] == "UA")
        .expect("United flew on New Year");
    assert_eq!(first_day_of_united["flights"], 165);
    assert!(rows.iter().all(|row| row["flights"].as_i64().unwrap() >= 100));
}

#[test]
fn rows_go_to_stdout_and_nothing_else_does() {
    let place = Workplace::new();
    place.write("trades.ndjson", ROWS).write(
        "app.sql",
        format!("{TRADES}SELECT sym, px * qty AS v FROM trades WHERE px > 10;"),
    );
    let outcome = place.run(&["run", "app.sql", "-v"]).exits(0);
    assert_eq!(
        outcome.stdout,
        "{\"sym\":\"B\",\"v\":40.0}\n{\"sym\":\"A\",\"v\":90.75}\n"
    );
}

#[test]
fn a_changing_result_is_printed_in_envelopes() {
    let place = Workplace::new();
    place.write("trades.ndjson", ROWS).write(
        "app.sql",
        format!("{TRADES}SELECT sym, count(*) AS n FROM trades GROUP BY sym;"),
    );
    let outcome = place.run(&["run", "app.sql"]).exits(0);
    let operations: Vec<(String, String, i64)> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            (
                text(&row["op"]),
                text(&row["data"]["sym"]),
                row["data"]["n"].as_i64().unwrap(),
            )
        })
        .collect();
    let mut of_a: Vec<_> = operations
        .iter()
        .filter(|(_, sym, _)| sym == "A")
        .map(|(op, _, n)| (op.as_str(), *n))
        .collect();
    assert_eq!(of_a, [("+I", 1), ("-U", 1), ("+U", 2)]);
    of_a.clear();
    assert_eq!(operations.len(), 4);
}

#[test]
fn a_typo_is_explained_with_a_caret_and_exit_code_2() {
    let place = Workplace::new();
    place
        .write("trades.ndjson", ROWS)
        .write("app.sql", format!("{TRADES}SELECT symbl FROM trades;"));
    let outcome = place.run(&["run", "app.sql"]).exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("unknown-column"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("app.sql:3:8"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains('^'), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`sym`"), "{}", outcome.stderr);
}

#[test]
fn a_bad_row_is_counted_and_the_good_ones_go_on() {
    let place = Workplace::new();
    place
        .write(
            "trades.ndjson",
            format!("{ROWS}{{\"sym\":\"C\",\"px\":\"dear\",\"qty\":1}}\nnot json\n"),
        )
        .write("app.sql", format!("{TRADES}SELECT sym, px FROM trades;"));
    let outcome = place.run(&["run", "app.sql"]).exits(0);
    assert_eq!(outcome.stdout.lines().count(), 3);
    assert!(outcome.stderr.contains("2 bad rows"), "{}", outcome.stderr);
}

#[test]
fn dead_letters_can_be_read_with_reason_and_raw_bytes() {
    let place = Workplace::new();
    place.write("trades.ndjson", format!("{ROWS}not json\n")).write(
        "app.sql",
        format!("{TRADES}INSERT INTO good SELECT sym FROM trades; SELECT source, \"offset\", reason, raw FROM system.errors;"),
    );
    let outcome = place.run(&["run", "app.sql", "--format", "changelog"]).exits(0);
    let letter = outcome
        .stdout
        .lines()
        .find(|line| line.contains("reason"))
        .expect("a dead letter");
    let letter: serde_json::Value = serde_json::from_str(letter).unwrap();
    assert_eq!(letter["data"]["source"], "trades");
    assert_eq!(letter["data"]["raw"], "bm90IGpzb24=");
    assert_eq!(letter["data"]["offset"], i64::try_from(ROWS.len()).unwrap());
}

#[test]
fn a_row_whose_result_is_too_large_is_a_dead_letter() {
    let place = Workplace::new();
    place.write("in.ndjson", "{\"n\":3}\n{\"n\":1000000000}\n").write(
        "app.sql",
        "CREATE STREAM t (n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
         INSERT INTO texts SELECT repeat('x', n) AS x FROM t;
         SELECT reason FROM system.errors;",
    );
    let outcome = place.run(&["run", "app.sql", "--format", "changelog"]).exits(0);
    assert!(outcome.stdout.contains(r#"{"x":"xxx"}"#), "{}", outcome.stdout);
    let reason = "repeat would give 1000000000 bytes, more than 1048576";
    assert!(outcome.stdout.contains(reason), "{}", outcome.stdout);
}

#[test]
fn a_bad_row_fails_the_run_when_the_stream_says_so() {
    let place = Workplace::new();
    let strict = TRADES.replace("'format' = 'json'", "'format' = 'json', 'error' = 'fail'");
    place
        .write("trades.ndjson", format!("{ROWS}not json\n"))
        .write("app.sql", format!("{strict}SELECT sym FROM trades;"));
    let outcome = place.run(&["run", "app.sql"]).exits(1);
    assert!(outcome.stderr.contains("bad row in trades"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[test]
fn a_missing_input_is_named() {
    let place = Workplace::new();
    place.write("app.sql", format!("{TRADES}SELECT sym FROM trades;"));
    let outcome = place.run(&["run", "app.sql"]).exits(2);
    assert!(outcome.stderr.contains("trades.ndjson"), "{}", outcome.stderr);
}

#[test]
fn a_missing_app_is_named() {
    let outcome = Workplace::new().run(&["run", "nothing.sql"]).exits(2);
    assert!(outcome.stderr.contains("nothing.sql"), "{}", outcome.stderr);
}

#[test]
fn an_unknown_flag_is_refused_with_a_suggestion() {
    let outcome = Workplace::new()
        .run(&["run", "app.sql", "--paralelism", "2"])
        .exits(2);
    assert!(outcome.stderr.contains("--parallelism"), "{}", outcome.stderr);
}

#[test]
fn an_unknown_setting_is_refused() {
    let place = Workplace::new();
    place
        .write("trades.ndjson", ROWS)
        .write("app.sql", format!("{TRADES}SELECT sym FROM trades;"));
    let outcome = place.run(&["run", "app.sql", "--set", "batchsize=7"]).exits(2);
    assert!(outcome.stderr.contains("batch_size"), "{}", outcome.stderr);
}

#[test]
fn an_unreachable_broker_is_exit_code_3() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM t (a INT) WITH ('connector' = 'kafka', 'brokers' = '127.0.0.1:1', 'topic' = 't', 'format' = 'json');
         SELECT a FROM t;",
    );
    let outcome = place.run(&["run", "app.sql"]).exits(3);
    assert!(outcome.stderr.contains("127.0.0.1:1"), "{}", outcome.stderr);
}

#[test]
fn a_row_limit_ends_an_endless_run() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM ticks (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'rows_per_second' = '1000');
         SELECT n FROM ticks;",
    );
    let outcome = place.run(&["run", "app.sql", "--until", "5rows"]).exits(0);
    assert!(outcome.stdout.lines().count() >= 5, "{}", outcome.stdout);
}

#[test]
fn standard_input_is_a_source() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM lines (line STRING) WITH ('connector' = 'stdin', 'format' = 'text');
         SELECT upper(line) AS line FROM lines;",
    );
    let mut child = place
        .command(&["run", "app.sql"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello\nworld\n").unwrap();
    let outcome = Outcome::of(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(outcome.stdout, "{\"line\":\"HELLO\"}\n{\"line\":\"WORLD\"}\n");
}

#[test]
fn results_do_not_depend_on_parallelism() {
    let place = Workplace::new();
    let rows: String = (0..5_000)
        .map(|n| format!("{{\"sym\":\"s{}\",\"px\":{n},\"qty\":{}}}\n", n % 37, n % 5))
        .collect();
    place.write("trades.ndjson", rows).write(
        "app.sql",
        "CREATE STREAM trades (sym STRING, px DOUBLE, qty INT) WITH ('connector' = 'file', 'path' = 'trades.ndjson', 'format' = 'json');
         CREATE TABLE totals (sym STRING, n BIGINT, px DOUBLE, PRIMARY KEY (sym)) WITH ('connector' = 'file', 'path' = 'out.ndjson', 'format' = 'upsert_json');
         INSERT INTO totals SELECT sym, count(*), max(px) FROM trades GROUP BY sym;",
    );
    let last_per_key = |parallelism: &str| {
        place.run(&["run", "app.sql", "-p", parallelism]).exits(0);
        let mut last = std::collections::BTreeMap::new();
        for line in place.read("out.ndjson").lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            last.insert(row["key"].to_string(), row["value"].to_string());
        }
        last
    };
    let one = last_per_key("1");
    assert_eq!(one.len(), 37);
    assert_eq!(one, last_per_key("3"));
}

#[test]
fn csv_has_a_header_and_none_prints_nothing() {
    let place = Workplace::new();
    place
        .write("trades.ndjson", ROWS)
        .write("app.sql", format!("{TRADES}SELECT sym, qty FROM trades;"));
    assert_eq!(
        place.run(&["run", "app.sql", "--format", "csv"]).exits(0).stdout,
        "sym,qty\nA,1\nB,2\nA,3\n"
    );
    assert_eq!(
        place.run(&["run", "app.sql", "--format", "none"]).exits(0).stdout,
        ""
    );
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM ticks (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence');
         SELECT n FROM ticks;",
    );
    let mut child = place
        .command(&["run", "app.sql"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome = Outcome::of(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(outcome.stderr, "");
}
