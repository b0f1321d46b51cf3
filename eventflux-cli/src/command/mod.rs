//! The commands, one per file.

mod check;
mod completions;
mod config;
mod connector;
mod explain;
mod replay;
mod run;
mod savepoint;

pub use check::check;
pub use completions::completions;
pub use config::config;
pub use connector::{connector_doc, connector_list};
pub use explain::explain;
pub use replay::replay;
pub use run::run;
pub use savepoint::savepoint;
