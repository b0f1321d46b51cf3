//! Kafka: topics read by partition, and written.
//!
//! The source assigns partitions to subtasks itself and keeps the offsets itself; a group is only told where it is. So a
//! restart from positions goes on exactly, at any parallelism.
//!
//! The sink sends rows as they come, or, with checkpoints, keeps them in each checkpoint and delivers them in a transaction
//! afterwards.

mod client;
mod connector;
mod delivery;
mod discovery;
mod exactly_once;
mod group;
mod marker;
mod metadata;
mod partition;
mod property;
mod sink;
mod sink_options;
mod source;
mod source_options;
mod source_plan;
mod start;
mod target;
mod topic;
mod transaction;
mod watch;

pub use connector::Kafka;
