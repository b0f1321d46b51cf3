//! The durable log.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::{self, Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use raft_log::api::raft_log_writer::RaftLogWriter;
use raft_log::{Config, RaftLog, chunked_wal};
use tokio::sync::{mpsc, oneshot};

use super::log_codec::{LogTypes, StoredLogId, StoredPayload, StoredVote};
use super::message::{from_payload, to_payload};
use super::type_config::{Entry, LogId, TypeConfig, Vote};
use crate::error::{Error, Result};

/// When a log is synced.
#[derive(Debug, Clone, Copy, Default)]
pub enum LogSync {
    /// As soon as possible, on a thread beside: many entries with one sync.
    #[default]
    Beside,
    /// On the clock of the runtime in which the log is opened, after as long as the function says: for simulations. Until then
    /// nothing of it is in a file, and nothing depends on how threads take turns.
    After(fn() -> Duration),
}

/// Entries, the vote, and how far entries are committed: `raft-log` in a directory.
///
/// **Invariants** What is answered is synced, but for how far entries are committed, which is found out again. Only one
/// process opens a directory. After a failed write nothing is written any more: Raft stops.
#[derive(Debug, Clone)]
pub struct LogStore {
    log: SharedLog,
    /// Whoever syncs it, if it is not raft-log itself.
    syncing: Option<mpsc::UnboundedSender<Flushed>>,
}

type SharedLog = Arc<Mutex<RaftLog<LogTypes>>>;

/// Who is told that something is synced.
pub(super) enum Flushed {
    /// Raft, of entries.
    Raft(IOFlushed<TypeConfig>),
    /// Somebody who waits for it.
    Waiting(oneshot::Sender<io::Result<()>>),
    /// Somebody who does nothing else meanwhile.
    Stopped(sync::mpsc::SyncSender<io::Result<()>>),
}

impl raft_log::Callback for Flushed {
    fn send(self, result: io::Result<()>) {
        match self {
            Self::Raft(raft) => raft.io_completed(result),
            // Who does not wait any more need not be told.
            Self::Waiting(waiting) => drop(waiting.send(result)),
            Self::Stopped(stopped) => stopped.send(result),
        }
    }
}

impl LogStore {
    /// Opens the log in a directory, which is made if it is not there; [`LogSync::After`] takes a runtime.
    ///
    /// **Errors** It is damaged elsewhere than at its end, or open already.
    pub fn open(directory: &Path, sync: LogSync) -> Result<Self> {
        std::fs::create_dir_all(directory).map_err(|error| Error::file(directory, error))?;
        let wal = chunked_wal::Config {
            dir: directory.display().to_string(),
            read_buffer_size: Some(1 << 20),
            chunk_max_records: Some(100_000),
            chunk_max_size: Some(64 << 20),
            truncate_incomplete_record: Some(true),
            flush_batch_wait: match sync {
                LogSync::Beside => None,
                LogSync::After(_) => Some(Duration::ZERO),
            },
            ..chunked_wal::Config::default()
        };
        let config = Config {
            wal,
            log_cache_max_items: Some(10_000),
            log_cache_capacity: Some(64 << 20),
        };
        let log = RaftLog::open(Arc::new(config)).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::Other | io::ErrorKind::UnexpectedEof => {
                Error::Damaged {
                    path: directory.display().to_string(),
                    message: error.to_string(),
                }
            }
            _ => Error::file(directory, error),
        })?;
        let log = Arc::new(Mutex::new(log));
        let syncing = match sync {
            LogSync::Beside => None,
            LogSync::After(delay) => {
                let (syncing, asked) = mpsc::unbounded_channel();
                tokio::spawn(sync_after(delay, Arc::clone(&log), asked));
                Some(syncing)
            }
        };
        Ok(Self { log, syncing })
    }

    fn log(&self) -> MutexGuard<'_, RaftLog<LogTypes>> {
        lock(&self.log)
    }

    /// Syncs everything that was written, and then tells so.
    fn flush(&self, log: &mut RaftLog<LogTypes>, flushed: Flushed) -> io::Result<()> {
        match &self.syncing {
            None => log.flush(true, Some(flushed)),
            Some(syncing) => syncing.send(flushed).map_err(|_| stopped()),
        }
    }

    /// Whether an entry is in the log, and others after it.
    pub(super) fn goes_beyond(&self, last: LogId) -> io::Result<bool> {
        let log = self.log();
        let log_id = StoredLogId::from(&last);
        if log.log_state().last().is_none_or(|newest| *newest <= log_id) {
            return Ok(false);
        }
        let (from, to) = (last.index, last.index.saturating_add(1));
        match log.read(from, to).next().transpose()? {
            Some((there, _)) => Ok(there == log_id),
            None => Ok(false),
        }
    }

    /// Waits until everything that was written is synced.
    pub(super) async fn sync(&self) -> io::Result<()> {
        let (flushed, wait) = oneshot::channel();
        self.flush(&mut self.log(), Flushed::Waiting(flushed))?;
        wait.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn vote(&self) -> io::Result<Option<Vote>> {
        self.log()
            .log_state()
            .vote()
            .map(|vote| vote.to_vote())
            .transpose()
    }
}

fn lock(log: &SharedLog) -> MutexGuard<'_, RaftLog<LogTypes>> {
    // A panic in between is one of raft-log's checks, before anything is changed.
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Syncs what has come together while time went by, as long as anybody uses the log.
async fn sync_after(delay: fn() -> Duration, log: SharedLog, mut asked: mpsc::UnboundedReceiver<Flushed>) {
    while let Some(first) = asked.recv().await {
        tokio::time::sleep(delay()).await;
        let mut flushed = vec![first];
        while let Ok(next) = asked.try_recv() {
            flushed.push(next);
        }
        let result = sync_now(&mut lock(&log));
        for flushed in flushed {
            let result = match &result {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            raft_log::Callback::send(flushed, result);
        }
    }
}

/// Waits for the disk, and lets nobody else run.
fn sync_now(log: &mut RaftLog<LogTypes>) -> io::Result<()> {
    let (flushed, wait) = sync::mpsc::sync_channel(1);
    log.flush(true, Some(Flushed::Stopped(flushed)))?;
    wait.recv().unwrap_or_else(|_| Err(stopped()))
}

fn stopped() -> io::Error {
    io::Error::other("the log has stopped writing")
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<Entry>> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(to) => *to,
            Bound::Unbounded => u64::MAX,
        };
        if from >= to {
            return Ok(Vec::new());
        }
        let log = self.log();
        let entries = log.read(from, to).map(|record| {
            let (log_id, payload) = record?;
            from_payload(LogId::from(&log_id), &payload.decode_payload()?)
                .map_err(|message| io::Error::new(io::ErrorKind::InvalidData, message))
        });
        entries.collect()
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        self.vote()
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let log = self.log();
        let state = log.log_state();
        let last_purged_log_id = state.purged().map(LogId::from);
        Ok(LogState {
            last_log_id: state.last().map(LogId::from).max(last_purged_log_id),
            last_purged_log_id,
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.log().save_vote(StoredVote::from(vote))?;
        self.sync().await
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let Some(committed) = committed.as_ref().map(StoredLogId::from) else {
            return Ok(());
        };
        let mut log = self.log();
        let state = log.log_state();
        let is_there = state.last().is_some_and(|last| committed <= *last);
        let is_news = state.committed().is_none_or(|known| *known < committed);
        if is_there && is_news {
            log.commit(committed)?;
            // Only saves work after a restart.
            if self.syncing.is_none() {
                log.flush(false, None)?;
            }
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.log().log_state().committed().map(LogId::from))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut log = self.log();
        let stored = entries.into_iter().map(|entry| {
            let payload = StoredPayload::new(&to_payload(&entry));
            (StoredLogId::from(&entry.log_id), payload)
        });
        log.append(stored)?;
        self.flush(&mut log, Flushed::Raft(callback))
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> io::Result<()> {
        let last = last_log_id.as_ref().map(StoredLogId::from);
        {
            let mut log = self.log();
            if log.log_state().last().copied() <= last {
                return Ok(());
            }
            log.truncate(last_log_id.map_or(0, |last| last.index.saturating_add(1)))?;
        }
        self.sync().await
    }

    async fn purge(&mut self, log_id: LogId) -> io::Result<()> {
        self.log().purge(StoredLogId::from(&log_id))?;
        self.sync().await
    }
}
