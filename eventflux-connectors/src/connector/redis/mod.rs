//! Redis: rows as entries of a stream, or as fields of a hash.
//!
//! The sink sends rows as they come, or, with checkpoints, keeps them in each checkpoint and delivers them afterwards by a script
//! that changes the key and a marker in one step.

mod connector;
mod delivery;
mod exactly_once;
mod script;
mod sink;
mod sink_options;
mod target;

pub use connector::Redis;
