//! Rows into Redis by a process that is killed again and again.

use std::process::Stdio;

use eventflux_core::testing::RedisServer;

use crate::command::{Outcome, Workplace};

const ROWS: usize = 6_000;

/// The values of all entries, in their order.
fn values(server: &RedisServer) -> Vec<String> {
    let script = "local values = {}
        for index, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do values[index] = entry[2][2] end
        return table.concat(values, ' ')";
    let text = server.command(&["EVAL", script, "1", "numbers"]);
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_row_comes_once_however_often_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::durable(folder.path());
    let place = Workplace::new();
    let app = format!(
        "CREATE STREAM numbers (n BIGINT)
         WITH ('connector' = 'datagen', 'rows' = '{ROWS}', 'rows_per_second' = '3000', 'fields.n.kind' = 'sequence');
         CREATE STREAM written (n BIGINT) WITH ('connector' = 'redis', 'url' = '{}', 'key' = 'numbers');
         INSERT INTO written SELECT n FROM numbers;",
        server.url()
    );
    place.write("app.sql", app);
    let explained = place.run(&["explain", "app.sql"]).exits(0).stdout;
    assert!(explained.contains("exactly-once (redis)"), "{explained}");
    let run = [
        "run",
        "app.sql",
        "-p",
        "2",
        "--state-dir",
        "state",
        "--checkpoint-interval",
        "20ms",
    ];
    let mut seen = 0;
    for round in 1..=4 {
        let mut command = place.command(&run);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        while seen < round * ROWS / 5 {
            assert!(child.try_wait().unwrap().is_none(), "it ended after {seen} rows");
            seen = server.command(&["XLEN", "numbers"]).parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    Outcome::of(place.command(&run).output().unwrap()).exits(0);
    let mut found: Vec<usize> = Vec::new();
    for value in values(&server) {
        let value: serde_json::Value = serde_json::from_str(&value).unwrap();
        found.push(value["n"].as_u64().unwrap() as usize);
    }
    found.sort_unstable();
    let first = found[0];
    assert_eq!(found, (first..first + ROWS).collect::<Vec<_>>());
}
