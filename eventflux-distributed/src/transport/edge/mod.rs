//! Where the runtime's edges meet connections.

mod connected_edges;
mod pump;

pub use connected_edges::{ConnectedEdges, Placement};
