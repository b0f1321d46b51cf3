//! What a voter answers to a leader whose messages overtake each other.

use std::path::Path;
use std::time::Duration;

use openraft::raft::AppendEntriesRequest;
use openraft::storage::RaftLogStorage;
use tokio::sync::watch;
use tonic::Request;

use super::message::to_append;
use super::proto::append_response::Result as Answer;
use super::store_test::{entry, log_id, snapshot_at, vote};
use super::type_config::TypeConfig;
use super::{
    ConsensusRaft, ConsensusService, Dialer, Hearing, LogStore, LogSync, StateMachine, Voters, raft_config,
};

const PATIENCE: Duration = Duration::from_secs(40);

/// A voter that never wants to lead itself.
async fn follower(directory: &Path) -> ConsensusService {
    let log = LogStore::open(&directory.join("log"), LogSync::Beside).unwrap();
    let (machine, _) = StateMachine::open(directory).unwrap();
    let config = raft_config("test", 600_000, 1_000).unwrap();
    let dialer = Dialer::new(None, Duration::from_secs(1));
    let voters = Voters::new(dialer, watch::channel(Hearing::Heard).1);
    let raft = ConsensusRaft::new(1, config, voters, log.clone(), machine).await;
    ConsensusService::new(raft.unwrap(), log)
}

/// The leader of term 2 sends entries, the first of which may be the first of all.
async fn append(follower: &ConsensusService, indices: std::ops::Range<u64>, committed: Option<u64>) {
    let request = to_append(&AppendEntriesRequest::<TypeConfig> {
        vote: vote(2, 9),
        prev_log_id: indices.start.checked_sub(1).map(|index| log_id(2, index)),
        entries: indices.map(entry).collect(),
        leader_commit: committed.map(|index| log_id(2, index)),
    });
    let answer = follower.append(Request::new(request)).await.unwrap();
    let result = answer.into_inner().result;
    assert!(matches!(result, Some(Answer::Success(_))), "{result:?}");
}

async fn applied(follower: &ConsensusService, index: u64) {
    let waiting = follower.raft().wait(Some(PATIENCE));
    waiting
        .applied_index_at_least(Some(index), "applied")
        .await
        .unwrap();
}

/// Seed 41 of the simulated network: a leader that did not hear that its entries had arrived had begun to send a snapshot.
#[tokio::test]
async fn a_snapshot_behind_the_log_is_answered_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let follower = follower(directory.path()).await;
    append(&follower, 0..6, None).await;
    let answer = follower.clone().install(vote(2, 9), snapshot_at(3).await).await;
    assert_eq!(answer.unwrap(), vote(2, 9));
    // The last entry is applied as soon as it is committed, without another one after it.
    append(&follower, 6..6, Some(5)).await;
    applied(&follower, 5).await;
    append(&follower, 6..7, Some(6)).await;
    applied(&follower, 6).await;
    follower.raft().shutdown().await.unwrap();
    drop(follower);
    let mut log = LogStore::open(&directory.path().join("log"), LogSync::Beside).unwrap();
    let state = log.get_log_state().await.unwrap();
    assert_eq!(
        (state.last_purged_log_id, state.last_log_id),
        (None, Some(log_id(2, 6)))
    );
}

#[tokio::test]
async fn a_snapshot_that_goes_beyond_the_log_is_installed() {
    let directory = tempfile::tempdir().unwrap();
    let follower = follower(directory.path()).await;
    append(&follower, 0..6, None).await;
    let answer = follower.clone().install(vote(2, 9), snapshot_at(8).await).await;
    assert_eq!(answer.unwrap(), vote(2, 9));
    applied(&follower, 8).await;
    append(&follower, 9..10, Some(9)).await;
    applied(&follower, 9).await;
}

#[tokio::test]
async fn the_snapshot_of_a_leader_that_is_none_any_more_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let follower = follower(directory.path()).await;
    append(&follower, 0..6, None).await;
    for index in [3, 8] {
        let answer = follower
            .clone()
            .install(vote(1, 7), snapshot_at(index).await)
            .await;
        assert_eq!(answer.unwrap(), vote(2, 9), "{index}");
    }
    append(&follower, 6..6, Some(5)).await;
    applied(&follower, 5).await;
}
