//! The sink: rows as messages, at least once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    Encode, EncoderMaker, Message, Messages, OptionError, Sink, SinkContext, SinkInput, SinkPlan,
};
use eventflux_core::{ErrorKind, Result};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaRespErr;

use super::client::{ask, failed, failure};
use super::delivery::Deliveries;
use super::property::{self, Managed};
use super::sink_options::{Delivery, KafkaSinkOptions, MessageTime};

/// What the sink itself sets.
const MANAGED: Managed = &[("bootstrap.servers", "brokers"), ("transactional.id", "")];

/// What we set where the user does not.
const OURS: [(&str, &str); 4] = [
    // All replicas acknowledge, and a retry neither doubles nor reorders.
    ("enable.idempotence", "true"),
    // Keys go where Kafka's own clients would send them.
    ("partitioner", "murmur2_random"),
    // What may be on its way: beyond that, writing waits.
    ("queue.buffering.max.kbytes", "65536"),
    ("queue.buffering.max.messages", "100000"),
];

/// How long to wait for room before another look.
const ROOM_WAIT: Duration = Duration::from_millis(5);

/// The sink with its options parsed.
pub struct KafkaSinkPlan {
    brokers: String,
    topic: String,
    timestamp: MessageTime,
    connect_timeout: Duration,
    properties: BTreeMap<String, String>,
    encoder: EncoderMaker,
    input: SinkInput,
}

impl KafkaSinkPlan {
    /// A plan.
    ///
    /// **Errors** Options that cannot be used.
    pub fn new(
        options: KafkaSinkOptions,
        encoder: EncoderMaker,
        input: SinkInput,
        is_resolved: bool,
    ) -> Result<Self, OptionError> {
        let KafkaSinkOptions {
            brokers,
            topic,
            timestamp,
            delivery,
            connect_timeout,
            properties,
            ..
        } = options;
        if is_resolved {
            check(&brokers, &topic, delivery)?;
            property::check(&properties, MANAGED)?;
        }
        Ok(Self {
            brokers,
            topic,
            timestamp,
            connect_timeout,
            properties,
            encoder,
            input,
        })
    }

    /// The topic has to be there, or the broker to make it when it is asked for.
    fn check_topic(&self, producer: &ThreadedProducer<Deliveries>) -> Result<()> {
        let client = producer.client();
        let question = |timeout| {
            let metadata = client.fetch_metadata(Some(&self.topic), timeout)?;
            let error = metadata.topics().first().and_then(|topic| topic.error());
            match error {
                // It is being made.
                Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) => {
                    Err(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable))
                }
                error => Ok(error),
            }
        };
        let reports = &producer.context().reports;
        // The producer's own thread serves it.
        let answer = ask(&self.brokers, self.connect_timeout, reports, || {}, question)?;
        let message = match answer {
            None => return Ok(()),
            Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) => {
                "writing the topic is not allowed"
            }
            Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) => "there can be no topic of this name",
            Some(_) => "there is no such topic, and the broker does not make it",
        };
        Err(failure(&self.topic, ErrorKind::Input, message.to_owned()))
    }
}

fn check(brokers: &str, topic: &str, delivery: Delivery) -> Result<(), OptionError> {
    if brokers.trim().is_empty() {
        return Err(OptionError::new("brokers", "names no broker"));
    }
    if topic.is_empty() || topic.contains([',', '/', '^', ' ']) {
        return Err(OptionError::new(
            "topic",
            format!("`{topic}` is no name of a topic"),
        ));
    }
    match delivery {
        Delivery::AtLeastOnce => Ok(()),
        Delivery::ExactlyOnce => Err(OptionError::new(
            "delivery",
            "`exactly-once` needs checkpoints, which this version does not have",
        )
        .with_help("'delivery' = 'at-least-once'")),
    }
}

impl SinkPlan for KafkaSinkPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn Sink>> {
        let config = property::config(&self.brokers, &OURS, &self.properties);
        let producer: KafkaResult<ThreadedProducer<Deliveries>> =
            config.create_with_context(Deliveries::default());
        let producer = producer.map_err(|error| failed(&self.brokers, &error))?;
        self.check_topic(&producer)?;
        let outbox = Outbox {
            deliveries: Arc::clone(producer.context()),
            producer,
            topic: self.topic.clone(),
        };
        let encoder = (self.encoder)();
        Ok(Box::new(KafkaSink {
            outbox,
            timestamp: self.timestamp,
            encoder,
            messages: Messages::default(),
        }))
    }
}

/// Where messages are handed over, and what becomes of them.
struct Outbox {
    producer: ThreadedProducer<Deliveries>,
    deliveries: Arc<Deliveries>,
    topic: String,
}

impl Outbox {
    /// Hands a message over; waits for room if too much is on its way.
    async fn send(&self, message: Message<'_>, timestamp_ms: Option<i64>) -> Result<()> {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic);
        (record.key, record.payload, record.timestamp) = (message.key, message.value, timestamp_ms);
        loop {
            self.deliveries.begin();
            let Err((error, rejected)) = self.producer.send(record) else {
                return Ok(());
            };
            self.deliveries.cancel();
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(failed(&self.topic, &error));
            }
            self.check_failure()?;
            // Whoever is told of a delivery may be faster than librdkafka, which makes room only after telling.
            let _ = tokio::time::timeout(ROOM_WAIT, self.deliveries.progress()).await;
            record = rejected;
        }
    }

    fn check_failure(&self) -> Result<()> {
        match self.deliveries.failure() {
            Some(error) => Err(failed(&self.topic, &error)),
            None => Ok(()),
        }
    }
}

/// One subtask.
struct KafkaSink {
    outbox: Outbox,
    timestamp: MessageTime,
    encoder: Box<dyn Encode>,
    messages: Messages,
}

#[async_trait]
impl Sink for KafkaSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        let Self {
            outbox,
            timestamp,
            encoder,
            messages,
        } = self;
        outbox.check_failure()?;
        messages.clear();
        encoder.encode_messages(batch, messages)?;
        for message in messages.iter() {
            let event_time_ms = || batch.event_time()[message.row].div_euclid(1000);
            let timestamp_ms = (*timestamp == MessageTime::EventTime).then(event_time_ms);
            outbox.send(message, timestamp_ms).await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        while !self.outbox.deliveries.is_done() {
            self.outbox.deliveries.progress().await;
        }
        self.outbox.check_failure()
    }

    async fn close(&mut self) -> Result<()> {
        self.flush().await
    }
}
