//! One partition as a subtask reads it.

use std::sync::Arc;

use eventflux_core::{ErrorKind, Result};
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};

use super::client::{Reports, code_text, failure, is_passing};
use super::source::Signals;
use super::topic::TopicPartition;

/// A partition, the queue of its messages, and how far it is read.
///
/// **Invariants** Messages come in the order of their offsets, and none below `position`.
pub struct Partition {
    /// Which one.
    pub id: TopicPartition,
    /// The offset of the next message.
    pub position: i64,
    /// Where it ends, if the input is bounded.
    end: Option<i64>,
    has_ended: bool,
    /// Whether its consumer reads it: not if it had ended before.
    pub is_assigned: bool,
    /// Whether it was told that it has ended: after its last rows were handed on.
    pub is_out: bool,
    queue: PartitionQueue<Reports>,
}

/// What a look into a queue gives.
pub enum Polled<'a> {
    /// The next message.
    Message(BorrowedMessage<'a>),
    /// The partition has just ended.
    Ended,
    /// Nothing for now.
    Nothing,
}

impl Partition {
    /// A partition that is read from an offset on. Its queue is split off here: the consumer must not have been assigned
    /// the partition before, or messages would take the consumer's own queue.
    ///
    /// **Errors** librdkafka does not know the partition.
    pub fn new(
        consumer: &Arc<BaseConsumer<Reports>>,
        id: TopicPartition,
        position: i64,
        end: Option<i64>,
        signals: &Arc<Signals>,
    ) -> Result<Self> {
        let split = consumer.split_partition_queue(&id.topic, id.id);
        let lost = || {
            failure(
                &id.name(),
                ErrorKind::Runtime,
                "the partition has no queue".into(),
            )
        };
        let mut queue = split.ok_or_else(lost)?;
        let signals = Arc::clone(signals);
        queue.set_nonempty_callback(move || signals.wake.notify_one());
        let has_ended = end.is_some_and(|end| position >= end);
        Ok(Self {
            id,
            position,
            end,
            has_ended,
            is_assigned: !has_ended,
            is_out: has_ended,
            queue,
        })
    }

    /// Whether a bounded input has come to its end here.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The next message, without waiting. Who takes it moves the position.
    pub fn poll(&mut self) -> Result<Polled<'_>> {
        loop {
            if self.has_ended {
                return Ok(Polled::Nothing);
            }
            match self.queue.poll(std::time::Duration::ZERO) {
                None => return Ok(Polled::Nothing),
                // Left over from before the assignment.
                Some(Ok(message)) if message.offset() < self.position => {}
                Some(Ok(message)) if self.end.is_some_and(|end| message.offset() >= end) => break,
                // The position is the caller's to move; the borrow ends with the message.
                Some(Ok(message)) => return Ok(Polled::Message(message)),
                // Beyond the last message there may be more offsets, of control records.
                Some(Err(KafkaError::PartitionEOF(_))) if self.end.is_some() => break,
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) if is_passing(&error) => {}
                Some(Err(error)) => return Err(self.lost(&error)),
            }
        }
        self.has_ended = true;
        Ok(Polled::Ended)
    }

    fn lost(&self, error: &KafkaError) -> eventflux_core::Error {
        use RDKafkaErrorCode::{
            AutoOffsetReset, OffsetOutOfRange, UnknownPartition, UnknownTopicOrPartition,
        };
        let message = match error.rdkafka_error_code() {
            Some(AutoOffsetReset | OffsetOutOfRange) => {
                format!(
                    "offset {} is to be read next and is not there: its messages have been deleted",
                    self.position
                )
            }
            Some(UnknownPartition | UnknownTopicOrPartition) => {
                "the partition is not there any more".to_owned()
            }
            _ => code_text(error),
        };
        failure(&self.id.name(), ErrorKind::Runtime, message)
    }
}
