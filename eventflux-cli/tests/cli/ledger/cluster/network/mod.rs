//! The network between nodes, which is cut and slowed down.

mod kind;
mod namespaces;
mod network;
mod proxies;

pub use kind::{Kind, in_network};
pub use network::Network;
