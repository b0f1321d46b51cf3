//! `eventflux explain`.

use crate::command::Workplace;

const APP: &str = "CREATE STREAM t (k STRING, v INT, at TIMESTAMP, WATERMARK FOR at AS at);
SELECT k, sum(v) AS total FROM TUMBLE(t, at, INTERVAL '1' MINUTE) WHERE v > 0 GROUP BY k, window_start, window_end;";

#[test]
fn each_format_shows_the_window_aggregate() {
    let place = Workplace::new();
    place.write("app.sql", APP);
    for format in ["text", "json", "dot", "mermaid", "svg"] {
        let plan = place
            .run(&["explain", "app.sql", "--format", format])
            .exits(0)
            .stdout;
        assert!(plan.contains("window aggregate"), "{format}:\n{plan}");
    }
    let json = place
        .run(&["explain", "app.sql", "--format", "json"])
        .exits(0)
        .stdout;
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
}

#[test]
fn the_logical_plan_can_be_shown() {
    let place = Workplace::new();
    place.write("app.sql", APP);
    let plan = place
        .run(&["explain", "app.sql", "--stage", "logical"])
        .exits(0)
        .stdout;
    assert!(plan.contains("aggregate sum("), "{plan}");
}
