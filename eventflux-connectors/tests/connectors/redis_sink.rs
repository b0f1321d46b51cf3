//! The redis sink without checkpoints, against a real Redis, and its options.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use eventflux_core::ErrorKind;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{OptionError, SinkPlan, SinkRequest};
use eventflux_core::element::StreamElement;
use eventflux_core::testing::{self, RedisServer};

use crate::kit::program::{line_sink, options, registry, sink_context, unresolved_line_sink};
use crate::kit::redis::Key;
use crate::kit::rows::lines;
use crate::kit::sink_kit;

/// A sink of lines into a stream.
pub fn plan(key: &Key, given: &[(&str, &str)]) -> Result<Box<dyn SinkPlan>, OptionError> {
    let own = [("url", key.url.as_str()), ("key", &key.name), ("format", "line")];
    line_sink("redis", &[], &[&own, given].concat())
}

fn pair_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("n", DataType::Int64, false),
    ]))
}

/// A sink of (name STRING, n BIGINT, PRIMARY KEY (name)).
pub fn table(key: &Key, given: &[(&str, &str)]) -> Result<Box<dyn SinkPlan>, OptionError> {
    let (registry, schema) = (registry(), pair_schema());
    let own = [("url", key.url.as_str()), ("key", &key.name)];
    let options = options(&[&own, given].concat());
    let request = SinkRequest {
        stream: "pairs",
        schema: &schema,
        key: &[0],
        options: &options,
        registry: &registry,
    };
    registry.sink("redis").unwrap().plan(&request)
}

/// Rows of (name, n) with their kinds.
pub fn pairs(text: &str) -> EventBatch {
    match &testing::batches(&testing::schema("name text, n bigint"), text)[..] {
        [StreamElement::Batch(batch)] => batch.clone(),
        elements => panic!("{} elements", elements.len()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_entries_in_order() {
    let key = Key::new();
    sink_kit::check(&*plan(&key, &[]).unwrap(), || key.values()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_key_and_value_as_the_format_writes_them() {
    let expected = [
        (
            "json",
            "+I A 1\n+I A 2",
            vec![
                vec!["key", r#"{"name":"A"}"#, "value", r#"{"name":"A","n":1}"#],
                vec!["key", r#"{"name":"A"}"#, "value", r#"{"name":"A","n":2}"#],
            ],
        ),
        (
            "upsert_json",
            "+I A 1\n-D A 1",
            vec![
                vec!["key", r#"{"name":"A"}"#, "value", r#"{"name":"A","n":1}"#],
                vec!["key", r#"{"name":"A"}"#],
            ],
        ),
    ];
    for (format, rows, expected) in expected {
        // Through the pipeline and through the script.
        let key = Key::new();
        let plan = table(&key, &[("format", format)]).unwrap();
        let mut sink = plan.open(&sink_context(0, 1)).unwrap();
        sink.write(&pairs(rows)).await.unwrap();
        sink.flush().await.unwrap();
        assert_eq!(key.entries(), expected, "{format}");
        let key = Key::new();
        let plan = table(&key, &[("format", format)]).unwrap();
        let plan = plan.exactly_once().unwrap();
        let context = crate::kit::commit_kit::commit_context(&key.name, 1, None);
        let mut committer = plan.committer(&context).unwrap();
        let mut sink = plan.open(&sink_context(0, 1)).unwrap();
        sink.write(&pairs(rows)).await.unwrap();
        let note = sink.pre_commit(1).await.unwrap().note;
        let note = eventflux_core::connector::CommitNote {
            epoch: 1,
            subtask: 0,
            note,
        };
        committer.commit(&[note]).await.unwrap();
        assert_eq!(key.entries(), expected, "{format} with checkpoints");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_follows_its_rows() {
    let key = Key::new();
    let plan = table(&key, &[("structure", "hash")]).unwrap();
    let mut sink = plan.open(&sink_context(0, 1)).unwrap();
    sink.write(&pairs("+I A 1\n+I B 2\n-U A 1\n+U A 3\n-D B 2"))
        .await
        .unwrap();
    sink.close().await.unwrap();
    let row = (r#"{"name":"A"}"#.to_owned(), r#"{"name":"A","n":3}"#.to_owned());
    assert_eq!(key.fields(), [row]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_kept_short() {
    let rows: Vec<_> = (0..5_000).map(|row| row.to_string()).collect();
    let texts: Vec<_> = rows.iter().map(String::as_str).collect();
    let check = |key: &Key| {
        let kept = key.values();
        assert!((500..2_000).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept.last(), rows.last());
    };
    let key = Key::new();
    let plan = plan(&key, &[("max_length", "500")]).unwrap();
    let mut sink = plan.open(&sink_context(0, 1)).unwrap();
    sink.write(&lines(&texts)).await.unwrap();
    sink.flush().await.unwrap();
    check(&key);
    // With checkpoints, too.
    let _: i64 = key.query(&["DEL", &key.name]);
    let start = crate::kit::commit_kit::Process::start(&key.name, &*plan, 1, None, 1);
    let mut process = start.await.unwrap();
    process.write(0, &rows).await;
    process.checkpoint().await;
    check(&key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_is_waited_for_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = RedisServer::durable(folder.path());
    let key = Key::at(&server.url());
    let patient = plan(&key, &[("connect_timeout", "60s")]).unwrap();
    let mut sink = patient.open(&sink_context(0, 1)).unwrap();
    sink.write(&lines(&["a"])).await.unwrap();
    sink.flush().await.unwrap();
    sink.write(&lines(&["b"])).await.unwrap();
    server.kill();
    let flush = tokio::spawn(async move { sink.flush().await });
    server.restart();
    flush.await.unwrap().unwrap();
    assert_eq!(key.values(), ["a", "b"]);
    server.kill();
    let hasty = plan(&key, &[("connect_timeout", "100ms")]).unwrap();
    sink_kit::check_failure(&*hasty, &key.name, ErrorKind::Environment).await;
}

#[test]
fn a_stream_takes_the_rows_that_its_format_can_express() {
    sink_kit::check_input("redis", &[("url", "redis://h"), ("key", "k")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::start(folder.path(), &["--requirepass", "right"]);
    let url = |password: &str| format!("{}?pass={password}", server.url());
    let with = |url: &str| plan(&Key::at(url), &[("connect_timeout", "100ms")]).unwrap();
    assert!(with(&url("right")).open(&sink_context(0, 1)).is_ok());
    let error = with(&url("hunter2")).open(&sink_context(0, 1)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let error = with("redis://:hunter2@127.0.0.1:1")
        .open(&sink_context(0, 1))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("127.0.0.1:1 does not answer"),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let error = plan(&Key::at("http://:hunter2@h"), &[]).err().unwrap();
    assert_eq!(error.to_string(), "option `url`: is no address of a Redis");
}

#[test]
fn options_that_cannot_be_used_are_refused() {
    let key = Key::at("redis://h");
    let refused = |given: &[(&str, &str)]| table(&key, given).err().unwrap();
    let error = refused(&[("structure", "hash"), ("format", "json")]);
    assert_eq!(
        error.to_string(),
        "option `format`: a hash holds the current row per key, which this format cannot say"
    );
    assert_eq!(
        error.help.as_deref(),
        Some("leave `format` out, or write 'format' = 'upsert_json'")
    );
    let error = refused(&[("structure", "list")]);
    assert_eq!(
        error.to_string(),
        "option `structure`: `list` is none of stream, hash"
    );
    let error = refused(&[("structure", "hash"), ("max_length", "5")]);
    assert_eq!(
        error.to_string(),
        "option `max_length`: is for streams, and this is a hash"
    );
    let error = refused(&[("connect_timeout", "0s")]);
    assert_eq!(error.to_string(), "option `connect_timeout`: leaves no time");
    let error = line_sink(
        "redis",
        &[],
        &[("url", "redis://h"), ("key", "k"), ("structure", "hash")],
    );
    let error = error.err().unwrap();
    assert_eq!(error.help.as_deref(), Some("declare PRIMARY KEY (…)"));
    let error = line_sink("redis", &[], &[("url", "redis://h"), ("key", "")])
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "option `key`: is empty");
    let error = plan(&Key::at("rediss://h?ca=hunter2"), &[]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "option `url`: has the setting `ca`, which is not known"
    );
    // References are known when the app starts.
    assert!(unresolved_line_sink("redis", &[("url", None), ("key", None), ("format", Some("line"))]).is_ok());
    let error = unresolved_line_sink("redis", &[("structure", None)])
        .err()
        .unwrap();
    assert!(error.to_string().contains("has to be written out"), "{error}");
}
