//! The numbers and surroundings of a run.

use std::fmt;
use std::sync::Arc;

use super::in_process::InProcessEnds;
use super::memory::MemoryLimit;
use crate::checkpoint::CheckpointConfig;
use crate::connector::{ProcessReferences, Registry, ResolveReference};
use crate::key::KeyGroupMap;
use crate::time::{Clock, SystemClock};

/// How a plan is run.
#[derive(Clone)]
pub struct RuntimeConfig {
    /// Subtasks per operator, where the plan and its connectors allow as many.
    pub parallelism: usize,
    /// Which subtask owns which key group where there are `parallelism` subtasks; `None`: one contiguous range each.
    pub key_group_map: Option<KeyGroupMap>,
    /// Rows per batch at the most.
    pub batch_rows_max: usize,
    /// Bytes that may wait on one edge between two subtasks.
    pub edge_bytes_max: usize,
    /// Bytes of rows that may wait behind one input handler.
    pub input_bytes_max: usize,
    /// Threads for the tasks of sources and sinks; the loops have one each besides.
    pub io_thread_count: usize,
    /// Processing time.
    pub clock: Arc<dyn Clock>,
    /// Where connectors and formats are found.
    pub registry: Registry,
    /// Where references in option values are looked up.
    pub references: Arc<dyn ResolveReference>,
    /// How checkpoints are taken; `None`: there are none.
    pub checkpoints: Option<CheckpointConfig>,
    /// How much memory the run may take; `None`: as much as it needs.
    pub memory: Option<MemoryLimit>,
    /// Inputs and outputs of this process that outlive the run; `None`: it has its own.
    pub in_process: Option<Arc<InProcessEnds>>,
}

impl RuntimeConfig {
    /// Which of so many subtasks of an operator owns which key group.
    pub(crate) fn owners(&self, key_groups: u32, width: usize) -> KeyGroupMap {
        KeyGroupMap::of_width(self.key_group_map.as_ref(), key_groups, width)
    }
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            parallelism: 1,
            key_group_map: None,
            batch_rows_max: 4096,
            edge_bytes_max: 4 << 20,
            input_bytes_max: 4 << 20,
            io_thread_count: 1,
            clock: Arc::new(SystemClock),
            registry: Registry::default(),
            references: Arc::new(ProcessReferences),
            checkpoints: None,
            memory: None,
            in_process: None,
        }
    }
}

impl fmt::Debug for RuntimeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeConfig")
            .field("parallelism", &self.parallelism)
            .field("key_group_map", &self.key_group_map)
            .field("batch_rows_max", &self.batch_rows_max)
            .field("edge_bytes_max", &self.edge_bytes_max)
            .field("input_bytes_max", &self.input_bytes_max)
            .field("io_thread_count", &self.io_thread_count)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
