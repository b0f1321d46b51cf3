//! The connectors and formats that come with EventFlux.

use eventflux_core::connector::Registry;

/// A registry with the built-in connectors and formats.
pub fn built_in_registry() -> Registry {
    let mut registry = Registry::default();
    eventflux_connectors::register(&mut registry);
    registry
}
