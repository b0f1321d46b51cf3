//! Pipelines on several nodes.

mod embedded;
mod pipelines;

pub mod kit;
