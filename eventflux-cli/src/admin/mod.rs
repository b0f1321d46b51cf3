//! The admin API of a cluster node: JSON over HTTP, on the listener of `/metrics`, `/livez` and `/readyz`.
//!
//! ```text
//! request ──► browser guard ──► token and role ──► handler ──► view of the cluster, from its leader ──► JSON
//!                                                     └──────► change through Raft, whoever leads
//! ```
//!
//! Every node answers everything, also those that do not coordinate: what the cluster has agreed on is asked of its leader, and
//! changes are put through Raft by [`ClusterClient`](eventflux_distributed::cluster_node::ClusterClient).
//!
//! **Errors** Whatever goes wrong is answered with one shape, [`model::Problem`]: a code, a sentence, what would help and, of SQL,
//! diagnostics with their places.
//!
//! **Invariants** Where tokens are configured, everything but liveness, readiness and the API's own document needs one. Nothing that
//! comes over the wire makes this side panic or hold more than a bounded body.

mod access;
mod body;
mod browser;
mod checkpoints;
mod cluster;
mod document;
mod health;
mod metrics;
pub mod model;
mod nodes;
mod partitions;
mod pipelines;
mod placement;
mod refusal;
mod router;
mod server;
mod service;
mod state;
mod stopping;
mod taking;

pub use access::{Role, Tokens};
pub use server::{AdminConfig, AdminServer, NODE_ADDRESS};
pub use service::name_of;
