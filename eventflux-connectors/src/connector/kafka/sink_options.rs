//! What the sink can be told.

use std::collections::BTreeMap;
use std::time::Duration;

use eventflux_core::batch::EventBatch;

use crate::connector::promise::Delivery;

eventflux_core::options! {
    /// Options of the kafka sink.
    pub struct KafkaSinkOptions of "kafka" {
        /// Brokers to begin with, `host:port`, separated by commas.
        pub brokers: String ["brokers", "bootstrap.servers", "properties.bootstrap.servers"],
        /// The topic.
        pub topic: String ["topic"],
        /// Columns that make the message's key, separated by commas; without it, those of the PRIMARY KEY, if there is one.
        pub key: Vec<String> ["key", "key.fields"] = "",
        /// The time of messages: when they are written (`now`), or the row's event time. With `event_time`, a topic that
        /// keeps messages for a while may drop old rows as soon as they are written.
        pub timestamp: MessageTime ["timestamp"] = "now",
        /// `exactly-once` needs a run with checkpoints, and is what such a run does without this option; `at-least-once`: after a
        /// failure, rows may come twice.
        pub delivery: Option<Delivery> ["delivery", "sink.delivery-guarantee"],
        /// Where `exactly-once` keeps what it has delivered: a compacted topic, made if it is not there, that all sinks may
        /// share.
        pub control_topic: String ["control_topic"] = "eventflux-commits",
        /// How long a broker may take to answer when the run begins.
        pub connect_timeout: Duration ["connect_timeout"] = "10s",
        /// Handed on to librdkafka, such as `properties.compression.type`.
        pub properties: BTreeMap<String, String> ["properties.*"],
    }
}

eventflux_core::choices! {
    /// The time of messages.
    pub enum MessageTime {
        /// When they are written.
        Now = "now",
        /// The row's event time.
        EventTime = "event_time",
    }
}

impl MessageTime {
    /// The time of a row's message, milliseconds since the epoch; `None`: when it is written.
    pub fn of(self, batch: &EventBatch, row: usize) -> Option<i64> {
        match self {
            MessageTime::Now => None,
            MessageTime::EventTime => Some(batch.event_time()[row].div_euclid(1000)),
        }
    }
}
