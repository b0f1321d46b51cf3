//! A node of a cluster, without the rows: it keeps Raft if it may, follows the leader, and hands orders to whoever runs
//! pipelines.
//!
//! ```text
//!   ┌────────────────────────── ClusterNode: a thread and a runtime of its own ──────────────────────────┐
//!   │  gRPC server: Consensus, Coordination        Raft (can_coordinate)       leader: Overseer + Driver   │
//!   │  attachment: finds the leader, registers, sends reports and heartbeats, receives orders              │
//!   └───────────────┬──────────────────────────────────────────────────────────────────────┬─────────────┘
//!            propose, state, voters                                            inbox: WorkerEvent, reports
//! ```
//!
//! Its runtime has a thread of its own, so that no load of rows delays a heartbeat.

mod answers;
mod attachment;
mod checkpoint;
#[cfg(test)]
mod checkpoint_test;
mod client;
mod cluster_node;
#[cfg(test)]
mod cluster_node_test;
mod config;
mod contact;
#[cfg(test)]
mod deaf_test;
mod driver;
mod formation;
mod goodbye;
mod hub;
#[cfg(test)]
mod protocol_test;
mod publication;
mod publications;
mod round;
mod server;
mod service;
mod stores;
mod view;
mod voters;

pub use client::ClusterClient;
pub use cluster_node::ClusterNode;
pub use config::{ClusterConfig, OpenStore};
pub use contact::Contact;
pub use publication::Publication;
pub use service::MetricsSource;
pub use stores::{check_store_name, shared_stores};
pub use view::ClusterView;
