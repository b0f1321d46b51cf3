//! What the source can be told.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::datatypes::TimeUnit;
use eventflux_core::connector::OptionValue;
use eventflux_core::time::iso::parse_timestamp;

eventflux_core::options! {
    /// Options of the kafka source.
    pub struct KafkaSourceOptions of "kafka" {
        /// Brokers to begin with, `host:port`, separated by commas.
        pub brokers: String ["brokers", "bootstrap.servers", "properties.bootstrap.servers"],
        /// Topics separated by commas, or a pattern that begins with `^`: all topics whose names it matches, also those
        /// that are made later.
        pub topic: Vec<String> ["topic", "topics", "topic.list"],
        /// The group in whose name offsets are committed: those of rows whose results are outside. With checkpoints that is
        /// after each of them, without at the end of a run that came to the end of its inputs. Partitions are not dealt out
        /// by the group: two runs of the same group both read everything.
        pub group_id: Option<String> ["group_id", "group.id", "properties.group.id"],
        /// Where reading begins that has no positions to go on from: `earliest`, `latest`, `committed` (by the group;
        /// `earliest` where it has committed nothing), or a timestamp such as `2024-01-31T12:00:00Z` (also milliseconds
        /// since the epoch): the first message of that time or later.
        pub start: Start ["start"] = "earliest",
        /// `latest` makes the input bounded: each partition ends where it ended when the run began. `never` waits for more.
        pub end: End ["end"] = "never",
        /// How often to look for new partitions, and for new topics of a pattern. They are read from their beginning.
        pub discovery_interval: Duration ["discovery_interval"] = "30s",
        /// How long a broker may take to answer when the run begins.
        pub connect_timeout: Duration ["connect_timeout"] = "10s",
        /// Handed on to librdkafka, such as `properties.security.protocol`.
        pub properties: BTreeMap<String, String> ["properties.*"],
    }
}

eventflux_core::choices! {
    /// Where reading ends.
    pub enum End {
        /// Nowhere.
        Never = "never",
        /// At the last message that is there when the run begins.
        Latest = "latest",
    }
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first message that is there.
    Earliest,
    /// After the last message.
    Latest,
    /// Where the group left off.
    Committed,
    /// At the first message of this time or later, milliseconds since the epoch.
    Timestamp(i64),
}

impl OptionValue for Start {
    const KIND: &'static str = "earliest|latest|committed|timestamp";

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let timestamp = || {
            let millis = || parse_timestamp(text.as_bytes())?.to_units(TimeUnit::Millisecond);
            text.parse()
                .ok()
                .filter(|millis: &i64| *millis >= 0)
                .or_else(millis)
        };
        match text.to_ascii_lowercase().as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            "committed" => Ok(Self::Committed),
            _ => timestamp().map(Self::Timestamp).ok_or_else(|| {
                format!("`{text}` is none of earliest, latest, committed, and no timestamp such as 2024-01-31T12:00:00Z")
            }),
        }
    }

    fn unknown() -> Self {
        Self::Earliest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_begins_at_a_word_or_a_time() {
        assert_eq!(Start::parse("Latest"), Ok(Start::Latest));
        assert_eq!(
            Start::parse("1700000000123"),
            Ok(Start::Timestamp(1_700_000_000_123))
        );
        assert_eq!(Start::parse("1970-01-01T00:00:01.5Z"), Ok(Start::Timestamp(1500)));
        assert!(Start::parse("now").is_err() && Start::parse("-5").is_err());
    }
}
