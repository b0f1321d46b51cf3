//! Sinks whose rows become visible once each: staged during an epoch, committed after its checkpoint.
//!
//! ```text
//! staging sink (one per subtask)                      committer (one per sink)
//!   write … write  pre_commit(n) ──► note ──► checkpoint n is durable ──► commit(notes of n)
//!                                                                          repeated until it succeeds, also after a restart
//! ```
//!
//! **Invariants** Nothing of an epoch is visible outside before [`SinkCommitter::commit`] is called with its notes. A note is
//! stored as a part of its checkpoint; what it refers to is durable before the checkpoint is. When an epoch is given up its
//! notes are committed together with those of the next one, so every note that was handed over is either committed or, if
//! the process dies before the next checkpoint, forgotten: its rows are then made again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::SinkContext;
use crate::batch::EventBatch;
use crate::error::Result;
use crate::time::Clock;

/// How a sink writes exactly once.
pub trait ExactlyOncePlan: Send + Sync {
    /// Opens what commits: once per sink, before its subtasks. Blocking I/O is allowed here.
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>>;

    /// Opens one subtask's share, after the commits of the restored checkpoint were repeated: what is staged outside and was
    /// not committed by then is left over from a run that ended and will be made again. Blocking I/O is allowed here.
    fn open(&self, context: &SinkContext) -> Result<Box<dyn StagingSink>>;
}

/// One subtask of a sink that stages.
#[async_trait]
pub trait StagingSink: Send {
    /// Takes rows of the present epoch; may buffer them.
    async fn write(&mut self, batch: &EventBatch) -> Result<()>;

    /// Closes what was written since the last call and says what is needed to make it visible: rows themselves (an output
    /// log), or where they are staged. The stream waits for this call, so a disk that has to be waited for is left to
    /// [`PreCommit::staged`]. Called at every barrier, also when nothing was written.
    async fn pre_commit(&mut self, epoch: u64) -> Result<PreCommit>;

    /// Lets go of everything. What was not pre-committed is dropped: the next run makes it again.
    async fn close(&mut self) -> Result<()>;
}

/// What a subtask has closed at a barrier.
pub struct PreCommit {
    /// What a committer needs to make it visible.
    pub note: Bytes,
    staged: Vec<Durable>,
}

/// Ends when what was staged is durable.
type Durable = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl PreCommit {
    /// A note, and what has to end before the checkpoint may be stored: when it does, what the note refers to is durable. It
    /// is waited for beside the stream; if it fails, the run does.
    pub fn staged(note: Bytes, durable: impl IntoIterator<Item = Durable>) -> Self {
        Self {
            note,
            staged: durable.into_iter().collect(),
        }
    }

    /// Waits until everything that the note refers to is durable.
    pub async fn durable(&mut self) -> Result<()> {
        while let Some(staged) = self.staged.last_mut() {
            staged.await?;
            self.staged.pop();
        }
        Ok(())
    }
}

impl From<Bytes> for PreCommit {
    /// A note that needs nothing else.
    fn from(note: Bytes) -> Self {
        Self::staged(note, [])
    }
}

impl fmt::Debug for PreCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreCommit")
            .field("note", &self.note)
            .field("staged", &self.staged.len())
            .finish()
    }
}

/// Makes epochs visible. It lives beside the loops and may take its time: the stream and later checkpoints do not wait for it.
#[async_trait]
pub trait SinkCommitter: Send {
    /// Makes these notes visible, all of them or an error. They are ordered by epoch, then subtask, and may be of several
    /// epochs.
    ///
    /// Notes that were made visible before, by this process or an earlier one, change nothing when they come again. After an
    /// error of kind [`ErrorKind::Environment`](crate::ErrorKind::Environment) the same notes, perhaps with later ones behind
    /// them, come again; any other error ends the run.
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()>;
}

/// What one subtask pre-committed in one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitNote {
    /// The checkpoint that it belongs to: strictly increasing over the life of an app, never reused.
    pub epoch: u64,
    /// The subtask that pre-committed it; there may be fewer of them now.
    pub subtask: usize,
    /// The note of its [`PreCommit`].
    pub note: Bytes,
}

/// What a committer is given when it opens.
#[derive(Debug, Clone)]
pub struct CommitContext {
    /// The state that the run writes its checkpoints into, the same over all restarts: no two apps have the same.
    pub app_id: String,
    /// Bumped at every start.
    pub generation: u64,
    /// The checkpoint that the run goes on from; `None` at a first start. Whatever is visible outside of a later epoch than
    /// this was written by a run with newer state than this one.
    pub restored_epoch: Option<u64>,
    /// Processing time.
    pub clock: Arc<dyn Clock>,
    /// For committers with tasks of their own; [`SinkCommitter::commit`] is called inside of it.
    pub tokio: tokio::runtime::Handle,
}
