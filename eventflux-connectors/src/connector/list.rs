//! The list of connectors.

use std::sync::Arc;

use eventflux_core::connector::Registry;

use super::blackhole::Blackhole;
use super::datagen::Datagen;
use super::file::FileConnector;
use super::nexmark::Nexmark;
use super::stdio::{Stdin, Stdout};

/// Adds every built-in connector.
pub fn register(registry: &mut Registry) {
    registry.add_sink(Arc::new(Blackhole));
    registry.add_source(Arc::new(Datagen));
    registry.add_source(Arc::new(FileConnector));
    registry.add_sink(Arc::new(FileConnector));
    registry.add_source(Arc::new(Nexmark));
    registry.add_source(Arc::new(Stdin));
    registry.add_sink(Arc::new(Stdout));
}
