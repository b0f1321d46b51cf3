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
    place.write("app.sql", "CREATE STREAM t (a INT) WITH ('connector' = 'file', 'pth' = 'x', 'format' = 'json'); SELECT a FROM t;");
    let outcome = place.run(&["check", "app.sql"]).exits(2);
    assert!(outcome.stderr.contains("`path`"), "{}", outcome.stderr);
}
