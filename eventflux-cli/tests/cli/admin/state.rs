//! What is stored of a key.

use std::fmt::Write;

use eventflux_cli::admin::Tokens;
use serde_json::{Value, json};

use super::http::post;
use super::test_cluster::TestCluster;

/// Runs a program over these rows until its end; its checkpoint has everything.
fn finished(cluster: &TestCluster, name: &str, rows: &[Value], query: &str) {
    let folder = cluster.folder().display();
    let mut text = String::new();
    rows.iter().for_each(|row| writeln!(text, "{row}").unwrap());
    std::fs::write(cluster.folder().join(format!("{name}.ndjson")), text).unwrap();
    let sql = format!(
        "CREATE STREAM trades (at TIMESTAMP, sym STRING, qty BIGINT, WATERMARK FOR at AS at)
         WITH ('connector' = 'file', 'path' = '{folder}/{name}.ndjson', 'format' = 'json', 'mode' = 'follow');
         {query}"
    );
    let body = json!({"name": name, "sql": sql, "parallelism": 2});
    post(cluster.address(0), "/v1/pipelines", &body).is(201);
}

fn look(cluster: &TestCluster, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    cluster.wait_for(1, path, &Tokens::default(), is_so)
}

fn trade(second: u32, sym: &str, qty: i64) -> Value {
    json!({"at": format!("2024-01-01T00:00:{second:02}Z"), "sym": sym, "qty": qty})
}

#[test]
fn groups_are_shown_as_what_their_aggregates_come_to() {
    let cluster = TestCluster::shared();
    let rows = [trade(1, "IBM", 3), trade(2, "SAP", 1), trade(3, "IBM", 4)];
    let query = "CREATE STREAM sums (sym STRING, total BIGINT, n BIGINT, least BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO sums SELECT sym, sum(qty) AS total, count(*) AS n, min(qty) AS least FROM trades GROUP BY sym;";
    finished(cluster, "groups", &rows, query);
    let path = "/v1/pipelines/groups/state?key=IBM";
    let found = look(cluster, path, |found| {
        found["operators"][0]["entries"][0]["rows"] == 2
    });
    let operator = &found["operators"][0];
    assert_eq!(operator["key"], json!(["sym"]));
    let values = operator["entries"][0]["values"].as_object().unwrap();
    let mut numbers: Vec<i64> = values.values().map(|value| value.as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 7], "{values:?}");
    assert!(found["checkpoint"].as_u64().unwrap() > 0);
    // Its key group is one of the owner's.
    let partitions = cluster.get("/v1/pipelines/groups/partitions").json();
    let group = operator["key_group"].as_u64().unwrap() as usize;
    assert_eq!(partitions["partitions"][group]["node"], operator["owner"]);

    let absent = cluster.get("/v1/pipelines/groups/state?key=XYZ").is(200).json();
    assert_eq!(absent["operators"][0]["entries"], json!([]));
    let two = cluster
        .get("/v1/pipelines/groups/state?key=%5B%22a%22,1%5D")
        .is(200)
        .json();
    assert_eq!(
        two["operators"][0]["problem"],
        "its key is (sym), and 2 values are given"
    );
    let id = operator["operator"].as_str().unwrap();
    let typo = format!(
        "/v1/pipelines/groups/state?key=IBM&operator={}x",
        id.replace(' ', "%20")
    );
    let problem = cluster.get(&typo).is(404).json();
    assert_eq!(problem["help"][0], format!("did you mean `{id}`?"));
    cluster.remove("groups");
}

#[test]
fn a_group_that_is_past_its_ttl_is_not_found() {
    let cluster = TestCluster::shared();
    let rows = [trade(1, "IBM", 3), trade(40, "SAP", 1), trade(41, "SAP", 1)];
    let query = "CREATE STREAM sums (sym STRING, n BIGINT) WITH ('connector' = 'blackhole');
        CREATE STREAM all_of_ibm (n BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO sums SELECT sym, count(*) AS n FROM trades GROUP BY sym;
        INSERT INTO all_of_ibm SELECT count(*) AS n FROM trades WHERE sym = 'IBM';";
    for (name, ttl, count) in [("kept", "40s", 1), ("past", "39s", 0)] {
        finished(cluster, name, &rows, &format!("SET state_ttl = '{ttl}'; {query}"));
        let of_key = |key: &str| format!("/v1/pipelines/{name}/state{key}");
        let all_read = look(cluster, &of_key("?key=SAP"), |found| {
            let mut operators = found["operators"].as_array().into_iter().flatten();
            operators.any(|operator| operator["entries"][0]["rows"] == 2)
        });
        let after = all_read["checkpoint"].as_u64();
        let entries = |key: &str, is_keyed: bool| {
            let found = look(cluster, &of_key(key), |found| {
                found["checkpoint"].as_u64() > after
            });
            let mut operators = found["operators"].as_array().unwrap().iter();
            let operator = operators.find(|operator| (operator["key"] != json!([])) == is_keyed);
            operator.unwrap()["entries"].as_array().unwrap().len()
        };
        assert_eq!(entries("?key=SAP", true), 1, "{name}");
        assert_eq!(entries("?key=IBM", true), count, "{name}");
        // The one group of a query without keys keeps its place; what is in it is over all the same.
        assert_eq!(entries("", false), count, "{name}");
        cluster.remove(name);
    }
}

#[test]
fn open_windows_and_sessions_of_a_key_are_shown_with_their_bounds() {
    let cluster = TestCluster::shared();
    let rows = [
        trade(1, "IBM", 3),
        trade(2, "IBM", 4),
        trade(3, "SAP", 1),
        trade(9, "IBM", 5),
    ];
    let query = "CREATE STREAM windows (sym STRING, total BIGINT) WITH ('connector' = 'blackhole');
        CREATE STREAM sessions (sym STRING, total BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO windows SELECT sym, sum(qty) AS total FROM trades WINDOW TUMBLING(1 HOUR) GROUP BY sym;
        INSERT INTO sessions SELECT sym, sum(qty) AS total FROM trades WINDOW SESSION(5 SECONDS, sym) GROUP BY sym;";
    finished(cluster, "windows", &rows, query);
    let path = "/v1/pipelines/windows/state?key=IBM";
    let is_read = |found: &Value| {
        let operators = found["operators"].as_array();
        operators.is_some_and(|operators| {
            operators.len() == 2 && operators.iter().all(|operator| operator["entries"] != json!([]))
        })
    };
    let found = look(cluster, path, is_read);
    let mut seen = Vec::new();
    for operator in found["operators"].as_array().unwrap() {
        assert_eq!(operator["problem"], Value::Null);
        for entry in operator["entries"].as_array().unwrap() {
            let total = entry["values"]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap()
                .clone();
            seen.push((
                entry["start"].as_str().unwrap()[11..19].to_owned(),
                entry["end"].as_str().unwrap()[11..19].to_owned(),
                total.as_i64().unwrap(),
            ));
        }
    }
    seen.sort();
    let expected = [("00:00:00", "01:00:00", 12), ("00:00:09", "00:00:09", 5)];
    assert_eq!(
        seen,
        expected.map(|(start, end, total)| (start.to_owned(), end.to_owned(), total))
    );
    cluster.remove("windows");
}
