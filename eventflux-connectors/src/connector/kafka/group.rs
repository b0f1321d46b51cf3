//! What a consumer group is told: offsets of rows whose results are outside, never of rows that are still on their way.
//!
//! With checkpoints these are the positions of the last durable one. Without, only the end of a run that came to the end of its
//! inputs proves that nothing is on its way: until then windows and groups may hold rows, and a stop leaves them unfinished.

use std::sync::{Arc, Mutex, PoisonError};

use eventflux_core::Result;
use eventflux_core::connector::FollowEnd;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{Reports, failed};
use super::topic::TopicPartition;

/// Consumers of subtasks that have ended, and up to where their rows were handed on.
#[derive(Default)]
pub struct Group {
    left: Mutex<Vec<Left>>,
}

struct Left {
    consumer: Arc<BaseConsumer<Reports>>,
    positions: Vec<(TopicPartition, i64)>,
}

impl Group {
    /// A subtask has ended.
    pub fn leave(&self, consumer: Arc<BaseConsumer<Reports>>, positions: Vec<(TopicPartition, i64)>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(Left { consumer, positions });
    }
}

impl FollowEnd for Group {
    fn run_ended(&self, is_complete: bool) -> Result<()> {
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        if !is_complete {
            return Ok(());
        }
        for Left { consumer, positions } in left {
            let mut list = TopicPartitionList::new();
            for (id, offset) in &positions {
                let added = list.add_partition_offset(&id.topic, id.id, Offset::Offset(*offset));
                added.map_err(|error| failed(&id.name(), &error))?;
            }
            if !positions.is_empty() {
                let committed = consumer.commit(&list, CommitMode::Sync);
                committed.map_err(|error| failed("offsets of the group", &error))?;
            }
        }
        Ok(())
    }
}
