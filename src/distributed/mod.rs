//! Pipelines on a cluster of nodes.

mod sql_programs;

pub use eventflux_distributed::{Error, Result, cluster_node, coordinator, node, transport};
pub use sql_programs::SqlPrograms;
