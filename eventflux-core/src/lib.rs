//! The engine of EventFlux: batches, time, operators, state, runtime and the traits that connectors implement.
//!
//! **Shapes** A [`plan::PhysicalPlan`] goes in; rows leave through sinks. Between operators travels nothing but
//! [`element::StreamElement`]s whose rows are [`batch::EventBatch`]es.
//!
//! **Absent on purpose** SQL text, concrete connectors, wires: they live in the crates above this one.

pub mod batch;
pub mod checkpoint;
pub mod connector;
pub mod element;
pub mod error;
pub mod expr;
pub mod fail_point;
pub mod key;
pub mod metrics;
pub mod operator;
pub mod plan;
pub mod runtime;
pub mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;

pub use error::{Error, ErrorKind, Result};
