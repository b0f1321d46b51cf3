//! The log and the snapshots: what Raft expects of them, and what happens to them on disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openraft::entry::RaftEntry;
use openraft::storage::{RaftLogStorage, RaftLogStorageExt, RaftStateMachine};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::{EntryPayload, RaftLogReader, RaftSnapshotBuilder, StorageError};
use tempfile::TempDir;

use super::message::from_vote;
use super::type_config::{Entry, LogId, Snapshot, TypeConfig, Vote};
use super::{LogStore, LogSync, StateMachine, proto};
use crate::coordinator::{Change, Command, CommandId, Configure};

struct Builder(LogSync);

impl StoreBuilder<TypeConfig, LogStore, StateMachine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, StateMachine), StorageError<TypeConfig>> {
        let directory = tempfile::tempdir().unwrap();
        let log = LogStore::open(&directory.path().join("log"), self.0).unwrap();
        let (machine, _) = StateMachine::open(directory.path()).unwrap();
        Ok((directory, log, machine))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_does_what_raft_expects_of_one() {
    Suite::test_all(Builder(LogSync::Beside)).await.unwrap();
    Suite::test_all(Builder(LogSync::After(|| Duration::ZERO)))
        .await
        .unwrap();
}

/// What is not synced on a simulated disk is not there after a power cut.
#[tokio::test]
async fn nothing_is_in_a_file_before_the_simulated_disk_has_synced_it() {
    let copied_during = async |delay: fn() -> Duration, patience: Duration| {
        let directory = tempfile::tempdir().unwrap();
        let mut log = LogStore::open(directory.path(), LogSync::After(delay)).unwrap();
        let new_vote = vote(2, 9);
        let saving = tokio::time::timeout(patience, log.save_vote(&new_vote));
        let is_saved = saving.await.is_ok_and(|saved| saved.is_ok());
        let copy = tempfile::tempdir().unwrap();
        let file = only_file(directory.path());
        fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        (is_saved, read_log(copy.path()).await.unwrap().0)
    };
    let at_once = copied_during(|| Duration::ZERO, Duration::from_secs(60));
    assert_eq!(at_once.await, (true, Some(vote(2, 9))));
    let never = copied_during(|| Duration::from_secs(3_600), Duration::from_millis(200));
    assert_eq!(never.await, (false, None));
}

pub(super) fn log_id(term: u64, index: u64) -> LogId {
    super::message::from_log_id(&proto::LogId { term, index })
}

pub(super) fn vote(term: u64, node: u64) -> Vote {
    from_vote(Some(&proto::Vote {
        term,
        node,
        committed: true,
    }))
    .unwrap()
}

pub(super) fn entry(index: u64) -> Entry {
    let command = Command {
        id: CommandId {
            client: 7,
            number: index,
        },
        change: Some(Change::Configure(Configure {
            cluster: format!("c{index}"),
            nodes_min: 3,
        })),
    };
    Entry::new(log_id(2, index), EntryPayload::Normal(command))
}

/// A log with a vote, entries, a truncation and a purge.
async fn write_log(directory: &Path) {
    let mut log = LogStore::open(directory, LogSync::Beside).unwrap();
    log.save_vote(&vote(2, 9)).await.unwrap();
    log.blocking_append((0..6).map(entry)).await.unwrap();
    log.truncate_after(Some(log_id(2, 4))).await.unwrap();
    log.purge(log_id(2, 1)).await.unwrap();
    log.blocking_append([entry(5)]).await.unwrap();
}

type Content = (Option<Vote>, Option<LogId>, Option<LogId>, Vec<Entry>);

async fn read_log(directory: &Path) -> crate::Result<Content> {
    let mut log = LogStore::open(directory, LogSync::Beside)?;
    let state = log.get_log_state().await.unwrap();
    let entries = log
        .try_get_log_entries(0..100)
        .await
        .map_err(|error| crate::Error::file(directory, error))?;
    Ok((
        log.read_vote().await.unwrap(),
        state.last_purged_log_id,
        state.last_log_id,
        entries,
    ))
}

fn only_file(directory: &Path) -> PathBuf {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut logs: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ext| ext == "wal"))
        .collect();
    assert_eq!(logs.len(), 1);
    logs.remove(0)
}

#[tokio::test]
async fn a_log_is_read_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    write_log(directory.path()).await;
    let (read_vote, purged, last, entries) = read_log(directory.path()).await.unwrap();
    assert_eq!(read_vote, Some(vote(2, 9)));
    assert_eq!((purged, last), (Some(log_id(2, 1)), Some(log_id(2, 5))));
    assert_eq!(entries, (2..6).map(entry).collect::<Vec<_>>());
}

/// A process that died while it wrote leaves the beginning of what it wrote.
#[tokio::test]
async fn a_log_that_ends_anywhere_has_a_prefix_of_what_was_written_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    write_log(directory.path()).await;
    let file = only_file(directory.path());
    let bytes = fs::read(&file).unwrap();
    let mut seen = BTreeSet::new();
    for length in 0..bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let (_, purged, last, entries) = read_log(directory.path()).await.unwrap();
        let first = purged.map_or(0, |purged| purged.index + 1);
        let expected: Vec<Entry> = (first..first + entries.len() as u64).map(entry).collect();
        assert_eq!(entries, expected, "cut at {length}");
        seen.insert(last.map(|last| last.index));

        let mut log = LogStore::open(directory.path(), LogSync::Beside).unwrap();
        let next = last.map_or(0, |last| last.index + 1);
        log.blocking_append([entry(next)]).await.unwrap();
        drop(log);
        let (_, _, last, _) = read_log(directory.path()).await.unwrap();
        assert_eq!(last, Some(log_id(2, next)));
        for file in fs::read_dir(directory.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

/// Nothing that was synced is lost without a word.
#[tokio::test]
async fn every_flipped_bit_is_detected() {
    let directory = tempfile::tempdir().unwrap();
    write_log(directory.path()).await;
    let whole = read_log(directory.path()).await.unwrap();
    let file = only_file(directory.path());
    let bytes = fs::read(&file).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&file, &flipped).unwrap();
        match read_log(directory.path()).await {
            Err(error) => assert!(error.to_string().contains("damaged"), "bit {bit}: {error}"),
            Ok(read) => assert_eq!(read, whole, "bit {bit} of byte {}", bit / 8),
        }
    }
}

#[tokio::test]
async fn one_process_has_a_log() {
    let directory = tempfile::tempdir().unwrap();
    let _open = LogStore::open(directory.path(), LogSync::Beside).unwrap();
    LogStore::open(directory.path(), LogSync::Beside).unwrap_err();
}

/// The snapshot of a node that has applied entries up to this one.
pub(super) async fn snapshot_at(index: u64) -> Snapshot {
    let directory = tempfile::tempdir().unwrap();
    let (mut machine, _) = StateMachine::open(directory.path()).unwrap();
    let entries = (0..=index).map(|index| Ok((entry(index), None)));
    machine.apply(futures_util::stream::iter(entries)).await.unwrap();
    machine
        .get_snapshot_builder()
        .await
        .build_snapshot()
        .await
        .unwrap()
}

/// The log reaches back to the newer one only.
#[tokio::test]
async fn a_snapshot_that_is_made_while_a_newer_one_is_received_does_not_take_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let (mut machine, _) = StateMachine::open(directory.path()).unwrap();
    let entries = (0..=3).map(|index| Ok((entry(index), None)));
    machine.apply(futures_util::stream::iter(entries)).await.unwrap();
    let mut builder = machine.get_snapshot_builder().await;
    let newer = snapshot_at(7).await;
    machine
        .install_snapshot(&newer.meta, newer.snapshot)
        .await
        .unwrap();
    builder.build_snapshot().await.unwrap();
    drop(machine);
    let (mut machine, _) = StateMachine::open(directory.path()).unwrap();
    assert_eq!(machine.applied_state().await.unwrap().0, Some(log_id(2, 7)));
}

#[tokio::test]
async fn a_damaged_snapshot_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (mut machine, _) = StateMachine::open(directory.path()).unwrap();
    machine
        .get_snapshot_builder()
        .await
        .build_snapshot()
        .await
        .unwrap();
    let path = directory.path().join("snapshot");
    let bytes = fs::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        let error = StateMachine::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("snapshot is damaged"), "bit {bit}: {error}");
    }
}
