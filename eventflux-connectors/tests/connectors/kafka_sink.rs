//! The kafka sink, against a real broker, and what both ends do when the broker goes away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::kit::broker::Broker;
use crate::kit::kafka::{Sent, Topic, brokers, value};
use crate::kit::program::{line, line_sink, options, registry, sink_context, source, source_context};
use crate::kit::rows::lines;
use crate::kit::sink_kit;
use crate::kit::source_kit::Subtasks;
use crate::kit::unique::unique_name;
use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use eventflux_core::ErrorKind;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::connector::{
    OptionError, Sink, SinkContext, SinkPlan, SinkRequest, Source, SourceContext,
};
use eventflux_core::runtime::TroubleReport;

pub fn plan(topic: &str, given: &[(&str, &str)]) -> Box<dyn SinkPlan> {
    let brokers = brokers();
    line_sink(
        "kafka",
        &[],
        &[
            &[
                ("brokers", brokers.as_str()),
                ("topic", topic),
                ("format", "line"),
            ],
            given,
        ]
        .concat(),
    )
    .unwrap()
}

fn open(plan: &dyn SinkPlan) -> Box<dyn Sink> {
    plan.open(&sink_context(0, 1)).unwrap()
}

fn pair_schema() -> SchemaRef {
    let fields = [("name", DataType::Utf8), ("n", DataType::Int64)];
    Arc::new(Schema::new(
        fields
            .map(|(name, data_type)| Field::new(name, data_type, false))
            .to_vec(),
    ))
}

/// A sink of (name STRING, n BIGINT).
fn pair_sink(topic: &str, key: &[usize], given: &[(&str, &str)]) -> Result<Box<dyn SinkPlan>, OptionError> {
    let (registry, schema, brokers) = (registry(), pair_schema(), brokers());
    let options = options(&[&[("brokers", brokers.as_str()), ("topic", topic)], given].concat());
    let request = SinkRequest {
        stream: "pairs",
        schema: &schema,
        key,
        options: &options,
        registry: &registry,
    };
    registry.sink("kafka").unwrap().plan(&request)
}

fn pairs(rows: &[(RowKind, &str, i64)]) -> EventBatch {
    let names = StringArray::from_iter_values(rows.iter().map(|(_, name, _)| name));
    let numbers = Int64Array::from_iter_values(rows.iter().map(|(_, _, n)| *n));
    let batch = RecordBatch::try_new(pair_schema(), vec![Arc::new(names), Arc::new(numbers)]).unwrap();
    EventBatch::at(batch, 1_700_000_000_123_456)
        .with_kinds(Some(rows.iter().map(|(kind, ..)| *kind).collect()))
        .unwrap()
}

fn keyed(key: &str, value: Option<&str>) -> Sent {
    Sent {
        key: Some(key.into()),
        value: value.map(str::to_owned),
        ..Sent::default()
    }
}

/// Messages without the time at which they were written.
fn timeless(messages: Vec<Sent>) -> Vec<Sent> {
    messages
        .into_iter()
        .map(|message| Sent {
            timestamp_ms: None,
            ..message
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_of_sinks_is_kept() {
    let topic = Topic::create(1).await;
    let read = || topic.read().into_iter().map(|sent| sent.value.unwrap()).collect();
    sink_kit::check(&*plan(&topic.name, &[]), read).await;
    sink_kit::check_input("kafka", &[("brokers", "broker:9092"), ("topic", "t")]);
    let nobody = line_sink(
        "kafka",
        &[],
        &[
            ("brokers", "127.0.0.1:1"),
            ("topic", "t"),
            ("format", "line"),
            ("connect_timeout", "300ms"),
        ],
    );
    sink_kit::check_failure(&*nobody.unwrap(), "127.0.0.1:1", ErrorKind::Environment).await;
}

#[tokio::test]
async fn flushed_rows_are_there() {
    let topic = Topic::create(1).await;
    let mut sink = open(&*plan(&topic.name, &[]));
    sink.write(&lines(&["a", "b"])).await.unwrap();
    sink.flush().await.unwrap();
    assert_eq!(timeless(topic.read()), [value(0, "a"), value(0, "b")]);
    sink.write(&lines(&["c"])).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(topic.read().len(), 3);
}

#[tokio::test]
async fn more_than_may_be_on_its_way_is_written() {
    let topic = Topic::create(2).await;
    let options = [("properties.queue.buffering.max.messages", "10")];
    let mut sink = open(&*plan(&topic.name, &options));
    let rows: Vec<_> = (0..1000).map(|index| index.to_string()).collect();
    sink.write(&lines(&rows.iter().map(String::as_str).collect::<Vec<_>>()))
        .await
        .unwrap();
    sink.flush().await.unwrap();
    let mut read: Vec<_> = topic.read().into_iter().filter_map(|sent| sent.value).collect();
    read.sort_by_key(|row| row.parse::<u32>().unwrap());
    assert_eq!(read, rows);
}

#[tokio::test]
async fn the_key_is_made_of_the_columns_that_are_named() {
    let topic = Topic::create(1).await;
    let write = async |key: &[usize], given: &[(&str, &str)]| {
        let plan = pair_sink(&topic.name, key, &[&[("format", "json")], given].concat()).unwrap();
        let mut sink = open(&*plan);
        sink.write(&pairs(&[(RowKind::Insert, "a", 1)])).await.unwrap();
        sink.close().await.unwrap();
    };
    write(&[], &[]).await;
    write(&[0], &[]).await;
    write(&[0], &[("key", "n, name")]).await;
    let value = r#"{"name":"a","n":1}"#;
    assert_eq!(
        timeless(topic.read()),
        [
            crate::kit::kafka::value(0, value),
            keyed(r#"{"name":"a"}"#, Some(value)),
            keyed(r#"{"n":1,"name":"a"}"#, Some(value)),
        ]
    );
}

#[tokio::test]
async fn a_deleted_row_is_a_tombstone() {
    let topic = Topic::create(1).await;
    let mut sink = open(&*pair_sink(&topic.name, &[0], &[("format", "upsert_json")]).unwrap());
    let changes = [
        (RowKind::Insert, "a", 1),
        (RowKind::UpdateBefore, "a", 1),
        (RowKind::UpdateAfter, "a", 2),
        (RowKind::Delete, "a", 2),
    ];
    sink.write(&pairs(&changes)).await.unwrap();
    sink.close().await.unwrap();
    let key = r#"{"name":"a"}"#;
    assert_eq!(
        timeless(topic.read()),
        [
            keyed(key, Some(r#"{"name":"a","n":1}"#)),
            keyed(key, Some(r#"{"name":"a","n":2}"#)),
            keyed(key, None),
        ]
    );
}

#[tokio::test]
async fn messages_of_one_key_go_to_the_partition_that_other_clients_choose() {
    let topic = Topic::create(7).await;
    let mut sink = open(
        &*line_sink(
            "kafka",
            &[0],
            &[
                ("brokers", &brokers()),
                ("topic", &topic.name),
                ("format", "line"),
            ],
        )
        .unwrap(),
    );
    // Made with the partitioner of Kafka's Java client.
    sink.write(&lines(&["21", "foobar", "a-little-bit-long-string"]))
        .await
        .unwrap();
    sink.close().await.unwrap();
    let mut partitions: Vec<_> = topic
        .read()
        .into_iter()
        .map(|sent| (sent.key.unwrap(), sent.partition))
        .collect();
    partitions.sort();
    let partition = |hash: i32| (hash & 0x7fff_ffff) % 7;
    assert_eq!(
        partitions,
        [
            ("21".to_owned(), partition(-973_932_308)),
            ("a-little-bit-long-string".to_owned(), partition(-985_981_536)),
            ("foobar".to_owned(), partition(-790_332_482)),
        ]
    );
}

#[tokio::test]
async fn the_time_of_a_message_is_now_or_the_rows() {
    let topic = Topic::create(1).await;
    for given in ["now", "event_time"] {
        let mut sink =
            open(&*pair_sink(&topic.name, &[], &[("format", "json"), ("timestamp", given)]).unwrap());
        sink.write(&pairs(&[(RowKind::Insert, "a", 1)])).await.unwrap();
        sink.close().await.unwrap();
    }
    let times: Vec<_> = topic
        .read()
        .into_iter()
        .filter_map(|sent| sent.timestamp_ms)
        .collect();
    assert!(times[0] > 1_700_000_000_123);
    assert_eq!(times[1], 1_700_000_000_123);
}

#[tokio::test]
async fn a_topic_that_the_broker_makes_is_waited_for() {
    let topic = Topic {
        brokers: brokers(),
        name: unique_name("new"),
    };
    let mut sink = open(&*plan(&topic.name, &[]));
    sink.write(&lines(&["a"])).await.unwrap();
    sink.flush().await.unwrap();
    assert_eq!(timeless(topic.read()), [value(0, "a")]);
}

#[tokio::test]
async fn what_a_broker_refuses_is_an_error() {
    let topic = Topic::create(1).await;
    let large = "x".repeat(2_000_000);
    let mut sink = open(&*plan(&topic.name, &[]));
    let error = sink.write(&lines(&[&large])).await.unwrap_err();
    assert!(error.to_string().contains("message size too large"), "{error}");
    // Accepted here, refused there.
    let mut sink = open(&*plan(
        &topic.name,
        &[("properties.message.max.bytes", "5000000")],
    ));
    sink.write(&lines(&[&large])).await.unwrap();
    let error = sink.flush().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("kafka `{}`: message size too large", topic.name)
    );
    assert!(
        sink.write(&lines(&["a"])).await.is_err(),
        "a sink that has lost a row takes no more"
    );
}

#[tokio::test]
async fn a_broker_that_does_not_answer_is_named() {
    let begun = Instant::now();
    let given = [
        ("brokers", "127.0.0.1:1"),
        ("topic", "t"),
        ("format", "line"),
        ("connect_timeout", "5s"),
    ];
    let error = line_sink("kafka", &[], &given)
        .unwrap()
        .open(&sink_context(0, 1))
        .err()
        .unwrap();
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
    let wrong = |topic: &str, given: &[(&str, &str)]| {
        let error = pair_sink(topic, &[], &[&[("format", "json")], given].concat())
            .err()
            .unwrap();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    };
    assert_eq!(
        wrong("t", &[("control_topic", "t")]),
        "option `control_topic`: is the topic of the rows; "
    );
    assert_eq!(
        wrong("t", &[("key", "m")]),
        "option `key`: there is no column `m`; the columns are name, n"
    );
    assert_eq!(wrong("a,b", &[]), "option `topic`: `a,b` is no name of a topic; ");
    assert_eq!(
        wrong("t", &[("properties.transactional.id", "x")]),
        "option `properties.transactional.id`: is set by the connector; "
    );
    assert!(!wrong("t", &[("properties.ssl.key.pem", "hunter2")]).contains("hunter2"));
}

/// Reads on, whatever comes, until a trouble is told or is over.
async fn read_until(source: &mut Box<dyn Source>, trouble: &TroubleReport, is_told: bool) {
    while trouble.now().is_some() != is_told {
        let next = tokio::time::timeout(Duration::from_millis(100), source.next()).await;
        assert!(next.is_err() || next.is_ok_and(|event| event.is_ok()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_broker_is_told_by_sources_and_sinks_while_it_is_away() {
    let mut broker = Broker::start();
    let topic = Topic::create_at(&broker.address, &unique_name("topic"), 1).await;
    let given = [
        ("brokers", broker.address.as_str()),
        ("topic", topic.name.as_str()),
        ("format", "line"),
    ];
    let (of_source, of_sink) = (TroubleReport::default(), TroubleReport::default());
    let context = SourceContext {
        trouble: of_source.clone(),
        ..source_context(0, 1, &[])
    };
    let plan = source("kafka", &[line()], &given).unwrap();
    let mut reading = plan.open(&context).unwrap();
    let context = SinkContext {
        trouble: of_sink.clone(),
        ..sink_context(0, 1)
    };
    let plan = line_sink("kafka", &[], &given).unwrap();
    let mut sink = plan.open(&context).unwrap();
    sink.write(&lines(&["before"])).await.unwrap();
    sink.flush().await.unwrap();
    assert_eq!((of_source.now(), of_sink.now()), (None, None));
    broker.kill();
    sink.write(&lines(&["meanwhile"])).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(30), async {
        read_until(&mut reading, &of_source, true).await;
        while of_sink.now().is_none() {
            tokio::task::yield_now().await;
        }
    });
    told.await.expect("it is told at once");
    let message = of_source.now().unwrap().message;
    assert!(message.starts_with("no broker answers: "), "{message}");
    broker.start_again();
    read_until(&mut reading, &of_source, false).await;
    while of_sink.now().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_broker_is_waited_for_and_nothing_is_lost() {
    let mut broker = Broker::start();
    let topic = Topic::create_at(&broker.address, &unique_name("topic"), 1).await;
    let given = [
        ("brokers", broker.address.as_str()),
        ("topic", topic.name.as_str()),
        ("format", "line"),
    ];
    let mut sink = open(&*line_sink("kafka", &[], &given).unwrap());
    let mut subtasks = Subtasks::open(&*source("kafka", &[line()], &given).unwrap(), 1, &[]);
    sink.write(&lines(&["before"])).await.unwrap();
    sink.flush().await.unwrap();
    subtasks.read(1).await;
    broker.kill();
    sink.write(&lines(&["meanwhile"])).await.unwrap();
    // The source waits too, and sees that the broker is gone.
    let waiting = tokio::time::timeout(Duration::from_secs(2), subtasks.read(2)).await;
    assert!(waiting.is_err(), "there is nothing to read");
    broker.start_again();
    sink.write(&lines(&["after"])).await.unwrap();
    sink.flush().await.unwrap();
    subtasks.read(3).await;
    assert_eq!(subtasks.read.rows, ["before", "meanwhile", "after"]);
    assert_eq!(
        timeless(topic.read()),
        ["before", "meanwhile", "after"].map(|row| value(0, row))
    );
    // With the broker gone for good, both can be let go of.
    broker.kill();
    let begun = Instant::now();
    drop((sink, subtasks));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
