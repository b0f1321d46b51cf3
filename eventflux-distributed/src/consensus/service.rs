//! What other voters ask.

use std::sync::Arc;

use openraft::raft::TransferLeaderRequest;
use tokio::sync::RwLock;
use tonic::{Request, Response, Status, Streaming};

use super::log_store::LogStore;
use super::message::{
    from_append, from_log_id, from_vote, from_vote_request, to_append_response, to_vote, to_vote_response,
};
use super::network::MESSAGE_BYTES_MAX;
use super::proto::{
    AppendRequest, AppendResponse, SnapshotPiece, SnapshotResponse, TransferRequest, TransferResponse,
    VoteRequest, VoteResponse,
};
use super::snapshot_file::decode;
use super::type_config::{ConsensusRaft, Snapshot, Vote};

/// Hands other voters' messages to Raft.
///
/// **A snapshot behind the log** A leader may send a snapshot and entries beside each other, or the same twice, so that a snapshot can
/// arrive behind entries that come after it. Raft (openraft 0.10.0-alpha.37) would install it, and take the log for one that ends at the
/// snapshot: with debug assertions it stops there, otherwise it does not apply the last entries before a further one comes. Such a
/// snapshot says nothing new: it is answered as one that is installed, and the entries are applied as ever.
#[derive(Clone)]
pub(crate) struct ConsensusService {
    raft: ConsensusRaft,
    log: LogStore,
    /// Entries come before a snapshot or after it, not while it is looked at.
    turns: Arc<RwLock<()>>,
}

impl std::fmt::Debug for ConsensusService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsensusService").finish_non_exhaustive()
    }
}

impl ConsensusService {
    /// Of a node that votes or learns, and the log that its Raft writes.
    pub(crate) fn new(raft: ConsensusRaft, log: LogStore) -> Self {
        Self {
            raft,
            log,
            turns: Arc::default(),
        }
    }

    /// Raft itself.
    pub(crate) fn raft(&self) -> &ConsensusRaft {
        &self.raft
    }

    /// Entries from a leader.
    pub(crate) async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let request = from_append(request.get_ref()).map_err(Status::invalid_argument)?;
        let _turn = self.turns.read().await;
        let response = self.raft.append_entries(request).await.map_err(stopped)?;
        Ok(Response::new(to_append_response(&response)))
    }

    /// A candidate wants to lead.
    pub(crate) async fn request_vote(
        &self,
        request: Request<VoteRequest>,
    ) -> Result<Response<VoteResponse>, Status> {
        let request = from_vote_request(request.get_ref()).map_err(Status::invalid_argument)?;
        let response = self.raft.vote(request).await.map_err(stopped)?;
        Ok(Response::new(to_vote_response(&response)))
    }

    /// Somebody wants to know whether it could lead.
    pub(crate) async fn pre_vote(
        &self,
        request: Request<VoteRequest>,
    ) -> Result<Response<VoteResponse>, Status> {
        let request = from_vote_request(request.get_ref()).map_err(Status::invalid_argument)?;
        let response = self.raft.pre_vote(request).await.map_err(stopped)?;
        Ok(Response::new(to_vote_response(&response)))
    }

    /// A snapshot from a leader.
    pub(crate) async fn install_snapshot(
        &self,
        request: Request<Streaming<SnapshotPiece>>,
    ) -> Result<Response<SnapshotResponse>, Status> {
        let mut pieces = request.into_inner();
        let mut vote = None;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.message().await? {
            vote = vote.or(piece.vote);
            if bytes.len() + piece.bytes.len() > MESSAGE_BYTES_MAX {
                return Err(Status::invalid_argument("the snapshot is too large"));
            }
            bytes.extend_from_slice(&piece.bytes);
        }
        let vote = from_vote(vote.as_ref()).map_err(Status::invalid_argument)?;
        // Not a snapshot that is not complete.
        let (meta, _) = decode(&bytes).map_err(Status::invalid_argument)?;
        let snapshot = Snapshot {
            meta,
            snapshot: bytes,
        };
        // Goes on if nobody waits for it any more: Raft has it then.
        let installing = tokio::spawn(self.clone().install(vote, snapshot));
        let vote = installing.await.map_err(stopped)??;
        Ok(Response::new(SnapshotResponse {
            vote: Some(to_vote(&vote)),
        }))
    }

    /// Installs a leader's snapshot, unless the log has what it ends with and more, and says which vote counts.
    pub(super) async fn install(self, vote: Vote, snapshot: Snapshot) -> Result<Vote, Status> {
        let _turn = self.turns.write().await;
        // Raft answers in order: what it was sent before is in the log.
        let current = self
            .raft
            .with_raft_state(|state| *state.vote_ref())
            .await
            .map_err(stopped)?;
        if let Some(last) = snapshot.meta.last_log_id
            && vote == current
            && self.log.goes_beyond(last).map_err(stopped)?
        {
            // The leader takes it for stored.
            self.log.sync().await.map_err(stopped)?;
            return Ok(current);
        }
        let response = self.raft.install_full_snapshot(vote, snapshot).await;
        response.map(|response| response.vote).map_err(stopped)
    }

    /// A leader wants another one to lead.
    pub(crate) async fn transfer_leader(
        &self,
        request: Request<TransferRequest>,
    ) -> Result<Response<TransferResponse>, Status> {
        let request = request.get_ref();
        let from = from_vote(request.from.as_ref()).map_err(Status::invalid_argument)?;
        let last_log_id = request.last_log_id.as_ref().map(from_log_id);
        let transfer = TransferLeaderRequest::new(from, request.to, last_log_id);
        let is_accepted = self
            .raft
            .handle_transfer_leader(transfer)
            .await
            .map_err(stopped)?
            .is_ok();
        Ok(Response::new(TransferResponse { is_accepted }))
    }
}

fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(error.to_string())
}
