//! One subtask that reads its partitions in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::connector::{
    CommitPositions, Decode, Source, SourceContext, SourceEvent, SourcePosition, SourceRows, raw_of,
};
use eventflux_core::operator::BadRow;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Notify;

use super::client::{Reports, failed, is_passing};
use super::discovery::Discovery;
use super::group::Group;
use super::metadata::MessageMetadata;
use super::partition::{Partition, Polled};
use super::start;
use super::topic::TopicPartition;
use super::watch::Watch;
use crate::metadata_column::MetadataColumns;

/// How long reports are waited for once there is one: a single look takes one, and does not tell whether there are more.
const SERVE: Duration = Duration::from_millis(1);

/// What librdkafka's threads tell.
#[derive(Debug, Default)]
pub struct Signals {
    /// Told whenever a queue that was empty no longer is.
    pub wake: Notify,
    /// Whether the consumer's own queue is such a one.
    pub has_events: AtomicBool,
}

/// One subtask.
///
/// **Invariants** A partition's position is behind the last message whose rows were handed on.
pub struct KafkaSource {
    partitions: Vec<Partition>,
    consumer: Arc<BaseConsumer<Reports>>,
    decoder: Box<dyn Decode>,
    columns: MetadataColumns,
    metadata: MessageMetadata,
    rows_max: usize,
    signals: Arc<Signals>,
    /// Whose turn it is.
    turn: usize,
    /// Where the group is told how far this has come; absent without a group.
    pub group: Option<Arc<Group>>,
    /// Absent where new partitions do not matter.
    pub discovery: Option<Discovery>,
    /// Tells while no broker answers.
    pub watch: Option<Watch>,
    has_new_partitions: bool,
    /// Whether the group was told of partitions that had ended before.
    has_told_ended: bool,
}

impl KafkaSource {
    /// A subtask without partitions.
    pub fn new(
        consumer: Arc<BaseConsumer<Reports>>,
        decoder: Box<dyn Decode>,
        columns: MetadataColumns,
        signals: Arc<Signals>,
        context: &SourceContext,
    ) -> Self {
        Self {
            partitions: Vec::new(),
            consumer,
            decoder,
            metadata: MessageMetadata::new(&columns),
            columns,
            rows_max: context.batch_rows_max,
            signals,
            turn: 0,
            group: None,
            discovery: None,
            watch: None,
            has_new_partitions: false,
            has_told_ended: false,
        }
    }

    /// Adds a partition; [`KafkaSource::assign`] begins to read it.
    pub fn add(&mut self, id: TopicPartition, offset: i64, end: Option<i64>) -> Result<()> {
        self.partitions
            .push(Partition::new(&self.consumer, id, offset, end, &self.signals)?);
        Ok(())
    }

    /// Begins to read the partitions that were added, each at its position.
    pub fn assign(&mut self) -> Result<()> {
        let list = list(self.partitions.iter().filter(|partition| partition.is_assigned))?;
        self.consumer
            .assign(&list)
            .map_err(|error| failed("partitions", &error))
    }

    /// Reports, and failures that are not a partition's.
    fn serve(&mut self) -> Result<()> {
        if !self.signals.has_events.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        while let Some(event) = self.consumer.poll(SERVE) {
            match event {
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(failed(&self.consumer.context().last(), &error)),
                Ok(message) => {
                    let name = format!("{}/{}", message.topic(), message.partition());
                    let message = format!("message {} came outside of its queue", message.offset());
                    return Err(eventflux_core::Error::Bug(format!("{name}: {message}")));
                }
            }
        }
        Ok(())
    }

    /// Begins to read partitions that were found.
    fn add_found(&mut self) -> Result<()> {
        let found = self.discovery.as_mut().map(Discovery::take).unwrap_or_default();
        if found.is_empty() {
            return Ok(());
        }
        let first = self.partitions.len();
        for (id, bounds) in found {
            tracing::info!(target: "kafka", partition = id.name(), "a new partition");
            self.add(id, bounds.low, None)?;
        }
        let added = list(&self.partitions[first..])?;
        self.consumer
            .incremental_assign(&added)
            .map_err(|error| failed("partitions", &error))?;
        self.has_new_partitions = true;
        Ok(())
    }

    /// The next rows of whichever partition has some.
    fn next_rows(&mut self) -> Result<Option<SourceRows>> {
        let count = self.partitions.len();
        for offset in 0..count {
            let index = (self.turn + offset) % count;
            if let Some(rows) = self.rows_of(index)? {
                self.turn = index + 1;
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    fn rows_of(&mut self, index: usize) -> Result<Option<SourceRows>> {
        let Self {
            partitions,
            decoder,
            metadata,
            has_new_partitions,
            ..
        } = self;
        let partition = &mut partitions[index];
        let mut bad = Vec::new();
        // The rows of one message stay together, so a batch may be larger by a message's rows.
        while decoder.row_count() + bad.len() < self.rows_max {
            let next = match partition.poll()? {
                Polled::Message(message) => {
                    take(&mut **decoder, metadata, &message, &mut bad)?;
                    message.offset() + 1
                }
                Polled::Ended => {
                    *has_new_partitions = true;
                    break;
                }
                Polled::Nothing => break,
            };
            partition.position = next;
        }
        if decoder.row_count() == 0 && bad.is_empty() {
            return Ok(None);
        }
        let name = partition.id.name();
        bad.iter_mut().for_each(|row| row.partition = Some(name.clone()));
        let arrays = metadata.take(&partition.id)?;
        let rows = self
            .columns
            .assemble(decoder.take()?, |index| Arc::clone(&arrays[index]))?;
        Ok(Some(SourceRows {
            partition: index,
            rows,
            bad,
        }))
    }
}

/// Decodes one message. One without a value deletes a key; that is no row.
fn take(
    decoder: &mut dyn Decode,
    metadata: &mut MessageMetadata,
    message: &BorrowedMessage<'_>,
    bad: &mut Vec<BadRow>,
) -> Result<()> {
    let Some(payload) = message.payload() else {
        return Ok(());
    };
    if let Some(lacking) = metadata.lacks(message) {
        let reason = format!("the message has no {lacking}, and its column is NOT NULL");
        bad.push(BadRow {
            partition: None,
            offset: Some(message.offset()),
            reason,
            raw: raw_of(payload),
        });
        return Ok(());
    }
    let row_count = decoder.decode_message(payload, message.offset(), bad)?;
    metadata.push(message, row_count)
}

fn list<'a>(partitions: impl IntoIterator<Item = &'a Partition>) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for Partition { id, position, .. } in partitions {
        let added = list.add_partition_offset(&id.topic, id.id, Offset::Offset(*position));
        added.map_err(|error| failed(&id.name(), &error))?;
    }
    Ok(list)
}

#[async_trait]
impl Source for KafkaSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        loop {
            self.serve()?;
            self.add_found()?;
            if let Some(rows) = self.next_rows()? {
                return Ok(SourceEvent::Rows(rows));
            }
            let has_changes = std::mem::take(&mut self.has_new_partitions);
            for partition in &mut self.partitions {
                partition.is_out = partition.has_ended();
            }
            if self.discovery.is_none() && self.partitions.iter().all(|partition| partition.is_out) {
                return Ok(SourceEvent::End);
            }
            if has_changes {
                return Ok(SourceEvent::Partitions);
            }
            self.signals.wake.notified().await;
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        self.partitions
            .iter()
            .map(|partition| (!partition.is_out).then(|| partition.id.name()))
            .collect()
    }

    fn positions(&self) -> Vec<SourcePosition> {
        let position = |partition: &Partition| SourcePosition {
            partition: partition.id.name(),
            position: partition.position.to_string(),
        };
        self.partitions.iter().map(position).collect()
    }

    fn committing(&mut self) -> Option<&mut dyn CommitPositions> {
        self.group.is_some().then_some(self as _)
    }
}

impl CommitPositions for KafkaSource {
    /// librdkafka sends what is stored here behind our back, and what is left when the consumer closes.
    fn commit_positions(&mut self, positions: &[SourcePosition]) -> Result<()> {
        let saved = start::saved(positions)?;
        let (mut stored, mut left) = (TopicPartitionList::new(), TopicPartitionList::new());
        for Partition { id, is_assigned, .. } in &self.partitions {
            if let Some(offset) = saved.get(id) {
                let list = if *is_assigned { &mut stored } else { &mut left };
                let added = list.add_partition_offset(&id.topic, id.id, Offset::Offset(*offset));
                added.map_err(|error| failed(&id.name(), &error))?;
            }
        }
        let told = self.consumer.store_offsets(&stored);
        told.map_err(|error| failed("offsets", &error))?;
        // Nothing is stored for what is not read. It stays where it is, so it is told once.
        if left.count() > 0 && !std::mem::replace(&mut self.has_told_ended, true) {
            let told = self.consumer.commit(&left, CommitMode::Async);
            told.map_err(|error| failed("offsets", &error))?;
        }
        Ok(())
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            let positions = self
                .partitions
                .iter()
                .map(|partition| (partition.id.clone(), partition.position));
            group.leave(Arc::clone(&self.consumer), positions.collect());
        }
    }
}
