//! Sources, sinks and formats of EventFlux, one folder (or file) each.
//!
//! **Shapes** A connector implements [`SourceConnector`](eventflux_core::connector::SourceConnector) or
//! [`SinkConnector`](eventflux_core::connector::SinkConnector) and is named in the list of [`connector::register`]; a
//! format likewise in [`format::register`].
//!
//! **Absent on purpose** SQL, and the engine: both meet connectors only through the traits of
//! [`eventflux_core::connector`].

mod byte_stream;
pub mod connector;
pub mod format;
mod generator;
mod metadata_column;

use eventflux_core::connector::Registry;

/// Adds every built-in connector and format.
pub fn register(registry: &mut Registry) {
    connector::register(registry);
    format::register(registry);
}
