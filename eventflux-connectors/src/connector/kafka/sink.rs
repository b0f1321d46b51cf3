//! The sink: rows as messages. Without checkpoints they are sent as they come, at least once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    Encode, EncoderMaker, ExactlyOncePlan, Message, Messages, OptionError, Sink, SinkContext, SinkInput,
    SinkPlan,
};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::client::failed;
use super::delivery::Deliveries;
use super::property::{self, Managed};
use super::sink_options::{KafkaSinkOptions, MessageTime};
use super::target::Target;
use super::watch::Watch;
use crate::connector::promise::Delivery;

/// What the sink itself sets.
const MANAGED: Managed = &[("bootstrap.servers", "brokers"), ("transactional.id", "")];

/// How long to wait for room before another look.
const ROOM_WAIT: Duration = Duration::from_millis(5);

/// The sink with its options parsed.
pub struct KafkaSinkPlan {
    /// Where it writes.
    pub target: Target,
    /// The time of messages.
    pub timestamp: MessageTime,
    /// What makes encoders.
    pub encoder: EncoderMaker,
    input: SinkInput,
    delivery: Option<Delivery>,
}

impl KafkaSinkPlan {
    /// A plan for the rows of a stream.
    ///
    /// **Errors** Options that cannot be used.
    pub fn new(
        stream: &str,
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
            control_topic,
            connect_timeout,
            properties,
            ..
        } = options;
        if is_resolved {
            check(&brokers, &topic, &control_topic)?;
            property::check(&properties, MANAGED)?;
        }
        Ok(Self {
            target: Target {
                stream: stream.to_owned(),
                brokers,
                topic,
                control_topic,
                connect_timeout,
                properties,
            },
            timestamp,
            encoder,
            input,
            delivery,
        })
    }
}

fn check(brokers: &str, topic: &str, control_topic: &str) -> Result<(), OptionError> {
    if brokers.trim().is_empty() {
        return Err(OptionError::new("brokers", "names no broker"));
    }
    for (option, topic) in [("topic", topic), ("control_topic", control_topic)] {
        if topic.is_empty() || topic.contains([',', '/', '^', ' ']) {
            return Err(OptionError::new(
                option,
                format!("`{topic}` is no name of a topic"),
            ));
        }
    }
    match topic == control_topic {
        true => Err(OptionError::new("control_topic", "is the topic of the rows")),
        false => Ok(()),
    }
}

impl SinkPlan for KafkaSinkPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn Sink>> {
        Delivery::check_without_checkpoints(self.delivery, &self.target.stream)?;
        let config = self.target.producer_config(&[]);
        let producer: KafkaResult<ThreadedProducer<Deliveries>> =
            config.create_with_context(Deliveries::default());
        let producer = producer.map_err(|error| failed(&self.target.brokers, &error))?;
        // The producer's own thread serves it.
        self.target.check_topic(producer.client(), || {})?;
        let deliveries = Arc::clone(producer.context());
        let producer = Arc::new(producer);
        let weak = Arc::downgrade(&producer);
        let ask = move |timeout| {
            let producer: Arc<ThreadedProducer<Deliveries>> = weak.upgrade()?;
            Some(producer.client().fetch_metadata(None, timeout).map(drop))
        };
        let reports = Arc::clone(&deliveries.reports);
        let outbox = Outbox {
            _watch: Watch::start(&context.tokio, reports, context.trouble.clone(), ask),
            deliveries,
            producer,
            topic: self.target.topic.clone(),
        };
        let encoder = (self.encoder)();
        Ok(Box::new(KafkaSink {
            outbox,
            timestamp: self.timestamp,
            encoder,
            messages: Messages::default(),
        }))
    }

    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        Delivery::is_exactly_once(self.delivery).then_some(self as &dyn ExactlyOncePlan)
    }
}

/// Where messages are handed over, and what becomes of them.
struct Outbox {
    producer: Arc<ThreadedProducer<Deliveries>>,
    deliveries: Arc<Deliveries>,
    topic: String,
    /// Tells while no broker answers.
    _watch: Watch,
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
            outbox.send(message, timestamp.of(batch, message.row)).await?;
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
