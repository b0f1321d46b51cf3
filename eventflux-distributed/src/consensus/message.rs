//! Raft's own types as protobuf, and back.

use std::collections::{BTreeMap, BTreeSet};

use openraft::entry::RaftEntry;
use openraft::impls::leader_id_std::LeaderId;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};
use openraft::{BasicNode, EntryPayload};
use prost::Message;

use super::proto;
use super::type_config::{
    CommittedLeaderId, Entry, LogId, Membership, SnapshotMeta, StoredMembership, TypeConfig, Vote,
};
use crate::coordinator::Command;

/// A message that cannot be understood.
pub type Unreadable = &'static str;

pub(super) fn to_log_id(log_id: &LogId) -> proto::LogId {
    proto::LogId {
        term: log_id.leader_id.term,
        index: log_id.index,
    }
}

pub(super) fn from_log_id(log_id: &proto::LogId) -> LogId {
    LogId::new(CommittedLeaderId::new(log_id.term), log_id.index)
}

pub(super) fn to_vote(vote: &Vote) -> proto::Vote {
    proto::Vote {
        term: vote.leader_id.term,
        node: vote.leader_id.voted_for,
        committed: vote.committed,
    }
}

pub(super) fn from_vote(vote: Option<&proto::Vote>) -> Result<Vote, Unreadable> {
    let vote = vote.ok_or("it has no vote")?;
    let leader_id = LeaderId {
        term: vote.term,
        voted_for: vote.node,
    };
    Ok(Vote {
        leader_id,
        committed: vote.committed,
    })
}

pub(super) fn to_membership(membership: &Membership) -> proto::Membership {
    let set = |nodes: &BTreeSet<u64>| proto::NodeSet {
        nodes: nodes.iter().copied().collect(),
    };
    proto::Membership {
        configs: membership.get_joint_config().iter().map(set).collect(),
        nodes: membership
            .nodes()
            .map(|(node, known)| proto::Voter {
                node: *node,
                address: known.addr.clone(),
            })
            .collect(),
    }
}

pub(super) fn from_membership(membership: &proto::Membership) -> Result<Membership, Unreadable> {
    let configs = membership
        .configs
        .iter()
        .map(|set| set.nodes.iter().copied().collect())
        .collect();
    let nodes: BTreeMap<u64, BasicNode> = membership
        .nodes
        .iter()
        .map(|voter| (voter.node, BasicNode::new(&voter.address)))
        .collect();
    if membership.configs.is_empty() {
        return Ok(Membership::default());
    }
    Membership::new(configs, nodes).map_err(|_| "its membership names a voter without an address")
}

pub(super) fn to_payload(entry: &Entry) -> proto::Payload {
    use proto::payload::Payload;
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(proto::Empty {}),
        EntryPayload::Normal(command) => Payload::Command(command.encode_to_vec().into()),
        EntryPayload::Membership(membership) => Payload::Membership(to_membership(membership)),
    };
    proto::Payload {
        payload: Some(payload),
    }
}

pub(super) fn from_payload(log_id: LogId, payload: &proto::Payload) -> Result<Entry, Unreadable> {
    use proto::payload::Payload;
    let payload = match payload
        .payload
        .as_ref()
        .ok_or("it is written by a newer version")?
    {
        Payload::Blank(proto::Empty {}) => EntryPayload::Blank,
        Payload::Command(command) => {
            EntryPayload::Normal(Command::decode(command.clone()).map_err(|_| "its command cannot be read")?)
        }
        Payload::Membership(membership) => EntryPayload::Membership(from_membership(membership)?),
    };
    Ok(Entry::new(log_id, payload))
}

pub(super) fn to_append(request: &AppendEntriesRequest<TypeConfig>) -> proto::AppendRequest {
    let entry = |entry: &Entry| proto::Entry {
        log_id: Some(to_log_id(&entry.log_id)),
        payload: Some(to_payload(entry)),
    };
    proto::AppendRequest {
        vote: Some(to_vote(&request.vote)),
        previous: request.prev_log_id.as_ref().map(to_log_id),
        entries: request.entries.iter().map(entry).collect(),
        committed: request.leader_commit.as_ref().map(to_log_id),
    }
}

pub fn from_append(request: &proto::AppendRequest) -> Result<AppendEntriesRequest<TypeConfig>, Unreadable> {
    let entry = |entry: &proto::Entry| {
        let log_id = entry
            .log_id
            .as_ref()
            .map(from_log_id)
            .ok_or("an entry has no log id")?;
        from_payload(log_id, entry.payload.as_ref().ok_or("an entry has no payload")?)
    };
    Ok(AppendEntriesRequest {
        vote: from_vote(request.vote.as_ref())?,
        prev_log_id: request.previous.as_ref().map(from_log_id),
        entries: request.entries.iter().map(entry).collect::<Result<_, _>>()?,
        leader_commit: request.committed.as_ref().map(from_log_id),
    })
}

pub(super) fn to_append_response(response: &AppendEntriesResponse<TypeConfig>) -> proto::AppendResponse {
    use proto::append_response::Result;
    let result = match response {
        AppendEntriesResponse::Success => Result::Success(proto::Empty {}),
        AppendEntriesResponse::PartialSuccess(up_to) => Result::Partial(proto::Partial {
            up_to: up_to.as_ref().map(to_log_id),
        }),
        AppendEntriesResponse::Conflict => Result::Conflict(proto::Empty {}),
        AppendEntriesResponse::HigherVote(vote) => Result::HigherVote(to_vote(vote)),
    };
    proto::AppendResponse { result: Some(result) }
}

pub fn from_append_response(
    response: &proto::AppendResponse,
) -> Result<AppendEntriesResponse<TypeConfig>, Unreadable> {
    use proto::append_response::Result;
    Ok(match response.result.as_ref().ok_or("it has no result")? {
        Result::Success(proto::Empty {}) => AppendEntriesResponse::Success,
        Result::Partial(partial) => {
            AppendEntriesResponse::PartialSuccess(partial.up_to.as_ref().map(from_log_id))
        }
        Result::Conflict(proto::Empty {}) => AppendEntriesResponse::Conflict,
        Result::HigherVote(vote) => AppendEntriesResponse::HigherVote(from_vote(Some(vote))?),
    })
}

pub(super) fn to_vote_request(request: &VoteRequest<TypeConfig>) -> proto::VoteRequest {
    proto::VoteRequest {
        vote: Some(to_vote(&request.vote)),
        last_log_id: request.last_log_id.as_ref().map(to_log_id),
        is_transfer: request.leadership_transfer,
    }
}

pub fn from_vote_request(request: &proto::VoteRequest) -> Result<VoteRequest<TypeConfig>, Unreadable> {
    let last_log_id = request.last_log_id.as_ref().map(from_log_id);
    let mut vote_request = VoteRequest::new(from_vote(request.vote.as_ref())?, last_log_id);
    vote_request.leadership_transfer = request.is_transfer;
    Ok(vote_request)
}

pub(super) fn to_vote_response(response: &VoteResponse<TypeConfig>) -> proto::VoteResponse {
    proto::VoteResponse {
        vote: Some(to_vote(&response.vote)),
        is_granted: response.vote_granted,
        last_log_id: response.last_log_id.as_ref().map(to_log_id),
    }
}

pub fn from_vote_response(response: &proto::VoteResponse) -> Result<VoteResponse<TypeConfig>, Unreadable> {
    let last_log_id = response.last_log_id.as_ref().map(from_log_id);
    Ok(VoteResponse::new(
        from_vote(response.vote.as_ref())?,
        last_log_id,
        response.is_granted,
    ))
}

pub(super) fn to_snapshot(meta: &SnapshotMeta, state: &[u8]) -> proto::StoredSnapshot {
    proto::StoredSnapshot {
        last_log_id: meta.last_log_id.as_ref().map(to_log_id),
        membership_log_id: meta.last_membership.log_id().as_ref().map(to_log_id),
        membership: Some(to_membership(meta.last_membership.membership())),
        state: state.to_vec().into(),
    }
}

pub(super) fn from_snapshot(snapshot: &proto::StoredSnapshot) -> Result<SnapshotMeta, Unreadable> {
    let membership = snapshot.membership.as_ref().ok_or("it has no membership")?;
    let log_id = snapshot.membership_log_id.as_ref().map(from_log_id);
    Ok(SnapshotMeta {
        last_log_id: snapshot.last_log_id.as_ref().map(from_log_id),
        last_membership: StoredMembership::new(log_id, from_membership(membership)?),
    })
}
