//! `eventflux check`.

use crate::command::Workplace;

#[test]
fn a_correct_app_is_silent_and_0() {
    let place = Workplace::new();
    place.write("app.sql", "CREATE STREAM t (a INT); SELECT a + 1 AS b FROM t;");
    let outcome = place.run(&["check", "app.sql"]).exits(0);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn every_mistake_of_every_file_is_reported() {
    let place = Workplace::new();
    std::fs::create_dir(place.path("apps")).unwrap();
    place
        .write("apps/one.sql", "CREATE STREAM t (a INT);\nSELECT b FROM t;")
        .write("apps/two.sql", "CREATE STREAM t (a INTEGR);");
    let outcome = place.run(&["check", "apps", "--format", "concise"]).exits(2);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("apps/one.sql:2:8: error[unknown-column]")),
        "{}",
        outcome.stderr
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("apps/two.sql:1:20: error[unknown-type]")),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stdout, "");
}

#[test]
fn json_diagnostics_are_one_object_per_line() {
    let place = Workplace::new();
    place.write("app.sql", "SELECT 1 +;");
    let outcome = place.run(&["check", "app.sql", "--format", "json"]).exits(2);
    let diagnostic: serde_json::Value = serde_json::from_str(outcome.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(diagnostic["code"], "syntax");
}

#[test]
fn checking_opens_no_connection_and_no_file() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM t (a INT) WITH ('connector' = 'kafka', 'brokers' = '127.0.0.1:1', 'topic' = '${env:NOT_SET}', 'format' = 'json');
         SELECT a FROM t;",
    );
    place.run(&["check", "app.sql"]).exits(0);
}

#[test]
fn an_unknown_option_is_refused_with_a_suggestion() {
    let place = Workplace::new();
    for (options, meant) in [
        ("'pth' = 'x', 'format' = 'json'", "did you mean `path`?"),
        ("'path' = 'x', 'fromat' = 'json'", "did you mean `format`?"),
    ] {
        let app = format!("CREATE STREAM t (a INT) WITH ('connector' = 'file', {options}); SELECT a FROM t;");
        place.write("app.sql", app);
        let outcome = place.run(&["check", "app.sql"]).exits(2);
        assert!(outcome.stderr.contains(meant), "{}", outcome.stderr);
    }
}

#[test]
fn sinks_that_may_write_a_row_again_are_named() {
    let place = Workplace::new();
    place.write(
        "app.sql",
        "CREATE STREAM t (a INT) WITH ('connector' = 'datagen');
         CREATE STREAM kept (a INT) WITH ('connector' = 'file', 'path' = 'out.csv', 'format' = 'csv');
         CREATE STREAM sent (a INT) WITH ('connector' = 'kafka', 'brokers' = 'b:1', 'topic' = 't', 'format' = 'json');
         CREATE STREAM twice (a INT) WITH ('connector' = 'kafka', 'brokers' = 'b:1', 'topic' = 't2', 'format' = 'json', 'delivery' = 'at-least-once');
         CREATE STREAM printed (a INT) WITH ('connector' = 'stdout');
         CREATE STREAM posted (a INT) WITH ('connector' = 'http', 'url' = 'http://h/');
         INSERT INTO kept SELECT a FROM t;
         INSERT INTO sent SELECT a FROM t;
         INSERT INTO twice SELECT a FROM t;
         INSERT INTO printed SELECT a FROM t;
         INSERT INTO posted SELECT a FROM t;",
    );
    let notes = place.run(&["check", "app.sql"]).exits(0).stderr;
    assert_eq!(notes.lines().count(), 3, "{notes}");
    assert!(
        notes.lines().last().unwrap().contains("`Idempotency-Key`"),
        "{notes}"
    );
    let sinks = ["twice` (kafka)", "printed` (stdout)", "posted` (http)"];
    for (line, sink) in notes.lines().zip(sinks) {
        let start = format!("app.sql: note[at-least-once]: sink `{sink} delivers at least once");
        assert!(line.starts_with(&start), "{line}");
    }
    let notes = place
        .run(&["check", "app.sql", "--format", "json"])
        .exits(0)
        .stderr;
    let note: serde_json::Value = serde_json::from_str(notes.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&note["code"], &note["severity"]),
        (&"at-least-once".into(), &"note".into())
    );
    let plan = place.run(&["explain", "app.sql"]).exits(0).stdout;
    let (_, table) = plan.split_once("delivery with checkpoints\n").unwrap();
    let words: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        words,
        [
            "kept exactly-once (file)",
            "sent exactly-once (kafka)",
            "twice at-least-once (kafka)",
            "printed at-least-once (stdout)",
            "posted at-least-once with keys (http)",
        ]
    );
    let plan = place
        .run(&["explain", "app.sql", "--format", "json"])
        .exits(0)
        .stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["sinks"][2]["delivery"], "at-least-once");
}
