//! How a run takes checkpoints, and where it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::state::segment::Compression;
use crate::state::store::CheckpointStore;

/// Where a run starts.
#[derive(Debug, Clone, Default)]
pub enum StartFrom {
    /// The newest checkpoint of the store, if it has one.
    #[default]
    Latest,
    /// The beginning, whatever the store has.
    Nothing,
    /// The checkpoint of this epoch in the store.
    Epoch(u64),
    /// The newest checkpoint of another store: a savepoint.
    Savepoint(Arc<dyn CheckpointStore>),
}

/// How a run takes checkpoints.
#[derive(Clone)]
pub struct CheckpointConfig {
    /// Where they live. One process at a time.
    pub store: Arc<dyn CheckpointStore>,
    /// What a person calls the app.
    pub app: String,
    /// From the beginning of one checkpoint to that of the next; `None`: only when asked for, and at the end.
    pub interval: Option<Duration>,
    /// At least from the end of one checkpoint to the beginning of the next.
    pub pause_min: Duration,
    /// Barriers that have not come through after this time are given up, and later ones are sent.
    pub timeout: Duration,
    /// How many checkpoints are kept, the newest ones; at least one.
    pub retained: usize,
    /// How new segments are compressed; what is stored already is read as it is.
    pub compression: Compression,
    /// Where the run starts.
    pub from: StartFrom,
    /// State that the query has no use for is dropped; otherwise such a start is refused.
    pub is_drop_allowed: bool,
}

impl CheckpointConfig {
    /// Checkpoints in this store, when asked for and at the end.
    pub fn new(store: Arc<dyn CheckpointStore>) -> Self {
        Self {
            store,
            app: "app".into(),
            interval: None,
            pause_min: Duration::from_millis(100),
            timeout: Duration::from_secs(600),
            retained: 3,
            compression: Compression::default(),
            from: StartFrom::Latest,
            is_drop_allowed: false,
        }
    }
}

impl fmt::Debug for CheckpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointConfig")
            .field("store", &self.store.to_string())
            .field("app", &self.app)
            .field("interval", &self.interval)
            .field("compression", &self.compression)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
