//! The list of connectors.

use std::sync::Arc;

use eventflux_core::connector::Registry;

use super::blackhole::Blackhole;
use super::datagen::Datagen;
use super::file::FileConnector;
#[cfg(feature = "http")]
use super::http::Http;
#[cfg(feature = "kafka")]
use super::kafka::Kafka;
use super::nexmark::Nexmark;
#[cfg(feature = "redis")]
use super::redis::Redis;
use super::stdio::{Stdin, Stdout};

/// Adds every built-in connector.
pub fn register(registry: &mut Registry) {
    registry.add_sink(Arc::new(Blackhole));
    registry.add_source(Arc::new(Datagen));
    registry.add_source(Arc::new(FileConnector));
    registry.add_sink(Arc::new(FileConnector));
    #[cfg(feature = "http")]
    registry.add_sink(Arc::new(Http));
    #[cfg(feature = "kafka")]
    {
        registry.add_source(Arc::new(Kafka));
        registry.add_sink(Arc::new(Kafka));
    }
    registry.add_source(Arc::new(Nexmark));
    #[cfg(feature = "redis")]
    registry.add_sink(Arc::new(Redis));
    registry.add_source(Arc::new(Stdin));
    registry.add_sink(Arc::new(Stdout));
}
