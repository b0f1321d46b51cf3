//! Looking for partitions that were added since.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::client::{Reports, failed};
use super::source::Signals;
use super::source_plan::ANSWER_TIMEOUT;
use super::start::Bounds;
use super::topic::{TopicChoice, TopicPartition};

/// A partition that was found, and what it holds.
pub type Found = (TopicPartition, Bounds);

/// A task that looks again and again, for as long as this lives.
pub struct Discovery {
    found: mpsc::Receiver<Vec<Found>>,
    task: AbortHandle,
}

/// What is looked for.
pub struct Search {
    /// Which topics.
    pub topics: TopicChoice,
    /// Whose partitions.
    pub subtask: usize,
    /// Of how many subtasks.
    pub parallelism: usize,
    /// Those that are known.
    pub known: BTreeSet<TopicPartition>,
}

impl Discovery {
    /// Starts the task.
    pub fn start(
        tokio: &tokio::runtime::Handle,
        consumer: Weak<BaseConsumer<Reports>>,
        mut search: Search,
        interval: Duration,
        signals: Arc<Signals>,
    ) -> Self {
        let (sender, found) = mpsc::channel(1);
        let task = tokio.spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let Some(consumer) = consumer.upgrade() else {
                    return;
                };
                // Asking blocks; the consumer is dropped where that may block too.
                let look = tokio::task::spawn_blocking(move || {
                    let found = search.look(&consumer);
                    (search, found)
                });
                let Ok((returned, new)) = look.await else { return };
                search = returned;
                if !new.is_empty() {
                    search
                        .known
                        .extend(new.iter().map(|(partition, _)| partition.clone()));
                    if sender.send(new).await.is_err() {
                        return;
                    }
                    signals.wake.notify_one();
                }
            }
        });
        Self {
            found,
            task: task.abort_handle(),
        }
    }

    /// Partitions that were found since the last call.
    pub fn take(&mut self) -> Vec<Found> {
        self.found.try_recv().unwrap_or_default()
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Search {
    /// New partitions. Whatever cannot be answered now is asked again the next time.
    fn look(&self, consumer: &BaseConsumer<Reports>) -> Vec<Found> {
        let ask = |topic: Option<&str>| {
            let answer = consumer.fetch_metadata(topic, ANSWER_TIMEOUT);
            answer.map_err(|error| failed(topic.unwrap_or("all topics"), &error))
        };
        let partitions = match self.topics.partitions(ask) {
            Ok(partitions) => partitions,
            Err(error) => {
                tracing::debug!(target: "kafka", %error, "no answer to the question for new partitions");
                return Vec::new();
            }
        };
        let is_new = |partition: &TopicPartition| {
            partition.owner(self.parallelism) == self.subtask && !self.known.contains(partition)
        };
        let bounds = |partition: TopicPartition| {
            let (low, high) = consumer
                .fetch_watermarks(&partition.topic, partition.id, ANSWER_TIMEOUT)
                .ok()?;
            Some((partition, Bounds { low, high }))
        };
        partitions.into_iter().filter(is_new).filter_map(bounds).collect()
    }
}
