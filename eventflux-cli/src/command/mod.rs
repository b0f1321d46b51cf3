//! The commands, one per file.

mod check;
#[cfg(feature = "cluster")]
mod cluster;
mod completions;
mod config;
mod connector;
mod explain;
#[cfg(feature = "cluster")]
mod node;
#[cfg(feature = "cluster")]
mod pipeline;
mod replay;
mod run;
mod savepoint;

pub use check::check;
#[cfg(feature = "cluster")]
pub use cluster::cluster;
pub use completions::completions;
pub use config::config;
pub use connector::{connector_doc, connector_list};
pub use explain::explain;
#[cfg(feature = "cluster")]
pub use node::node;
#[cfg(feature = "cluster")]
pub use pipeline::pipeline;
pub use replay::replay;
pub use run::run;
pub use savepoint::savepoint;
