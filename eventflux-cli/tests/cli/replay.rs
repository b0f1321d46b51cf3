//! `eventflux replay`.

use crate::command::Workplace;

const APP: &str = "CREATE STREAM Ticks (sym STRING, px DOUBLE, qty INT);
INSERT INTO Dear SELECT sym, px FROM Ticks WHERE px > 100;
INSERT INTO Counts SELECT sym, count(*) AS n FROM Ticks WINDOW TUMBLING(1 SECOND) GROUP BY sym;";

const EVENTS: &str = r#"{"stream":"Ticks","ts":1700000000000,"data":{"sym":"IBM","px":700.0,"qty":0}}
{"stream":"Ticks","data":{"sym":"ACME","px":7}}
{"stream":"Ticks","ts":1700000000500,"data":{"sym":"IBM","px":701.5,"qty":1}}
{"advance_to":1700000001500}
{"stream":"Ticks","ts":1700000002000,"data":{"sym":"IBM","px":1,"qty":1}}
"#;

#[test]
fn every_inserted_row_is_printed_in_an_envelope() {
    let place = Workplace::new();
    place.write("app.sql", APP).write("events.ndjson", EVENTS);
    let outcome = place
        .run(&["replay", "app.sql", "--events", "events.ndjson"])
        .exits(0);
    assert_eq!(
        outcome.stdout,
        r#"{"stream":"Dear","op":"+I","ts":1700000000000,"data":{"sym":"IBM","px":700.0}}
{"stream":"Dear","op":"+I","ts":1700000000500,"data":{"sym":"IBM","px":701.5}}
{"stream":"Counts","op":"+I","ts":1700000000999,"data":{"sym":"ACME","n":1}}
{"stream":"Counts","op":"+I","ts":1700000000999,"data":{"sym":"IBM","n":2}}
{"stream":"Counts","op":"+I","ts":1700000002999,"data":{"sym":"IBM","n":1}}
"#
    );
}

#[test]
fn without_a_flush_open_windows_stay_open() {
    let place = Workplace::new();
    place.write("app.sql", APP).write("events.ndjson", EVENTS);
    let outcome = place
        .run(&["replay", "app.sql", "--events", "events.ndjson", "--no-flush"])
        .exits(0);
    assert_eq!(outcome.stdout.lines().count(), 4, "{}", outcome.stdout);
}

#[test]
fn the_output_is_the_same_on_every_run_and_at_every_parallelism() {
    let place = Workplace::new();
    let events: String = (0..2_000)
        .map(|n| {
            let ts = 1_700_000_000_000_i64 + n * 7;
            format!(
                "{{\"stream\":\"Ticks\",\"ts\":{ts},\"data\":{{\"sym\":\"s{}\",\"px\":{},\"qty\":1}}}}\n",
                (n * 31) % 17,
                n % 200
            )
        })
        .collect();
    place.write("events.ndjson", events).write(
        "app.sql",
        format!("{APP}\nINSERT INTO Totals SELECT sym, sum(qty) AS total FROM Ticks GROUP BY sym;
                 INSERT INTO Sizes SELECT total, count(*) AS n FROM (SELECT sym, sum(qty) AS total FROM Ticks GROUP BY sym) AS t GROUP BY total;"),
    );
    let outputs: Vec<String> = ["1", "1", "2", "4"]
        .iter()
        .map(|parallelism| {
            place
                .run(&[
                    "replay",
                    "app.sql",
                    "--events",
                    "events.ndjson",
                    "-p",
                    parallelism,
                ])
                .exits(0)
                .stdout
        })
        .collect();
    assert!(outputs[0].lines().count() > 4_000);
    assert!(
        outputs.iter().all(|output| *output == outputs[0]),
        "outputs differ"
    );
}

#[test]
fn a_mistake_in_the_events_names_its_line() {
    let place = Workplace::new();
    for (mistake, word) in [
        (r#"{"stream":"Ticks","data":{"sim":"IBM"}}"#, "sim"),
        (r#"{"stream":"Tics","data":{"sym":"IBM"}}"#, "Tics"),
        (r#"{"stream":"Ticks","data":{"sym":"IBM","px":"dear"}}"#, "px"),
        (r#"{"stream":"Ticks","ts":1,"data":{"sym":"IBM"}}"#, "ts"),
        ("nonsense", "JSON"),
    ] {
        place
            .write("app.sql", APP)
            .write("events.ndjson", format!("{EVENTS}{mistake}\n"));
        let outcome = place
            .run(&["replay", "app.sql", "--events", "events.ndjson"])
            .exits(2);
        assert!(outcome.stderr.contains("events.ndjson:6"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}
