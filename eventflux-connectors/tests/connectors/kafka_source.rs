//! The kafka source, against a real broker.

use std::time::{Duration, Instant};

use crate::kit::kafka::{Sent, Topic, brokers, value};
use crate::kit::program::{column, line, metadata, source, source_context};
use crate::kit::source_kit::{self, Subtasks};
use crate::kit::unique::unique_name;
use arrow::datatypes::{DataType, Field, TimeUnit};
use eventflux_core::connector::{SourcePlan, SourcePosition};
use eventflux_core::plan::SourceColumn;
use eventflux_core::{Error, ErrorKind};

fn plan_of(columns: &[SourceColumn], topic: &str, options: &[(&str, &str)]) -> Box<dyn SourcePlan> {
    let brokers = brokers();
    let given = [
        &[
            ("brokers", brokers.as_str()),
            ("topic", topic),
            ("format", "line"),
        ],
        options,
    ]
    .concat();
    source("kafka", columns, &given).unwrap()
}

fn plan(topic: &Topic, options: &[(&str, &str)]) -> Box<dyn SourcePlan> {
    plan_of(&[line()], &topic.name, options)
}

/// All rows of a bounded input.
async fn rows(plan: Box<dyn SourcePlan>) -> Vec<String> {
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(usize::MAX).await;
    subtasks.read.rows
}

/// Reads on until there are so many rows, and returns those that are new.
async fn read_on(subtasks: &mut Subtasks, row_count: usize) -> Vec<String> {
    let before = subtasks.read.rows.len();
    subtasks.read(before + row_count).await;
    subtasks.read.rows[before..].to_vec()
}

fn open_error(plan: &dyn SourcePlan, positions: &[SourcePosition]) -> Error {
    plan.open(&source_context(0, 1, positions))
        .err()
        .expect("it cannot be opened")
}

#[tokio::test]
async fn any_positions_are_continued_at_any_parallelism() {
    let topic = Topic::create(4).await;
    let mut expected = Vec::new();
    for partition in 0..3 {
        let rows: Vec<_> = (0..9).map(|index| format!("{partition} {index}")).collect();
        let mut messages: Vec<_> = rows.iter().map(|row| value(partition, row)).collect();
        messages.insert(5, value(partition, "!bad"));
        messages.insert(
            2,
            Sent {
                partition,
                key: Some("deleted".into()),
                ..Sent::default()
            },
        );
        topic.send(&messages);
        expected.extend(rows);
    }
    assert!(plan(&topic, &[("end", "latest")]).is_bounded() && !plan(&topic, &[]).is_bounded());
    source_kit::check(|| plan(&topic, &[("end", "latest")]), &expected, 3).await;
}

#[tokio::test]
async fn bad_rows_name_partition_and_offset() {
    let topic = Topic::create(2).await;
    topic.send(&[value(1, "good"), value(1, "!bad")]);
    let mut subtasks = Subtasks::open(&*plan(&topic, &[("end", "latest")]), 1, &[]);
    subtasks.read(usize::MAX).await;
    let bad = &subtasks.read.bad[0];
    assert_eq!(
        (bad.partition.clone(), bad.offset),
        (Some(format!("{}/1", topic.name)), Some(1))
    );
    assert_eq!(&bad.raw[..], b"!bad");
}

#[tokio::test]
async fn what_is_written_later_is_read() {
    let topic = Topic::create(2).await;
    let mut subtasks = Subtasks::open(&*plan(&topic, &[]), 1, &[]);
    topic.send(&[value(0, "a")]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["a"]);
    topic.send(&[value(1, "b")]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["b"]);
}

#[tokio::test]
async fn what_surrounds_a_message_can_be_a_column() {
    let topic = Topic::create(1).await;
    let full = Sent {
        key: Some("k".into()),
        headers: vec![("h".into(), "1".into()), ("h".into(), "2".into())],
        timestamp_ms: Some(1_700_000_000_123),
        ..value(0, "full")
    };
    topic.send(&[
        full,
        Sent {
            timestamp_ms: Some(1),
            ..value(0, "bare")
        },
    ]);
    let entries = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ];
    let map = DataType::Map(
        std::sync::Arc::new(Field::new("entries", DataType::Struct(entries.into()), false)),
        false,
    );
    let columns = [
        metadata("offset", DataType::Int64),
        line(),
        metadata("partition", DataType::Int64),
        metadata("timestamp", DataType::Timestamp(TimeUnit::Microsecond, None)),
        metadata("key", DataType::Utf8),
        metadata("headers", map),
        metadata("topic", DataType::Utf8),
    ];
    let name = &topic.name;
    assert_eq!(
        rows(plan_of(&columns, name, &[("end", "latest")])).await,
        [
            format!("0|full|0|2023-11-14T22:13:20.123|k|{{h: 1, h: 2}}|{name}"),
            format!("1|bare|0|1970-01-01T00:00:00.001|NULL|{{}}|{name}"),
        ]
    );
}

#[tokio::test]
async fn a_message_without_a_key_is_bad_where_the_key_is_not_null() {
    let topic = Topic::create(1).await;
    topic.send(&[
        value(0, "without"),
        Sent {
            key: Some("k".into()),
            ..value(0, "with")
        },
    ]);
    let key = SourceColumn {
        field: Field::new("key", DataType::Binary, false).into(),
        ..metadata("key", DataType::Binary)
    };
    let plan = plan_of(&[key, line()], &topic.name, &[("end", "latest")]);
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(usize::MAX).await;
    assert_eq!(subtasks.read.rows, ["6b|with"]);
    assert_eq!(
        subtasks.read.bad[0].reason,
        "the message has no key, and its column is NOT NULL"
    );
}

#[tokio::test]
async fn reading_begins_where_it_is_told() {
    let topic = Topic::create(1).await;
    let at = |timestamp_ms, row| Sent {
        timestamp_ms: Some(timestamp_ms),
        ..value(0, row)
    };
    topic.send(&[at(1000, "a"), at(2000, "b"), at(3000, "c")]);
    let bounded = |start: &'static str| rows(plan(&topic, &[("start", start), ("end", "latest")]));
    assert_eq!(bounded("earliest").await, ["a", "b", "c"]);
    assert_eq!(bounded("1970-01-01T00:00:01.500Z").await, ["b", "c"]);
    assert_eq!(bounded("3000").await, ["c"]);
    assert_eq!(bounded("3001").await, [""; 0]);
    assert_eq!(bounded("latest").await, [""; 0]);
    let mut subtasks = Subtasks::open(&*plan(&topic, &[("start", "latest")]), 1, &[]);
    topic.send(&[value(0, "d")]);
    assert_eq!(read_on(&mut subtasks, 1).await, ["d"]);
}

#[tokio::test]
async fn latest_is_where_it_was_at_the_first_start() {
    let topic = Topic::create(1).await;
    topic.send(&[value(0, "old")]);
    let plan = || plan(&topic, &[("start", "latest")]);
    let subtasks = Subtasks::open(&*plan(), 1, &[]);
    let positions = subtasks.positions();
    drop(subtasks);
    topic.send(&[value(0, "new")]);
    let mut subtasks = Subtasks::open(&*plan(), 1, &positions);
    assert_eq!(read_on(&mut subtasks, 1).await, ["new"]);
}

/// Reads a bounded input to its end; how the run ends is up to the caller.
async fn run(plan: &dyn SourcePlan) -> Vec<String> {
    let mut subtasks = Subtasks::open(plan, 2, &[]);
    subtasks.read(usize::MAX).await;
    subtasks.read.rows
}

#[tokio::test]
async fn the_group_is_told_at_the_end_of_a_complete_run_only_and_can_be_gone_on_from() {
    let topic = Topic::create(2).await;
    let group = unique_name("group");
    let options = [
        ("group_id", group.as_str()),
        ("start", "committed"),
        ("end", "latest"),
    ];
    topic.send(&[value(0, "a"), value(0, "b"), value(1, "c")]);
    // Nothing is committed yet.
    let killed = plan(&topic, &options);
    assert_eq!(run(&*killed).await.len(), 3);
    drop(killed);
    let stopped = plan(&topic, &options);
    assert_eq!(run(&*stopped).await.len(), 3);
    stopped.following_end().unwrap().run_ended(false).unwrap();
    assert_eq!(topic.committed(&group, 0), None);
    let complete = plan(&topic, &options);
    assert_eq!(run(&*complete).await.len(), 3);
    assert_eq!(topic.committed(&group, 0), None);
    complete.following_end().unwrap().run_ended(true).unwrap();
    assert_eq!(
        (topic.committed(&group, 0), topic.committed(&group, 1)),
        (Some(2), Some(1))
    );
    topic.send(&[value(0, "d")]);
    assert_eq!(run(&*plan(&topic, &options)).await, ["d"]);
    // Without a group nothing is committed.
    let nobody = plan(&topic, &[("end", "latest")]);
    assert!(nobody.following_end().is_none());
    assert!(Subtasks::open(&*nobody, 1, &[]).source(0).committing().is_none());
}

#[tokio::test]
async fn the_group_is_told_of_what_a_checkpoint_holds_and_of_nothing_after_it() {
    let topic = Topic::create(1).await;
    let group = unique_name("group");
    let options = [("group_id", group.as_str())];
    topic.send(&[
        value(0, "a"),
        value(0, "b"),
        value(0, "c"),
        value(0, "d"),
        value(0, "e"),
    ]);
    let plan = plan(&topic, &options);
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(4).await;
    let positions = subtasks.positions();
    subtasks.read(5).await;
    let source = subtasks.source(0);
    source.committing().unwrap().commit_positions(&positions).unwrap();
    drop(subtasks);
    // The consumer closes, and sends what it was told last.
    plan.following_end().unwrap().run_ended(false).unwrap();
    assert_eq!(topic.committed(&group, 0), Some(4));
}

/// The run before died when everything was read and the group not told.
#[tokio::test(flavor = "multi_thread")]
async fn the_group_is_told_of_partitions_that_had_been_read_to_their_end_before_the_start() {
    let topic = Topic::create(2).await;
    let group = unique_name("group");
    let plan = plan(&topic, &[("group_id", &group), ("end", "latest")]);
    topic.send(&[value(0, "a"), value(0, "b"), value(1, "c")]);
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(3).await;
    let positions = subtasks.positions();
    drop(subtasks);
    let mut subtasks = Subtasks::open(&*plan, 1, &positions);
    let source = subtasks.source(0);
    for _ in 0..2 {
        source.committing().unwrap().commit_positions(&positions).unwrap();
    }
    let told = || (topic.committed(&group, 0), topic.committed(&group, 1));
    let began = std::time::Instant::now();
    while told() != (Some(2), Some(1)) {
        assert!(began.elapsed().as_secs() < 60, "the group knows {:?}", told());
    }
}

#[tokio::test]
async fn a_bounded_input_ends_behind_the_marks_of_transactions() {
    let topic = Topic::create(1).await;
    let transaction = unique_name("transaction");
    topic.send_with(
        &[value(0, "a"), value(0, "b")],
        &[("transactional.id", &transaction)],
    );
    // The partition holds three offsets now, the last of which is no message.
    assert_eq!(rows(plan(&topic, &[("end", "latest")])).await, ["a", "b"]);
}

#[tokio::test]
async fn new_partitions_are_found_and_read_from_their_beginning() {
    let topic = Topic::create(1).await;
    let options = [("discovery_interval", "100ms"), ("start", "latest")];
    let mut subtasks = Subtasks::open(&*plan(&topic, &options), 2, &[]);
    topic.add_partitions(3).await;
    topic.send(&[value(0, "old"), value(1, "new 1"), value(2, "new 2")]);
    let mut rows = read_on(&mut subtasks, 3).await;
    rows.sort();
    assert_eq!(rows, ["new 1", "new 2", "old"]);
    topic.send(&[value(0, "again 0"), value(1, "again 1")]);
    let mut rows = read_on(&mut subtasks, 2).await;
    rows.sort();
    assert_eq!(rows, ["again 0", "again 1"]);
}

#[tokio::test]
async fn new_topics_of_a_pattern_are_found() {
    let prefix = unique_name("pattern");
    let pattern = format!("^{prefix}\\.[ab]$");
    let plan = plan_of(
        &[metadata("topic", DataType::Utf8), line()],
        &pattern,
        &[("discovery_interval", "100ms")],
    );
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    for name in ["a", "x", "b"] {
        let topic = Topic::create_at(&brokers(), &format!("{prefix}.{name}"), 1).await;
        topic.send(&[value(0, name)]);
    }
    let mut rows = read_on(&mut subtasks, 2).await;
    rows.sort();
    assert_eq!(rows, [format!("{prefix}.a|a"), format!("{prefix}.b|b")]);
}

#[tokio::test]
async fn several_topics_are_read_together() {
    let topics = [Topic::create(1).await, Topic::create(2).await];
    topics[0].send(&[value(0, "a")]);
    topics[1].send(&[value(1, "b")]);
    let names = format!("{}, {}", topics[0].name, topics[1].name);
    let mut rows = rows(plan_of(&[line()], &names, &[("end", "latest")])).await;
    rows.sort();
    assert_eq!(rows, ["a", "b"]);
}

#[tokio::test]
async fn offsets_that_are_not_there_any_more_are_an_error() {
    let topic = Topic::create(1).await;
    topic.send(&[value(0, "a"), value(0, "b"), value(0, "c")]);
    topic.delete_before(0, 2).await;
    let name = format!("{}/0", topic.name);
    let position = |offset: &str| {
        [SourcePosition {
            partition: name.clone(),
            position: offset.into(),
        }]
    };
    let lost = open_error(&*plan(&topic, &[]), &position("1"));
    assert_eq!(
        lost.to_string(),
        format!("kafka `{name}`: offset 1 is to be read next, but the messages before 2 have been deleted")
    );
    let beyond = open_error(&*plan(&topic, &[]), &position("4"));
    assert!(beyond.to_string().contains("the partition ends at 3"), "{beyond}");
    let mut rest = Subtasks::open(&*plan(&topic, &[]), 1, &position("2"));
    assert_eq!(read_on(&mut rest, 1).await, ["c"]);
    let gone = SourcePosition {
        partition: format!("{}/7", topic.name),
        position: "0".into(),
    };
    assert!(
        open_error(&*plan(&topic, &[]), &[gone])
            .to_string()
            .contains("is not there any more")
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let name = unique_name("missing");
    let missing = open_error(&*plan_of(&[line()], &name, &[]), &[]);
    assert_eq!(
        missing.to_string(),
        format!("kafka `{name}`: there is no such topic")
    );
    assert_eq!(missing.kind(), ErrorKind::Input);
    let begun = Instant::now();
    let options = [
        ("brokers", "127.0.0.1:1"),
        ("topic", "t"),
        ("format", "line"),
        ("connect_timeout", "5s"),
    ];
    let error = open_error(&*source("kafka", &[line()], &options).unwrap(), &[]);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(error.kind(), ErrorKind::Environment);
    let text = error.to_string();
    assert!(
        text.starts_with("kafka `127.0.0.1:1`: no answer within 5 s:") && text.contains("Connection refused"),
        "{text}"
    );
}

#[test]
fn mistakes_are_explained() {
    let wrong = |options: &[(&str, &str)]| {
        let given = [
            &[("brokers", "localhost:9092"), ("topic", "t"), ("format", "line")],
            options,
        ]
        .concat();
        let error = source("kafka", &[line()], &given).err().unwrap();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    };
    assert_eq!(
        wrong(&[("start", "committed")]),
        "option `start`: `committed` needs a `group_id`; "
    );
    assert!(
        wrong(&[("start", "yesterday")])
            .starts_with("option `start`: `yesterday` is none of earliest, latest,")
    );
    assert_eq!(
        wrong(&[("properties.auto.offset.reset", "latest")]),
        "option `properties.auto.offset.reset`: is set by the connector; use `start`"
    );
    assert_eq!(
        wrong(&[("properties.fetch.min.byts", "1")]),
        "option `properties.fetch.min.byts`: is no property of librdkafka; "
    );
    assert!(!wrong(&[("properties.ssl.key.pem", "hunter2")]).contains("hunter2"));
    let unknown = source(
        "kafka",
        &[metadata("headder", DataType::Utf8)],
        &[("brokers", "b"), ("topic", "t"), ("format", "line")],
    );
    assert_eq!(
        unknown.err().unwrap().to_string(),
        "option `headder`: there is no metadata of this name"
    );
    let misfit = source(
        "kafka",
        &[metadata("headers", DataType::Int64), column("x", DataType::Utf8)],
        &[("brokers", "b"), ("topic", "t"), ("format", "line")],
    );
    assert!(misfit.err().unwrap().to_string().contains("cannot become"));
}
