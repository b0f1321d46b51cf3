//! A real broker, and topics of one's own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::unique::unique_name;

const PATIENCE: Duration = Duration::from_secs(60);

/// A broker has marked the ends of committed transactions after this time at the latest; an open one is aborted only after a minute.
const MARKING_MAX: Duration = Duration::from_secs(20);

/// The broker of this run.
pub fn brokers() -> String {
    std::env::var("EVENTFLUX_TEST_KAFKA").expect("EVENTFLUX_TEST_KAFKA names no broker: run scripts/test.sh")
}

/// A message as it was written or read.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub partition: i32,
    pub key: Option<String>,
    pub value: Option<String>,
    pub headers: Vec<(String, String)>,
    pub timestamp_ms: Option<i64>,
}

/// A message without key.
pub fn value(partition: i32, value: &str) -> Sent {
    Sent {
        partition,
        value: Some(value.to_owned()),
        ..Sent::default()
    }
}

/// A topic of a test's own.
pub struct Topic {
    pub brokers: String,
    pub name: String,
}

impl Topic {
    pub async fn create(partition_count: i32) -> Self {
        Self::create_at(&brokers(), &unique_name("topic"), partition_count).await
    }

    pub async fn create_at(brokers: &str, name: &str, partition_count: i32) -> Self {
        let topic = NewTopic::new(name, partition_count, TopicReplication::Fixed(1));
        let results = admin(brokers).create_topics([&topic], &options()).await.unwrap();
        results.into_iter().for_each(|result| drop(result.unwrap()));
        Self {
            brokers: brokers.to_owned(),
            name: name.to_owned(),
        }
    }

    pub async fn add_partitions(&self, partition_count: usize) {
        let more = NewPartitions::new(&self.name, partition_count);
        let results = admin(&self.brokers)
            .create_partitions([&more], &options())
            .await
            .unwrap();
        results.into_iter().for_each(|result| drop(result.unwrap()));
    }

    /// Deletes the messages of a partition that come before an offset.
    pub async fn delete_before(&self, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Offset(offset))
            .unwrap();
        admin(&self.brokers)
            .delete_records(&list, &options())
            .await
            .unwrap();
    }

    pub fn send(&self, messages: &[Sent]) {
        self.send_with(messages, &[]);
    }

    /// Writes messages and waits for their acknowledgement; in a transaction, if the producer is configured to.
    pub fn send_with(&self, messages: &[Sent], config: &[(&str, &str)]) {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.brokers);
        for (name, value) in config {
            settings.set(*name, *value);
        }
        let producer: BaseProducer = settings.create().unwrap();
        let is_transaction = config.iter().any(|(name, _)| *name == "transactional.id");
        if is_transaction {
            producer.init_transactions(PATIENCE).unwrap();
            producer.begin_transaction().unwrap();
        }
        for message in messages {
            let headers = message
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| {
                    headers.insert(Header {
                        key,
                        value: Some(value),
                    })
                });
            let mut record = BaseRecord::<str, str>::to(&self.name).partition(message.partition);
            (record.key, record.payload) = (message.key.as_deref(), message.value.as_deref());
            record.timestamp = message.timestamp_ms;
            record.headers = (!message.headers.is_empty()).then_some(headers);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        match is_transaction {
            true => producer.commit_transaction(PATIENCE).unwrap(),
            false => producer.flush(PATIENCE).unwrap(),
        }
    }

    /// All messages that are there for a reader of committed ones, by partition and offset.
    pub fn read(&self) -> Vec<Sent> {
        self.read_as("read_committed")
    }

    /// The same for a reader of this isolation.
    pub fn read_as(&self, isolation: &str) -> Vec<Sent> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "test")
            .set("isolation.level", isolation)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let metadata = consumer.fetch_metadata(Some(&self.name), PATIENCE).unwrap();
        let (mut list, mut left) = (TopicPartitionList::new(), BTreeSet::new());
        for partition in metadata.topics()[0].partitions() {
            list.add_partition_offset(&self.name, partition.id(), Offset::Beginning)
                .unwrap();
            left.insert(partition.id());
        }
        consumer.assign(&list).unwrap();
        let mut messages = BTreeMap::new();
        // The last offsets may be those of marks of transactions, which are no messages.
        while !left.is_empty() {
            let message = match consumer.poll(PATIENCE).expect("messages come in time") {
                Err(KafkaError::PartitionEOF(partition)) => {
                    left.remove(&partition);
                    continue;
                }
                message => message.unwrap(),
            };
            let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
            let sent = Sent {
                partition: message.partition(),
                key: text(message.key()),
                value: text(message.payload()),
                headers: headers
                    .map(|header| (header.key.to_owned(), text(header.value).unwrap()))
                    .collect(),
                timestamp_ms: message.timestamp().to_millis(),
            };
            messages.insert((message.partition(), message.offset()), sent);
        }
        messages.into_values().collect()
    }

    /// Waits until readers see all that was committed: a broker says that a transaction is committed before it has marked its end in
    /// each partition. Fails if one is neither committed nor aborted, which would hold readers up.
    pub fn check_nothing_is_open(&self) {
        let began = Instant::now();
        loop {
            let ends = ["read_committed", "read_uncommitted"].map(|isolation| self.ends(isolation));
            if ends[0] == ends[1] {
                return;
            }
            let name = &self.name;
            assert!(
                began.elapsed() < MARKING_MAX,
                "a transaction is open in {name}: {ends:?}"
            );
        }
    }

    /// The end of each partition, as readers of this isolation see it.
    fn ends(&self, isolation: &str) -> Vec<i64> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "test")
            .set("isolation.level", isolation)
            .create()
            .unwrap();
        let metadata = consumer.fetch_metadata(Some(&self.name), PATIENCE).unwrap();
        let partitions = metadata.topics()[0].partitions().iter();
        partitions
            .map(|partition| {
                consumer
                    .fetch_watermarks(&self.name, partition.id(), PATIENCE)
                    .unwrap()
                    .1
            })
            .collect()
    }

    /// What a group has committed for a partition.
    pub fn committed(&self, group: &str, partition: i32) -> Option<i64> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", group)
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.name, partition);
        let list = consumer.committed_offsets(list, PATIENCE).unwrap();
        match list.elements()[0].offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .unwrap()
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(PATIENCE))
        .request_timeout(Some(PATIENCE))
}
