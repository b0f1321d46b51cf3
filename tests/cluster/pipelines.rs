//! A text gives on a cluster what it gives on one node.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use eventflux::distributed::SqlPrograms;
use eventflux::distributed::coordinator::Desired;
use eventflux::distributed::node::{Programs, Submission, SubmitError};

use super::kit::{Cluster, Wires};

fn programs() -> Arc<dyn Programs> {
    Arc::new(SqlPrograms::default())
}

fn submission(name: &str, sql: String, parallelism: usize) -> Submission {
    Submission {
        name: name.into(),
        sql,
        parallelism: Some(parallelism),
        settings: Vec::new(),
    }
}

/// Trades in several files, and what the sum per symbol is.
fn trades(folder: &Path, file_count: usize, rows: usize) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    std::fs::create_dir_all(folder.join("in")).unwrap();
    for file in 0..file_count {
        let mut text = String::new();
        for row in 0..rows {
            let (sym, qty) = (format!("S{}", (file * 7 + row) % 97), (row % 13) as i64);
            writeln!(text, r#"{{"sym":"{sym}","qty":{qty}}}"#).unwrap();
            *sums.entry(sym).or_default() += qty;
        }
        std::fs::write(folder.join(format!("in/{file}.ndjson")), text).unwrap();
    }
    sums
}

fn sums_sql(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "CREATE STREAM trades (sym STRING, qty BIGINT)
         WITH ('connector' = 'file', 'path' = '{folder}/in/*.ndjson', 'format' = 'json');
         CREATE STREAM sums (sym STRING, total BIGINT)
         WITH ('connector' = 'file', 'path' = '{folder}/out.ndjson', 'format' = 'json');
         INSERT INTO sums SELECT sym, sum(qty) AS total FROM trades GROUP BY sym;"
    )
}

/// The last row of each symbol.
fn last_sums(folder: &Path) -> BTreeMap<String, i64> {
    let text = std::fs::read_to_string(folder.join("out.ndjson")).unwrap();
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| {
        (
            row["sym"].as_str().unwrap().to_owned(),
            row["total"].as_i64().unwrap(),
        )
    })
    .collect()
}

#[test]
fn a_text_gives_the_same_on_one_two_and_three_nodes() {
    for count in 1..=3 {
        let cluster = Cluster::start(count, &Wires::default(), &programs());
        let expected = trades(cluster.folder(), 5, 500);
        let pipeline = cluster
            .submit(submission("sums", sums_sql(cluster.folder()), count))
            .unwrap();
        cluster.wait_until_finished(pipeline);
        assert_eq!(last_sums(cluster.folder()), expected, "on {count} nodes");
    }
}

#[test]
fn a_node_that_is_lost_is_replaced_and_nothing_is_lost_or_doubled() {
    let mut cluster = Cluster::start(3, &Wires::default(), &programs());
    let folder = cluster.folder().to_owned();
    let sql = format!(
        "CREATE STREAM ticks (n BIGINT)
         WITH ('connector' = 'datagen', 'rows' = '20000', 'rows_per_second' = '5000',
               'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '19999');
         CREATE STREAM seen (n BIGINT)
         WITH ('connector' = 'file', 'path' = '{}/seen.csv', 'format' = 'csv');
         INSERT INTO seen SELECT n FROM ticks WHERE n % 2 = 0;",
        folder.display()
    );
    let pipeline = cluster.submit(submission("ticks", sql, 3)).unwrap();
    cluster.wait_for_commit(pipeline);
    cluster.drop_node(2);
    cluster.wait_for_nodes(2);
    cluster.wait_until_finished(pipeline);
    let text = std::fs::read_to_string(folder.join("seen.csv")).unwrap();
    let mut seen: Vec<u64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..20_000).step_by(2).collect::<Vec<u64>>());
}

#[test]
fn a_stopped_pipeline_goes_on_where_it_was() {
    let cluster = Cluster::start(2, &Wires::default(), &programs());
    let expected = trades(cluster.folder(), 3, 4_000);
    let pipeline = cluster
        .submit(submission("sums", sums_sql(cluster.folder()), 2))
        .unwrap();
    cluster.set(pipeline, Desired::Stopped);
    cluster.wait_for(pipeline, "at rest", |pipeline| pipeline.assignment.is_none());
    cluster.set(pipeline, Desired::Running);
    cluster.wait_until_finished(pipeline);
    assert_eq!(last_sums(cluster.folder()), expected);
}

#[test]
fn what_cannot_run_is_refused_with_a_reason() {
    let cluster = Cluster::start(1, &Wires::default(), &programs());
    let refusal = |name: &str, sql: &str| match cluster.submit(submission(name, sql.into(), 1)) {
        Ok(id) => panic!("it is taken: {id}"),
        Err(SubmitError::Exists { name }) => format!("exists: {name}"),
        Err(error) => error.to_string(),
    };
    let wrong = refusal("a", "SELEC 1");
    assert!(wrong.contains("a.sql:1:1"), "{wrong}");
    let no_input = refusal("a", "CREATE STREAM t (n BIGINT); SELECT n FROM t;");
    assert!(no_input.contains("stream `t` has no connector"), "{no_input}");
    let no_output = refusal(
        "a",
        "CREATE STREAM t (n BIGINT) WITH ('connector' = 'datagen', 'rows' = '1'); SELECT n FROM t;",
    );
    assert!(no_output.contains("have nowhere to go"), "{no_output}");
    let name = refusal("a/b", "SELECT 1;");
    assert!(name.contains("cannot be the name of a pipeline"), "{name}");
    trades(cluster.folder(), 1, 10);
    let sql = sums_sql(cluster.folder());
    cluster.submit(submission("sums", sql.clone(), 1)).unwrap();
    assert_eq!(refusal("sums", &sql), "exists: sums");
}
