//! Kafka: topics read by partition, and written.
//!
//! The source assigns partitions to subtasks itself and keeps the offsets itself; a group is only told where it is. So a
//! restart from positions goes on exactly, at any parallelism.

mod client;
mod connector;
mod delivery;
mod discovery;
mod group;
mod metadata;
mod partition;
mod property;
mod sink;
mod sink_options;
mod source;
mod source_options;
mod source_plan;
mod start;
mod topic;

pub use connector::Kafka;
