//! Where a sink writes.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use eventflux_core::{ErrorKind, Result};
use rdkafka::ClientConfig;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use super::client::{ask, failure};
use super::delivery::Deliveries;
use super::property;

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

/// How long a broker may take to make a topic that was asked for.
const CREATION_TIMEOUT: Duration = Duration::from_secs(3);

/// A topic, and how to reach it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The stream whose rows are written.
    pub stream: String,
    /// Brokers to begin with.
    pub brokers: String,
    /// The topic of the rows.
    pub topic: String,
    /// The topic of the markers.
    pub control_topic: String,
    /// How long a broker may take to answer at the beginning.
    pub connect_timeout: Duration,
    /// For librdkafka, as the user set them.
    pub properties: BTreeMap<String, String>,
}

impl Target {
    /// The configuration of a client.
    pub fn config(&self, ours: &[(&str, &str)]) -> ClientConfig {
        property::config(&self.brokers, ours, &self.properties)
    }

    /// The configuration of a producer.
    pub fn producer_config(&self, ours: &[(&str, &str)]) -> ClientConfig {
        self.config(&[&OURS, ours].concat())
    }

    /// The topic has to be there, or the broker to make it when it is asked for. `serve` lets the client report.
    pub fn check_topic(&self, client: &Client<Deliveries>, serve: impl Fn()) -> Result<()> {
        let deadline = Instant::now() + CREATION_TIMEOUT;
        let question = |timeout| {
            let metadata = client.fetch_metadata(Some(&self.topic), timeout)?;
            let error = metadata.topics().first().and_then(|topic| topic.error());
            let is_being_made = match error {
                Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) => true,
                // A broker that makes it says so too, at first.
                Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => Instant::now() < deadline,
                _ => false,
            };
            match is_being_made {
                true => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable)),
                false => Ok(error),
            }
        };
        let reports = &client.context().reports;
        let answer = ask(&self.brokers, self.connect_timeout, reports, serve, question)?;
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

/// Waits for a future that another thread completes, also where an async runtime would not let one wait.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
