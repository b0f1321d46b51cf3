//! What Raft replicates: the coordinator's state.

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use prost::Message;
use tokio::sync::watch;

use super::message::to_snapshot;
use super::snapshot_file::{SnapshotFile, decode};
use super::type_config::{LogId, Snapshot, SnapshotMeta, StoredMembership, TypeConfig};
use crate::coordinator::{ClusterState, Outcome};
use crate::error::{Error, Result};

/// Applies entries, and makes and takes snapshots.
///
/// In memory; after a restart it is the newest snapshot, and Raft applies the entries after it again.
#[derive(Debug)]
pub struct StateMachine {
    applied: Applied,
    file: SnapshotFile,
    told: watch::Sender<Arc<ClusterState>>,
}

#[derive(Debug, Clone, Default)]
struct Applied {
    state: Arc<ClusterState>,
    last_log_id: Option<LogId>,
    membership: StoredMembership,
}

impl StateMachine {
    /// From a directory's newest snapshot, if it has one. The receiver always has the newest state.
    pub fn open(directory: &Path) -> Result<(Self, watch::Receiver<Arc<ClusterState>>)> {
        let file = SnapshotFile::new(directory);
        let mut applied = Applied::default();
        if let Some(snapshot) = file.read()? {
            let (meta, state) = decode(&snapshot).map_err(|message| Error::Damaged {
                path: directory.join("snapshot").display().to_string(),
                message,
            })?;
            applied.install(&meta, state);
        }
        let (told, receiver) = watch::channel(Arc::clone(&applied.state));
        let machine = Self { applied, file, told };
        Ok((machine, receiver))
    }

    fn tell(&self) {
        self.told.send_replace(Arc::clone(&self.applied.state));
    }
}

impl Applied {
    fn install(&mut self, meta: &SnapshotMeta, state: ClusterState) {
        self.state = Arc::new(state);
        self.last_log_id = meta.last_log_id;
        self.membership = meta.last_membership.clone();
    }

    fn meta(&self) -> SnapshotMeta {
        SnapshotMeta {
            last_log_id: self.last_log_id,
            last_membership: self.membership.clone(),
        }
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotData = Vec<u8>;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied.last_log_id, self.applied.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> io::Result<()>
    where
        Strm: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + OptionalSend,
    {
        while let Some(entry) = entries.next().await {
            let (entry, responder) = entry?;
            let outcome = match &entry.payload {
                EntryPayload::Blank => Outcome::default(),
                EntryPayload::Normal(command) if command.change.is_none() => {
                    // To skip it would make this node's state another one than that of nodes that know it.
                    let message = format!("entry {} was written by a newer version", entry.log_id);
                    return Err(io::Error::new(io::ErrorKind::Unsupported, message));
                }
                EntryPayload::Normal(command) => Arc::make_mut(&mut self.applied.state).apply(command),
                EntryPayload::Membership(membership) => {
                    self.applied.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                    Outcome::default()
                }
            };
            self.applied.last_log_id = Some(entry.log_id);
            // Whoever asked sees what it asked for.
            self.tell();
            if let Some(responder) = responder {
                responder.send(outcome);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        SnapshotBuilder {
            applied: self.applied.clone(),
            file: self.file.clone(),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: Vec<u8>) -> io::Result<()> {
        let unreadable = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
        let (stored_meta, state) = decode(&snapshot).map_err(unreadable)?;
        if stored_meta != *meta {
            return Err(unreadable(
                "a snapshot is not the one that was announced".to_owned(),
            ));
        }
        self.file.write(meta.last_log_id, &snapshot)?;
        self.applied.install(meta, state);
        self.tell();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let Some(snapshot) = self.file.read().map_err(io::Error::other)? else {
            return Ok(None);
        };
        let (meta, _) =
            decode(&snapshot).map_err(|message| io::Error::new(io::ErrorKind::InvalidData, message))?;
        Ok(Some(Snapshot { meta, snapshot }))
    }
}

/// Makes a snapshot of the state as it was, while entries go on to be applied.
#[derive(Debug)]
pub struct SnapshotBuilder {
    applied: Applied,
    file: SnapshotFile,
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    type SnapshotData = Vec<u8>;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let meta = self.applied.meta();
        let snapshot = to_snapshot(&meta, &self.applied.state.encode()).encode_to_vec();
        self.file.write(meta.last_log_id, &snapshot)?;
        Ok(Snapshot { meta, snapshot })
    }
}
