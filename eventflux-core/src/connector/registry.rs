//! Where connectors and formats are found by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DecodeFormat, EncodeFormat, SinkConnector, SourceConnector};

/// Connectors and formats by name. The facade fills it with the built-in ones; users add their own.
#[derive(Default, Clone)]
pub struct Registry {
    sources: BTreeMap<String, Arc<dyn SourceConnector>>,
    sinks: BTreeMap<String, Arc<dyn SinkConnector>>,
    decoders: BTreeMap<String, Arc<dyn DecodeFormat>>,
    encoders: BTreeMap<String, Arc<dyn EncodeFormat>>,
}

impl Registry {
    /// Adds a source; one of the same name is replaced.
    pub fn add_source(&mut self, connector: Arc<dyn SourceConnector>) {
        self.sources.insert(connector.doc().name.to_owned(), connector);
    }

    /// Adds a sink; one of the same name is replaced.
    pub fn add_sink(&mut self, connector: Arc<dyn SinkConnector>) {
        self.sinks.insert(connector.doc().name.to_owned(), connector);
    }

    /// Adds a format that can be read; one of the same name is replaced.
    pub fn add_decoder(&mut self, format: Arc<dyn DecodeFormat>) {
        self.decoders.insert(format.doc().name.to_owned(), format);
    }

    /// Adds a format that can be written; one of the same name is replaced.
    pub fn add_encoder(&mut self, format: Arc<dyn EncodeFormat>) {
        self.encoders.insert(format.doc().name.to_owned(), format);
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&Arc<dyn SourceConnector>> {
        self.sources.get(name)
    }

    /// The sink of this name.
    pub fn sink(&self, name: &str) -> Option<&Arc<dyn SinkConnector>> {
        self.sinks.get(name)
    }

    /// The readable format of this name.
    pub fn decoder(&self, name: &str) -> Option<&Arc<dyn DecodeFormat>> {
        self.decoders.get(name)
    }

    /// The writable format of this name.
    pub fn encoder(&self, name: &str) -> Option<&Arc<dyn EncodeFormat>> {
        self.encoders.get(name)
    }

    /// All sources, by name.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<dyn SourceConnector>> {
        self.sources.values()
    }

    /// All sinks, by name.
    pub fn sinks(&self) -> impl Iterator<Item = &Arc<dyn SinkConnector>> {
        self.sinks.values()
    }

    /// All readable formats, by name.
    pub fn decoders(&self) -> impl Iterator<Item = &Arc<dyn DecodeFormat>> {
        self.decoders.values()
    }

    /// All writable formats, by name.
    pub fn encoders(&self) -> impl Iterator<Item = &Arc<dyn EncodeFormat>> {
        self.encoders.values()
    }
}
