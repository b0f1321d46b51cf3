//! Files: read once or followed, written whole or in parts.

mod committer;
mod connector;
mod directory;
mod exactly_once;
mod follow;
mod once;
mod output_file;
mod part;
mod path_pattern;
mod sink;
mod sink_options;
mod source_options;
mod staged;
mod staging_sink;

pub use connector::FileConnector;
