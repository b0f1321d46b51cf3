//! How voters agree: Raft over gRPC, with a durable log.
//!
//! ```text
//! dir/log/       raft-log's files: votes, entries, each with a checksum; synced before it is answered
//! dir/snapshot   the newest snapshot: written beside, synced, renamed
//! dir/identity   the node's id
//! ```
//!
//! **Invariants** A vote is durable before it is sent, an entry before it is acknowledged. A log whose last record is not
//! complete is cut there; one that is damaged anywhere else is refused, and the node has to join anew under another id. A
//! restarted leader is not one before it is elected; who cannot win does not raise the term (pre-vote); who leads and is not answered makes
//! room for another one.

mod audience;
mod identity;
mod log_codec;
mod log_store;
mod message;
mod network;
mod protocol;
mod service;
#[cfg(test)]
mod service_test;
mod snapshot_file;
mod socket;
mod state_machine;
#[cfg(test)]
mod store_test;
mod type_config;
mod voters;

/// What `proto/consensus.proto` says.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod proto {
    tonic::include_proto!("eventflux.consensus.v1");
}

pub(crate) use audience::{Hearing, follow as follow_audience};
pub use identity::NodeIdentity;
pub(crate) use identity::new_id;
pub use log_store::{LogStore, LogSync};
#[cfg(fuzzing)]
pub use message::{from_append, from_append_response, from_vote_request, from_vote_response};
pub(crate) use network::MESSAGE_BYTES_MAX;
pub(crate) use network::{Control, Voters};
pub use network::{ControlTls, Dialer};
pub use protocol::PROTOCOL;
pub(crate) use protocol::{CheckProtocol, refused_by};
pub(crate) use service::ConsensusService;
#[cfg(fuzzing)]
pub use snapshot_file::decode as decode_snapshot;
pub(crate) use socket::Accepted;
pub use socket::{Listener, Socket, Sockets, TcpSockets};
pub use state_machine::StateMachine;
pub use type_config::{ConsensusRaft, TypeConfig, raft_config};
pub use voters::check_voters;
