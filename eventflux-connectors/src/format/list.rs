//! The list of all formats. A new one is a folder and a line here.

use std::sync::Arc;

use eventflux_core::connector::Registry;

use super::{csv, debezium_json, json, raw, text, upsert_json};

/// Adds every built-in format.
pub fn register(registry: &mut Registry) {
    registry.add_decoder(Arc::new(json::Json));
    registry.add_encoder(Arc::new(json::Json));
    registry.add_decoder(Arc::new(csv::Csv));
    registry.add_encoder(Arc::new(csv::Csv));
    registry.add_decoder(Arc::new(raw::Raw));
    registry.add_encoder(Arc::new(raw::Raw));
    registry.add_decoder(Arc::new(text::Text));
    registry.add_encoder(Arc::new(text::Text));
    registry.add_encoder(Arc::new(debezium_json::DebeziumJson));
    registry.add_encoder(Arc::new(upsert_json::UpsertJson));
}
