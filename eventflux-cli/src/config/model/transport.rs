//! How nodes send rows to each other.

use std::fmt;

use eventflux::persistence::Compression;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};

use crate::config::value::{Flag, Period, TextValue, Whole, text_value};

/// How nodes send rows to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Transport {
    /// What carries the rows
    #[schemars(extend("x-env" = "EVENTFLUX_TRANSPORT"))]
    pub implementation: TransportKind,

    /// Connections that a node opens to each other one, for each pipeline
    #[schemars(extend("x-env" = "EVENTFLUX_TRANSPORT_POOL_SIZE"))]
    pub pool_size: Whole<1, 1024>,

    /// How long an answer may take, and how long nothing may be heard from the other end of a connection
    #[schemars(extend("x-env" = "EVENTFLUX_REQUEST_TIMEOUT"))]
    pub request_timeout: Period,

    /// Whether rows are compressed on the way, and how: `true` is lz4
    #[schemars(extend("x-env" = "EVENTFLUX_TRANSPORT_COMPRESSION"))]
    pub compression: LinkCompression,

    /// Encryption
    pub tls: Tls,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            implementation: TransportKind::Tcp,
            pool_size: Whole::new(2),
            request_timeout: Period::seconds(10),
            compression: LinkCompression::default(),
            tls: Tls::default(),
        }
    }
}

/// What carries rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// Plain connections, the fastest.
    Tcp,
    /// The same in gRPC streams, for networks that want HTTP/2.
    Grpc,
}

/// Whether rows are compressed on the way, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkCompression(pub Compression);

impl Default for LinkCompression {
    fn default() -> Self {
        Self(Compression::None)
    }
}

impl TextValue for LinkCompression {
    const EXPECTED: &'static str = "true, false, or one of none, lz4, snappy, zstd";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self(Compression::Lz4)),
            "false" => Ok(Self(Compression::None)),
            text => text
                .parse()
                .map(Self)
                .map_err(|_| format!("expected {}, found `{text}`", Self::EXPECTED)),
        }
    }

    fn schema() -> Schema {
        json_schema!({"enum": [true, false, "none", "lz4", "snappy", "zstd"]})
    }
}

impl fmt::Display for LinkCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(LinkCompression);

/// Encryption between nodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Whether connections are encrypted, and nodes show each other certificates; then both files are needed
    #[schemars(extend("x-env" = "EVENTFLUX_TLS_ENABLED"))]
    pub enabled: Flag,

    /// The certificate of this node, PEM, made out to its `node_id` and to the hosts of its `endpoints`
    #[schemars(extend("x-env" = "EVENTFLUX_TLS_CERT_PATH"))]
    pub cert_path: Option<String>,

    /// Its key, PEM
    #[schemars(extend("x-env" = "EVENTFLUX_TLS_KEY_PATH"))]
    pub key_path: Option<String>,

    /// Who signed the certificates of all nodes, PEM; without it, the certificates that follow the first one in `cert_path`
    #[schemars(extend("x-env" = "EVENTFLUX_TLS_CA_PATH"))]
    pub ca_path: Option<String>,
}
