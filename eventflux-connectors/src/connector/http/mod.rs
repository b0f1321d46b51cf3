//! HTTP: rows posted in bodies.
//!
//! The sink posts rows as they come, or, with checkpoints, keeps the bodies in each checkpoint and posts them afterwards, each
//! with a key that stays the same whenever it comes again.

mod connector;
mod endpoint;
mod refusal;
mod rows;
mod sink;
mod sink_options;
mod staged;

pub use connector::Http;
