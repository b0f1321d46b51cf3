//! How rows travel between nodes.

use std::path::PathBuf;
use std::time::Duration;

/// The wire between nodes; the same on all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TransportType {
    /// Frames over TCP.
    #[default]
    Tcp,
    /// gRPC over HTTP/2.
    Grpc,
}

impl TransportType {
    /// [`TransportType::Tcp`].
    pub const TCP: Self = Self::Tcp;
    /// [`TransportType::Grpc`].
    pub const GRPC: Self = Self::Grpc;
}

/// How rows travel between nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportConfig {
    /// The wire.
    pub implementation: TransportType,
    /// Connections to each other node, per pipeline.
    pub pool_size: usize,
    /// Whether rows are compressed (lz4): for slow networks.
    pub compression: bool,
    /// Reaching a node and its answers may take so long.
    pub request_timeout: Duration,
    /// TLS on all connections between nodes, with certificates on both sides; the same authority on all nodes.
    pub tls: Option<TlsConfig>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            implementation: TransportType::default(),
            pool_size: 1,
            compression: false,
            request_timeout: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// Files of certificates, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The node's certificate, made out to its name.
    pub cert_path: PathBuf,
    /// The key of that certificate.
    pub key_path: PathBuf,
    /// The authority that has signed the certificates of all nodes.
    pub ca_path: PathBuf,
}
