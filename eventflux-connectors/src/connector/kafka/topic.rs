//! Which topics, which partitions, and whose they are.

use std::collections::BTreeSet;

use eventflux_core::connector::OptionError;
use eventflux_core::{ErrorKind, Result};
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::types::RDKafkaRespErr;
use regex::Regex;
use xxhash_rust::xxh3::xxh3_64;

use super::client::failure;

/// Topics by name or by pattern.
#[derive(Debug, Clone)]
pub enum TopicChoice {
    /// These.
    Names(Vec<String>),
    /// All that it matches.
    Pattern(Regex),
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub id: i32,
}

impl TopicPartition {
    /// `topic/3`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.topic, self.id)
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (topic, id) = name.rsplit_once('/')?;
        Some(Self {
            topic: topic.to_owned(),
            id: id.parse().ok()?,
        })
    }

    /// Which of so many subtasks reads it. New partitions and topics change nothing for those that were there.
    pub fn owner(&self, parallelism: usize) -> usize {
        let first = xxh3_64(self.topic.as_bytes()) % parallelism.max(1) as u64;
        (first as usize + self.id.max(0) as usize) % parallelism.max(1)
    }
}

impl TopicChoice {
    /// The choice that an option makes.
    ///
    /// **Errors** No topic, or a pattern that is not well-formed.
    pub fn parse(topics: &[String]) -> Result<Self, OptionError> {
        match topics {
            [] => Err(OptionError::new("topic", "names no topic")),
            [first, ..] if first.starts_with('^') => {
                // A pattern may have commas of its own.
                let pattern = Regex::new(&topics.join(","));
                let wrong =
                    |error: regex::Error| OptionError::new("topic", format!("is no pattern: {error}"));
                pattern.map(Self::Pattern).map_err(wrong)
            }
            names => match names
                .iter()
                .find(|name| name.contains('/') || name.starts_with('^'))
            {
                Some(name) => Err(OptionError::new(
                    "topic",
                    format!("`{name}` is no name of a topic"),
                )),
                None => Ok(Self::Names(names.to_vec())),
            },
        }
    }

    /// The chosen topics' partitions, in order. `ask` fetches the metadata of one topic, or of all.
    ///
    /// **Errors** A named topic is not there, or no answer.
    pub fn partitions(
        &self,
        ask: impl Fn(Option<&str>) -> Result<Metadata>,
    ) -> Result<BTreeSet<TopicPartition>> {
        let mut found = BTreeSet::new();
        match self {
            TopicChoice::Names(names) => {
                for name in names {
                    let metadata = ask(Some(name))?;
                    let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                    match topic.filter(|topic| topic.error().is_none() && !topic.partitions().is_empty()) {
                        Some(topic) => found.extend(partitions(topic)),
                        None => return Err(failure(name, ErrorKind::Input, reason(topic).to_owned())),
                    }
                }
            }
            TopicChoice::Pattern(pattern) => {
                // What begins with two underscores is Kafka's own.
                let is_chosen = |topic: &&MetadataTopic| {
                    pattern.is_match(topic.name()) && !topic.name().starts_with("__")
                };
                let metadata = ask(None)?;
                found.extend(metadata.topics().iter().filter(is_chosen).flat_map(partitions));
            }
        }
        Ok(found)
    }

    /// For messages.
    pub fn text(&self) -> String {
        match self {
            TopicChoice::Names(names) => names.join(", "),
            TopicChoice::Pattern(pattern) => pattern.to_string(),
        }
    }
}

fn partitions(topic: &MetadataTopic) -> Vec<TopicPartition> {
    let partition = |id| TopicPartition {
        topic: topic.name().to_owned(),
        id,
    };
    topic
        .partitions()
        .iter()
        .map(|found| partition(found.id()))
        .collect()
}

fn reason(topic: Option<&MetadataTopic>) -> &'static str {
    match topic.and_then(MetadataTopic::error) {
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) => {
            "reading the topic is not allowed"
        }
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) => "there can be no topic of this name",
        _ => "there is no such topic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(topics: &[&str]) -> Result<TopicChoice, OptionError> {
        TopicChoice::parse(&topics.iter().map(|topic| topic.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn topics_are_names_or_a_pattern() {
        assert!(matches!(choice(&["a", "b"]), Ok(TopicChoice::Names(names)) if names.len() == 2));
        assert!(
            matches!(choice(&["^a{2", "3}$"]), Ok(TopicChoice::Pattern(pattern)) if pattern.is_match("aaa"))
        );
        assert!(
            choice(&[]).is_err()
                && choice(&["^("]).is_err()
                && choice(&["a/b"]).is_err()
                && choice(&["a", "^b"]).is_err()
        );
    }

    #[test]
    fn partitions_have_names() {
        let partition = TopicPartition {
            topic: "a.b".into(),
            id: 17,
        };
        assert_eq!(partition.name(), "a.b/17");
        assert_eq!(TopicPartition::from_name("a.b/17"), Some(partition));
        assert_eq!(TopicPartition::from_name("a.b"), None);
    }

    #[test]
    fn partitions_are_spread_evenly_and_stay_where_they_are() {
        let owner = |id| {
            TopicPartition {
                topic: "trades".into(),
                id,
            }
            .owner(4)
        };
        let mut counts = [0; 4];
        (0..12).for_each(|id| counts[owner(id)] += 1);
        assert_eq!(counts, [3; 4]);
        assert_eq!(owner(5), owner(5));
    }
}
