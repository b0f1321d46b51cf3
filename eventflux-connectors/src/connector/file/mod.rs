//! Files: read once or followed, written whole or in parts.

mod connector;
mod follow;
mod once;
mod output_file;
mod part;
mod path_pattern;
mod sink;
mod sink_options;
mod source_options;

pub use connector::FileConnector;
