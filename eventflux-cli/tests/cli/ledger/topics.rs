//! A ledger's topics.

use super::books::Books;
use super::transfers::{Transfers, app};
use crate::command::Workplace;
use crate::kafka_kit::{Topic, brokers, value};
use crate::unique::unique_name;

/// Partitions of the transfers; those of one partition are in the order of their time.
const PARTITIONS: i32 = 3;

/// The topics that one ledger reads and writes.
pub struct Topics {
    pub transfers: Topic,
    pub seen: Topic,
    pub balances: Topic,
    pub minutes: Topic,
    control: String,
}

impl Topics {
    /// On the broker that tests share.
    pub fn create() -> Self {
        Self::create_at(&brokers())
    }

    pub fn create_at(brokers: &str) -> Self {
        let name = unique_name("ledger");
        let tokio = tokio::runtime::Runtime::new().unwrap();
        let create = |part: &str, partition_count| {
            tokio.block_on(Topic::create_at(
                brokers,
                &format!("{name}-{part}"),
                partition_count,
            ))
        };
        Self {
            transfers: create("transfers", PARTITIONS),
            seen: create("seen", 2),
            // Changes of an account have to be in one order.
            balances: create("balances", 1),
            minutes: create("minutes", 2),
            control: format!("{name}-control"),
        }
    }

    /// Writes the app and sends its input.
    pub fn prepare(&self, place: &Workplace, transfers: &Transfers) {
        let with = |topic: &Topic| {
            format!(
                "'connector' = 'kafka', 'brokers' = '{}', 'topic' = '{}'",
                topic.brokers, topic.name
            )
        };
        let from = format!(
            "{}, 'group_id' = 'ledger', 'end' = 'latest'",
            with(&self.transfers)
        );
        let app = app(&from, |name, format| {
            let topic = match name {
                "seen" => &self.seen,
                "balances" => &self.balances,
                _ => &self.minutes,
            };
            format!(
                "{}, 'control_topic' = '{}', 'format' = '{format}'",
                with(topic),
                self.control
            )
        });
        place.write("app.sql", app);
        let messages: Vec<_> = (0..PARTITIONS)
            .cycle()
            .zip(transfers.rows())
            .map(|(partition, row)| value(partition, &row))
            .collect();
        let lots = [("linger.ms", "5"), ("queue.buffering.max.messages", "2000000")];
        self.transfers.send_with(&messages, &lots);
    }

    /// What a `read_committed` reader sees. Fails if a transaction is neither committed nor aborted: it would hold readers up.
    pub fn books(&self) -> Books {
        let topics = [&self.seen, &self.balances, &self.minutes];
        topics.into_iter().for_each(Topic::check_nothing_is_open);
        let lines = |topic: &Topic| topic.read().into_iter().filter_map(|sent| sent.value).collect();
        Books {
            seen: lines(&self.seen),
            balances: lines(&self.balances),
            minutes: lines(&self.minutes),
        }
    }

    /// How many rows aborted transactions have left, which no reader is to see.
    pub fn aborted_count(&self) -> usize {
        let topics = [&self.seen, &self.balances, &self.minutes];
        let count = |isolation| {
            topics
                .map(|topic| topic.read_as(isolation).len())
                .iter()
                .sum::<usize>()
        };
        count("read_uncommitted") - count("read_committed")
    }
}
