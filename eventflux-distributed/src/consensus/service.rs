//! What other voters ask.

use openraft::raft::TransferLeaderRequest;
use tonic::{Request, Response, Status, Streaming};

use super::message::{
    from_append, from_log_id, from_vote, from_vote_request, to_append_response, to_vote, to_vote_response,
};
use super::network::MESSAGE_BYTES_MAX;
use super::proto::{
    AppendRequest, AppendResponse, SnapshotPiece, SnapshotResponse, TransferRequest, TransferResponse,
    VoteRequest, VoteResponse,
};
use super::snapshot_file::decode;
use super::type_config::{ConsensusRaft, Snapshot};

/// Hands other voters' messages to Raft.
#[derive(Clone)]
pub(crate) struct ConsensusService {
    raft: ConsensusRaft,
}

impl std::fmt::Debug for ConsensusService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsensusService").finish_non_exhaustive()
    }
}

impl ConsensusService {
    /// Of a node that votes or learns.
    pub(crate) fn new(raft: ConsensusRaft) -> Self {
        Self { raft }
    }

    /// Entries from a leader.
    pub(crate) async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let request = from_append(request.get_ref()).map_err(Status::invalid_argument)?;
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
        let response = self
            .raft
            .install_full_snapshot(vote, snapshot)
            .await
            .map_err(stopped)?;
        Ok(Response::new(SnapshotResponse {
            vote: Some(to_vote(&response.vote)),
        }))
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
