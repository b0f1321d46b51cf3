//! The tree of keys, as types. A field's documentation is what the reference, the schema and `config show` say of its key; `x-env`
//! names the environment variable that sets it, and with it the flag, which has the same twin.
//!
//! **Invariants** Everything has a default, so that any subset of keys can be read. Nothing is accepted and ignored: what a type
//! takes is carried out by somebody, or refused in `settle`.

mod admin;
mod cluster;
mod config;
mod coordination;
mod distributed;
mod log;
mod node;
mod run;
mod state_backend;
mod terminal;
mod transport;

pub use admin::{Admin, AdminTokens};
pub use cluster::Cluster;
pub use config::{ApiVersion, Config, EventFlux, Kind};
pub use coordination::{Consensus, ConsensusLevel, Coordination};
pub use distributed::Distributed;
pub use log::Log;
pub use node::{Capabilities, Node};
pub use run::Run;
pub use state_backend::{CompressionName, StateBackend, StateStore};
pub use terminal::Terminal;
pub use transport::{LinkCompression, Tls, Transport, TransportKind};
