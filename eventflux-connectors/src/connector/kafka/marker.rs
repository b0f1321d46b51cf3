//! What a topic of markers says about a sink: which checkpoint's rows it has delivered last.
//!
//! A marker is a message whose key is the sink's name and whose value is JSON. It is written in the transaction of the rows, so it is
//! there exactly if they are.
//!
//! ```text
//! {"version":1,"generation":4,"epoch":17,"message_count":230}
//! ```

use std::time::{Duration, Instant};

use eventflux_core::{ErrorKind, Result};
use rdkafka::Message;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::client::{Reports, ask, code_text, failed, failure};
use super::target::{Target, wait_for};

/// How long transactions of others may hold the end of the topic back.
const OTHERS_TIMEOUT: Duration = Duration::from_secs(90);

/// How long to wait before another look.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long an answer of the brokers may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The last delivery of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    version: u32,
    /// The run that delivered.
    pub generation: u64,
    /// The last checkpoint whose rows were delivered.
    pub epoch: u64,
    /// How many messages came with it.
    pub message_count: u64,
}

impl Marker {
    /// A marker of the present version.
    pub fn new(generation: u64, epoch: u64, message_count: u64) -> Self {
        Self {
            version: 1,
            generation,
            epoch,
            message_count,
        }
    }

    /// As it is written.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|error| eventflux_core::Error::Bug(format!("a marker cannot be written: {error}")))
    }

    fn decode(topic: &str, value: &[u8]) -> Result<Self> {
        let wrong = |message| failure(topic, ErrorKind::Input, message);
        let marker: Self =
            serde_json::from_slice(value).map_err(|error| wrong(format!("a marker is damaged: {error}")))?;
        match marker.version {
            1 => Ok(marker),
            version => Err(wrong(format!(
                "a marker has version {version}, and this program knows 1"
            ))),
        }
    }
}

/// Makes the topic of markers and says whether it was not there before. An existing one has to be compacted, or it would
/// forget.
pub fn prepare_topic(target: &Target) -> Result<bool> {
    let topic = &target.control_topic;
    let admin: KafkaResult<AdminClient<Reports>> = target.config(&[]).create_with_context(Reports::default());
    let admin = admin.map_err(|error| failed(&target.brokers, &error))?;
    // Whether there is a broker at all is told better here than by what follows. It is asked for the topic of the rows: a question
    // for this one could make it, and not compacted.
    let client = admin.inner();
    let is_there = |timeout| client.fetch_metadata(Some(&target.topic), timeout);
    ask(
        &target.brokers,
        target.connect_timeout,
        client.context(),
        || (),
        is_there,
    )?;
    let options = AdminOptions::new().request_timeout(Some(target.connect_timeout));
    let new = NewTopic::new(topic, 1, TopicReplication::Fixed(-1)).set("cleanup.policy", "compact");
    let made = wait_for(admin.create_topics([&new], &options));
    let made = made.map_err(|error| failed(&target.brokers, &error))?;
    let code = match made.into_iter().next() {
        Some(Err((_, code))) => code,
        _ => return Ok(true),
    };
    let specifier = ResourceSpecifier::Topic(topic);
    let described = wait_for(admin.describe_configs([&specifier], &options));
    let policy = described
        .ok()
        .and_then(|mut described| described.pop()?.ok())
        .and_then(policy);
    match (policy, code) {
        (Some(policy), _) if policy.contains("compact") => Ok(false),
        (Some(_), _) => Err(failure(
            topic,
            ErrorKind::Input,
            "the topic of markers has to be compacted: set its `cleanup.policy` to `compact`".to_owned(),
        )),
        // It is there; what its policy is, is not for us to know.
        (None, RDKafkaErrorCode::TopicAlreadyExists) => {
            tracing::warn!(target: "kafka", topic, "it cannot be seen whether the topic of markers is compacted, as it has to be");
            Ok(false)
        }
        (None, code) => {
            let text = code_text(&KafkaError::AdminOp(code));
            Err(failure(
                topic,
                ErrorKind::Environment,
                format!("the topic of markers cannot be made: {text}"),
            ))
        }
    }
}

fn policy(resource: ConfigResource) -> Option<String> {
    resource.get("cleanup.policy")?.value.clone()
}

/// The last marker of a sink. No transaction of this sink may be open.
///
/// Transactions of others that are open hide what is behind their beginning. They are waited for only if something of this
/// sink is there: everything else of it has been seen.
pub fn read(target: &Target, key: &str) -> Result<Option<Marker>> {
    let all = consumer(target, "read_uncommitted")?;
    let committed = consumer(target, "read_committed")?;
    let topic = &target.control_topic;
    // A topic of which nothing is known must not be taken for one that holds nothing.
    let partitions = |timeout| {
        let metadata = all.fetch_metadata(Some(topic), timeout)?;
        let found = metadata.topics().iter().filter(|topic| topic.error().is_none());
        let found: Vec<_> = found
            .flat_map(|topic| topic.partitions())
            .map(|partition| partition.id())
            .collect();
        match found.is_empty() {
            true => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable)),
            false => Ok(found),
        }
    };
    let partitions = ask(
        &target.brokers,
        target.connect_timeout,
        all.context(),
        || drop(all.poll(Duration::ZERO)),
        partitions,
    )?;
    let mut last: Option<Marker> = None;
    for partition in partitions {
        let (low, end) = bounds(target, &all, partition)?;
        let deadline = Instant::now() + OTHERS_TIMEOUT;
        loop {
            let (_, decided) = bounds(target, &committed, partition)?;
            if decided >= end || !has_key(target, &all, partition, decided, key)? {
                break;
            }
            if Instant::now() > deadline {
                let message = "transactions of others have been open for too long".to_owned();
                return Err(failure(topic, ErrorKind::Environment, message));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        read_partition(target, &committed, partition, low, |found_key, value| {
            if found_key == key.as_bytes() {
                let marker = Marker::decode(topic, value)?;
                last = last.filter(|last| last.epoch > marker.epoch).or(Some(marker));
            }
            Ok(())
        })?;
    }
    Ok(last)
}

/// Whether a partition has messages of a sink from an offset on, committed or not.
fn has_key(
    target: &Target,
    all: &BaseConsumer<Reports>,
    partition: i32,
    from: i64,
    key: &str,
) -> Result<bool> {
    let mut is_there = false;
    read_partition(target, all, partition, from, |found_key, _| {
        is_there |= found_key == key.as_bytes();
        Ok(())
    })?;
    Ok(is_there)
}

/// Visits the messages of a partition that its consumer sees now.
fn read_partition(
    target: &Target,
    consumer: &BaseConsumer<Reports>,
    partition: i32,
    low: i64,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
) -> Result<()> {
    let topic = &target.control_topic;
    let mut list = TopicPartitionList::new();
    let assigned = list
        .add_partition_offset(topic, partition, Offset::Offset(low))
        .and_then(|()| consumer.assign(&list));
    assigned.map_err(|error| failed(topic, &error))?;
    loop {
        match consumer.poll(ANSWER_TIMEOUT) {
            Some(Ok(message)) => visit(
                message.key().unwrap_or_default(),
                message.payload().unwrap_or_default(),
            )?,
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) => return Err(failed(topic, &error)),
            None => {
                let message = "the markers cannot be read: no answer".to_owned();
                return Err(failure(topic, ErrorKind::Environment, message));
            }
        }
    }
}

fn bounds(target: &Target, consumer: &BaseConsumer<Reports>, partition: i32) -> Result<(i64, i64)> {
    let question = |timeout| consumer.fetch_watermarks(&target.control_topic, partition, timeout);
    ask(
        &target.brokers,
        target.connect_timeout,
        consumer.context(),
        || drop(consumer.poll(Duration::ZERO)),
        question,
    )
}

fn consumer(target: &Target, isolation: &str) -> Result<BaseConsumer<Reports>> {
    let config = target.config(&[
        ("group.id", "eventflux"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("isolation.level", isolation),
    ]);
    let consumer: KafkaResult<BaseConsumer<Reports>> = config.create_with_context(Reports::default());
    consumer.map_err(|error| failed(&target.brokers, &error))
}
