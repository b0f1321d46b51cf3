//! Pipelines on several nodes.

mod pipelines;

pub mod kit;
