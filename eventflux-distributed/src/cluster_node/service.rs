//! What clients and workers ask a node.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use openraft::ReadPolicy;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::error::{ClientWriteError, RaftError};
use prost::Message;
use tokio::sync::{mpsc, watch};
use tonic::{Request, Response, Status, Streaming};

use super::hub::Hub;
use super::voters::change;
use crate::consensus::proto::control_server::Control;
use crate::consensus::proto::{
    AppendRequest, AppendResponse, CheckpointRequest, CheckpointResponse, DescribeRequest, DescribeResponse,
    Downward, MetricsRequest, MetricsResponse, ProposeRequest, ProposeResponse, SnapshotPiece,
    SnapshotResponse, StateRequest, StateResponse, TransferRequest, TransferResponse, Upward, VoteRequest,
    VoteResponse, Voter, VotersRequest, VotersResponse, downward, upward,
};
use crate::consensus::{ConsensusRaft, ConsensusService, Hearing, check_voters};
use crate::coordinator::{Change, ClusterState, Command, NodeId, Report};

/// Gives a node's metrics, in Prometheus' text format.
pub type MetricsSource = Arc<dyn Fn() -> String + Send + Sync>;

/// Voters get so long to agree that the leader is one.
const AGREE_WITHIN: Duration = Duration::from_secs(1);

/// Answers clients and workers. A node that does not coordinate knows only who does.
#[derive(Clone)]
pub(super) struct ControlService {
    pub(super) node: NodeId,
    pub(super) cluster: String,
    /// The version of what nodes say to each other.
    pub(super) protocol: u32,
    /// Of a node that coordinates.
    pub(super) consensus: Option<ConsensusService>,
    pub(super) hearing: watch::Receiver<Hearing>,
    pub(super) state: watch::Receiver<Arc<ClusterState>>,
    pub(super) hub: Hub,
    pub(super) metrics: Arc<OnceLock<MetricsSource>>,
}

impl ControlService {
    fn consensus(&self) -> Result<&ConsensusService, Status> {
        self.consensus
            .as_ref()
            .ok_or_else(|| Status::failed_precondition("this node does not coordinate"))
    }

    fn raft(&self) -> Result<&ConsensusRaft, Status> {
        Ok(self.consensus()?.raft())
    }

    /// Whether this node is answered by a majority if it leads.
    fn is_heard(&self) -> bool {
        self.hearing.borrow().is_heard()
    }

    /// The leader that Raft knows, and whether it is this node; with the term. One that no majority answers is none.
    fn leader(&self) -> (Option<Voter>, bool, u64) {
        let Ok(raft) = self.raft() else {
            return (None, false, 0);
        };
        let metrics = raft.metrics();
        let metrics = metrics.borrow_watched();
        if !self.is_heard() {
            return (None, false, metrics.current_term);
        }
        let leader = metrics.current_leader.and_then(|leader| {
            let node = metrics.membership_config.get_node(&leader)?;
            Some(Voter {
                node: leader,
                address: node.addr.clone(),
            })
        });
        (leader, metrics.state.is_leader(), metrics.current_term)
    }

    /// A command that this node understands, and that makes sense by itself.
    fn check(command: &Command) -> Result<(), Status> {
        match &command.change {
            None => Err(Status::unimplemented("the command is of a newer version")),
            Some(Change::Submit(spec)) => match spec.decode_plan_identity() {
                Ok(_) => Ok(()),
                Err(message) => Err(Status::invalid_argument(format!(
                    "the plan is not described: {message}"
                ))),
            },
            Some(_) => Ok(()),
        }
    }
}

type Downwards = Pin<Box<dyn Stream<Item = Result<Downward, Status>> + Send>>;

#[tonic::async_trait]
impl Control for ControlService {
    type AttachStream = Downwards;

    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        self.consensus()?.append(request).await
    }

    async fn request_vote(&self, request: Request<VoteRequest>) -> Result<Response<VoteResponse>, Status> {
        self.consensus()?.request_vote(request).await
    }

    async fn pre_vote(&self, request: Request<VoteRequest>) -> Result<Response<VoteResponse>, Status> {
        self.consensus()?.pre_vote(request).await
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<SnapshotPiece>>,
    ) -> Result<Response<SnapshotResponse>, Status> {
        self.consensus()?.install_snapshot(request).await
    }

    async fn transfer_leader(
        &self,
        request: Request<TransferRequest>,
    ) -> Result<Response<TransferResponse>, Status> {
        self.consensus()?.transfer_leader(request).await
    }

    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        let (leader, is_leader, term) = self.leader();
        let is_initialized = match self.raft() {
            Ok(raft) => raft
                .is_initialized()
                .await
                .map_err(|error| Status::unavailable(error.to_string()))?,
            Err(_) => false,
        };
        Ok(Response::new(DescribeResponse {
            node: self.node,
            cluster: self.cluster.clone(),
            term,
            is_leader,
            leader,
            is_initialized,
            can_coordinate: self.consensus.is_some(),
            protocol: self.protocol,
        }))
    }

    async fn propose(&self, request: Request<ProposeRequest>) -> Result<Response<ProposeResponse>, Status> {
        let raft = self.raft()?;
        let command = Command::decode(request.into_inner().command)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        Self::check(&command)?;
        match raft.client_write(command).await {
            Ok(response) => Ok(Response::new(ProposeResponse {
                outcome: response.data.encode_to_vec().into(),
                is_leader: true,
                leader: None,
            })),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward))) => {
                let leader = forward.leader_id.zip(forward.leader_node);
                Ok(Response::new(ProposeResponse {
                    outcome: bytes::Bytes::new(),
                    is_leader: false,
                    leader: leader.map(|(node, known)| Voter {
                        node,
                        address: known.addr,
                    }),
                }))
            }
            Err(error) => Err(Status::unavailable(error.to_string())),
        }
    }

    async fn checkpoint(
        &self,
        request: Request<CheckpointRequest>,
    ) -> Result<Response<CheckpointResponse>, Status> {
        let (leader, is_leader, _) = self.leader();
        if !is_leader {
            return Ok(Response::new(CheckpointResponse {
                outcome: bytes::Bytes::new(),
                is_leader,
                leader,
            }));
        }
        let Some(answer) = self.hub.ask(request.into_inner().pipeline) else {
            return Err(Status::resource_exhausted("too many wait for a checkpoint"));
        };
        match answer.await {
            Ok(outcome) => Ok(Response::new(CheckpointResponse {
                outcome: outcome.encode_to_vec().into(),
                is_leader,
                leader,
            })),
            Err(_) => Err(Status::unavailable("this node does not lead any more")),
        }
    }

    async fn change_voters(
        &self,
        request: Request<VotersRequest>,
    ) -> Result<Response<VotersResponse>, Status> {
        let raft = self.raft()?;
        let refuse = |refusal: String| Ok(Response::new(VotersResponse { refusal }));
        let voters = request.into_inner().voters;
        let ids = voters.iter().map(|voter| voter.node).collect();
        if let Err(error) = check_voters(&ids) {
            return refuse(error.to_string());
        }
        let gone = {
            let state = self.state.borrow();
            voters
                .iter()
                .find(|voter| state.is_gone(voter.node))
                .map(|voter| voter.node)
        };
        if let Some(gone) = gone {
            return refuse(format!(
                "node {gone:016x} has left, and its id is never used again"
            ));
        }
        let voters = voters.into_iter().map(|voter| (voter.node, voter.address));
        match change(raft, voters.collect()).await {
            Ok(()) => refuse(String::new()),
            Err(refusal) => refuse(refusal),
        }
    }

    async fn state(&self, _: Request<StateRequest>) -> Result<Response<StateResponse>, Status> {
        let raft = self.raft()?;
        let agreement = tokio::time::timeout(AGREE_WITHIN, raft.ensure_linearizable(ReadPolicy::ReadIndex));
        let is_current = self.is_heard() && matches!(agreement.await, Ok(Ok(_)));
        let state = self.state.borrow().encode();
        let (leader, _, term) = self.leader();
        Ok(Response::new(StateResponse {
            state: state.into(),
            is_current,
            term,
            leader,
            voters: raft.voter_ids().collect(),
        }))
    }

    async fn metrics(&self, _: Request<MetricsRequest>) -> Result<Response<MetricsResponse>, Status> {
        let Some(metrics) = self.metrics.get() else {
            return Err(Status::unavailable("this node is starting"));
        };
        Ok(Response::new(MetricsResponse { text: metrics() }))
    }

    async fn attach(&self, request: Request<Streaming<Upward>>) -> Result<Response<Downwards>, Status> {
        let mut upwards = request.into_inner();
        let first = upwards.message().await?.and_then(|first| first.upward);
        let Some(upward::Upward::Hello(hello)) = first else {
            return Err(Status::invalid_argument("a connection begins with a hello"));
        };
        if hello.cluster != self.cluster {
            let message = format!("this is the cluster `{}`, not `{}`", self.cluster, hello.cluster);
            return Err(Status::failed_precondition(message));
        }
        let (_, is_leader, term) = self.leader();
        if !is_leader {
            return Err(Status::unavailable("this node does not lead"));
        }
        let (attached, downwards) = self.hub.attach(hello.node, hello.incarnation);
        tokio::spawn(async move {
            while let Ok(Some(upward)) = upwards.message().await {
                let Some(upward::Upward::Report(report)) = upward.upward else {
                    continue;
                };
                // One that cannot be read is of a newer version.
                if let Ok(report) = Report::decode(report)
                    && !attached.said(report)
                {
                    return;
                }
            }
        });
        let first = Ok(Downward {
            downward: Some(downward::Downward::Term(term)),
        });
        let downwards = futures_util::stream::iter([first]).chain(received(downwards));
        Ok(Response::new(Box::pin(downwards)))
    }
}

/// A receiver as a stream.
pub(super) fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        let message = receiver.recv().await?;
        Some((message, receiver))
    })
}
