//! The checkpoints of a store, as a person or a program lists them.

use std::future::Future;
use std::sync::Arc;

use super::manifest::{Manifest, ManifestLog};
use crate::error::{Error, ErrorKind, Result};
use crate::state::store::CheckpointStore;

/// A checkpoint that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number: the epoch. Later ones are larger; numbers may be left out.
    pub id: u64,
    /// Which start of the app wrote it.
    pub generation: u64,
    /// When it was written, microseconds since the epoch, UTC.
    pub created_at_us: i64,
    /// What the app is called.
    pub app: String,
    /// The parallelism of the run.
    pub parallelism: u32,
    /// Bytes of state.
    pub state_bytes: u64,
}

impl From<&Manifest> for Revision {
    fn from(manifest: &Manifest) -> Self {
        Self {
            id: manifest.epoch,
            generation: manifest.generation,
            created_at_us: manifest.created_at_us,
            app: manifest.app.clone(),
            parallelism: manifest.parallelism,
            state_bytes: manifest.segments.iter().map(|segment| segment.size_bytes).sum(),
        }
    }
}

/// The checkpoints of a store, oldest first.
///
/// **Errors** The store fails; one of them is damaged.
pub async fn revisions(store: Arc<dyn CheckpointStore>) -> Result<Vec<Revision>> {
    let log = ManifestLog::new(store);
    let mut revisions = Vec::new();
    for entry in log.entries().await? {
        revisions.push(Revision::from(&log.load(&entry).await?));
    }
    Ok(revisions)
}

/// Waits for work on a store, on any thread: stores need an async runtime, and whoever asks may have none, or one of its own.
pub fn block_on_store<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let failed = |error| Error::connector("thread", "eventflux-store", ErrorKind::Environment, error);
    std::thread::scope(|scope| {
        let body = || {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
            tokio.map_err(failed)?.block_on(work)
        };
        let thread = std::thread::Builder::new().name("eventflux-store".into());
        let running = thread.spawn_scoped(scope, body).map_err(failed)?;
        let panicked = |_| Err(Error::Bug("a store panicked".into()));
        running.join().unwrap_or_else(panicked)
    })
}
