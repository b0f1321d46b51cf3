//! The kafka sink with checkpoints, against a real broker; what is seen is what a `read_committed` reader sees.

use std::time::Duration;

use eventflux_core::ErrorKind;
use eventflux_core::connector::{CommitNote, SinkPlan};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::kafka_sink::plan;
use crate::kit::broker::Broker;
use crate::kit::commit_kit::{self, Checkpoint, Place, Process, commit_context};
use crate::kit::kafka::{Sent, Topic, brokers};
use crate::kit::program::{line_sink, source};
use crate::kit::source_kit::Subtasks;
use crate::kit::unique::unique_name;

/// What the source reads, which leaves out what was aborted.
fn seen(topic: &Topic) -> Vec<String> {
    topic.check_nothing_is_open();
    let options = [
        ("brokers", topic.brokers.as_str()),
        ("topic", &topic.name),
        ("end", "latest"),
        ("format", "line"),
    ];
    let plan = source("kafka", &[crate::kit::program::line()], &options).unwrap();
    let read = async move {
        let mut subtasks = Subtasks::open(&*plan, 1, &[]);
        subtasks.read(usize::MAX).await;
        subtasks.read.rows
    };
    std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(read))
        .join()
        .unwrap()
}

/// A topic, whose name is also that of the app, and a topic of markers that nobody else uses.
async fn place() -> (Topic, Box<dyn SinkPlan>) {
    let topic = Topic::create(1).await;
    let control = format!("{}-control", topic.name);
    let plan = plan(&topic.name, &[("control_topic", &control)]);
    (topic, plan)
}

fn texts(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| row.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_once_whenever_the_process_dies() {
    let place = async || {
        let (topic, plan) = place().await;
        Place {
            app_id: topic.name.clone(),
            plan,
            read: Box::new(move || seen(&topic)),
            keep: Box::new(()),
        }
    };
    commit_kit::check(place).await;
}

/// A run that commits `a`, and dies when the checkpoint of `b` and `c` is durable.
async fn died_before_the_commit(topic: &Topic, plan: &dyn SinkPlan) -> (Checkpoint, Checkpoint) {
    let mut process = Process::start(&topic.name, plan, 1, None, 1).await.unwrap();
    process.write(0, &texts(&["a"])).await;
    let first = process.checkpoint().await;
    process.write(0, &texts(&["b", "c"])).await;
    (first, process.pre_commit().await)
}

/// A producer with the name of the sink's transactions, within one.
fn zombie(topic: &Topic) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .set("transactional.id", format!("eventflux/{}/results", topic.name))
        .create()
        .unwrap();
    producer.init_transactions(Duration::from_secs(60)).unwrap();
    producer.begin_transaction().unwrap();
    producer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_died_within_a_transaction_is_fenced_and_its_messages_are_not_seen() {
    let (topic, plan) = place().await;
    let (_, last) = died_before_the_commit(&topic, &*plan).await;
    // It died when some messages had arrived and the marker had not, and comes back to life later.
    let zombie = zombie(&topic);
    zombie
        .send(BaseRecord::<str, str>::to(&topic.name).payload("b"))
        .map_err(|(error, _)| error)
        .unwrap();
    zombie.flush(Duration::from_secs(60)).unwrap();
    let mut process = Process::start(&topic.name, &*plan, 2, Some(&last), 1)
        .await
        .unwrap();
    assert_eq!(seen(&topic), ["a", "b", "c"]);
    assert!(zombie.commit_transaction(Duration::from_secs(10)).is_err());
    process.write(0, &texts(&["d"])).await;
    process.checkpoint().await;
    assert_eq!(seen(&topic), ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_others_that_are_open_are_not_waited_for() {
    let (topic, plan) = place().await;
    let (_, last) = died_before_the_commit(&topic, &*plan).await;
    let other: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .set("transactional.id", unique_name("other"))
        .create()
        .unwrap();
    other.init_transactions(Duration::from_secs(60)).unwrap();
    other.begin_transaction().unwrap();
    let control = format!("{}-control", topic.name);
    let marker = BaseRecord::to(&control).key("other").payload("{}");
    other.send(marker).map_err(|(error, _)| error).unwrap();
    other.flush(Duration::from_secs(60)).unwrap();
    let mut process = Process::start(&topic.name, &*plan, 2, Some(&last), 1)
        .await
        .unwrap();
    assert_eq!(seen(&topic), ["a", "b", "c"]);
    process.write(0, &texts(&["d"])).await;
    process.checkpoint().await;
    assert_eq!(seen(&topic), ["a", "b", "c", "d"]);
    // It was open all the while: the brokers give one up after a minute.
    other.commit_transaction(Duration::from_secs(60)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_the_later_one_writes_and_the_other_ends() {
    let (topic, plan) = place().await;
    let mut first = Process::start(&topic.name, &*plan, 1, None, 1).await.unwrap();
    first.write(0, &texts(&["a"])).await;
    let checkpoint = first.checkpoint().await;
    let mut second = Process::start(&topic.name, &*plan, 2, Some(&checkpoint), 1)
        .await
        .unwrap();
    first.write(0, &texts(&["x"])).await;
    first.pre_commit().await;
    second.write(0, &texts(&["b"])).await;
    second.checkpoint().await;
    let error = first.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Runtime, "{error}");
    assert!(
        error
            .to_string()
            .contains("another run of the same app writes `results` now"),
        "{error}"
    );
    assert_eq!(seen(&topic), ["a", "b"]);
    // It does not take the place back either.
    let error = first.commit().await.unwrap_err();
    assert!(error.to_string().contains("another run"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_is_older_than_the_topic_is_refused() {
    let (topic, plan) = place().await;
    let (first, last) = died_before_the_commit(&topic, &*plan).await;
    drop(
        Process::start(&topic.name, &*plan, 2, Some(&last), 1)
            .await
            .unwrap(),
    );
    let refused = Process::start(&topic.name, &*plan, 3, Some(&first), 1)
        .await
        .err()
        .unwrap();
    let expected = format!(
        "it holds the rows of checkpoint {}, and this run goes on from checkpoint {}: they would come twice",
        last.epoch, first.epoch
    );
    assert_eq!(refused.to_string(), format!("kafka `{}`: {expected}", topic.name));
    assert_eq!(refused.kind(), ErrorKind::Input);
    let anew = Process::start(&topic.name, &*plan, 3, None, 1)
        .await
        .err()
        .unwrap();
    assert!(anew.to_string().contains("and this run begins anew"), "{anew}");
    // Another app writes what it likes.
    let other = plan.exactly_once().unwrap();
    assert!(
        other
            .committer(&commit_context(&unique_name("app"), 1, None))
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_damaged_are_named_and_none_is_written() {
    let (topic, plan) = place().await;
    let (_, mut last) = died_before_the_commit(&topic, &*plan).await;
    let whole = last.notes[0].clone();
    let mut bytes = whole.note.to_vec();
    bytes[7] ^= 1;
    last.notes[0] = CommitNote {
        note: bytes.into(),
        ..whole.clone()
    };
    let error = Process::start(&topic.name, &*plan, 2, Some(&last), 1)
        .await
        .err()
        .unwrap();
    let expected = format!(
        "kafka `{}`: the rows of checkpoint {} are damaged",
        topic.name, last.epoch
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(seen(&topic), ["a"]);
    last.notes[0] = whole;
    drop(
        Process::start(&topic.name, &*plan, 2, Some(&last), 1)
            .await
            .unwrap(),
    );
    assert_eq!(seen(&topic), ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_of_markers_is_made_compacted_and_another_one_is_refused() {
    let (topic, plan) = place().await;
    let control = Topic {
        brokers: topic.brokers.clone(),
        name: format!("{}-control", topic.name),
    };
    let mut process = Process::start(&topic.name, &*plan, 7, None, 1).await.unwrap();
    process.write(0, &texts(&["a", "b"])).await;
    let checkpoint = process.checkpoint().await;
    control.check_nothing_is_open();
    let Sent { key, value, .. } = control.read().pop().unwrap();
    assert_eq!(key.unwrap(), format!("eventflux/{}/results", topic.name));
    let marker = format!(
        "{{\"version\":1,\"generation\":7,\"epoch\":{},\"message_count\":2}}",
        checkpoint.epoch
    );
    assert_eq!(value.unwrap(), marker);
    let forgetful = Topic::create(1).await;
    let plan = super::kafka_sink::plan(&topic.name, &[("control_topic", &forgetful.name)]);
    let error = Process::start(&topic.name, &*plan, 1, None, 1)
        .await
        .err()
        .unwrap();
    let expected = "the topic of markers has to be compacted: set its `cleanup.policy` to `compact`";
    assert_eq!(
        error.to_string(),
        format!("kafka `{}`: {expected}", forgetful.name)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_and_comes_back_is_waited_for_and_rows_come_once() {
    let mut broker = Broker::start();
    let name = unique_name("topic");
    let topic = Topic::create_at(&broker.address, &name, 1).await;
    let given = [
        ("brokers", broker.address.as_str()),
        ("topic", &name),
        ("format", "line"),
    ];
    let plan = line_sink("kafka", &[], &given).unwrap();
    let mut process = Process::start(&topic.name, &*plan, 1, None, 1).await.unwrap();
    process.write(0, &texts(&["a"])).await;
    process.checkpoint().await;
    for (round, row) in ["b", "c"].into_iter().enumerate() {
        process.write(0, &texts(&[row])).await;
        process.pre_commit().await;
        // The first time before the transaction, the second time while it is tried.
        if round == 0 {
            broker.kill();
            broker.start_again();
            commit_until_done(&mut process).await;
        } else {
            broker.kill();
            let handle = tokio::runtime::Handle::current();
            let back = std::thread::scope(|scope| {
                let commit = scope.spawn(|| handle.block_on(commit_until_done(&mut process)));
                broker.start_again();
                commit.join()
            });
            back.unwrap();
        }
    }
    assert_eq!(seen(&topic), ["a", "b", "c"]);
}

/// As the engine does it: what the surroundings are to blame for is tried again.
async fn commit_until_done(process: &mut Process) {
    while let Err(error) = process.commit().await {
        assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_promised_can_be_chosen() {
    let given = |delivery| {
        [
            ("brokers", "b:1"),
            ("topic", "t"),
            ("format", "line"),
            ("delivery", delivery),
        ]
    };
    let at_least_once = line_sink("kafka", &[], &given("at-least-once")).unwrap();
    assert!(at_least_once.exactly_once().is_none());
    let exactly_once = line_sink("kafka", &[], &given("exactly-once")).unwrap();
    assert!(exactly_once.exactly_once().is_some());
    let error = exactly_once
        .open(&crate::kit::program::sink_context(0, 1))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "option `delivery`: `exactly-once` of `results` needs a run with checkpoints"
    );
    assert!(
        line_sink("kafka", &[], &given("exactly-once")[..3])
            .unwrap()
            .exactly_once()
            .is_some()
    );
}
