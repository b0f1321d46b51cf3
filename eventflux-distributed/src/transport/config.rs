//! The numbers of connections.

use std::time::Duration;

use eventflux_core::state::segment::Compression;

/// What both ends of a connection do; each end has its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionConfig {
    /// How rows are compressed that this end sends. In-process nothing is.
    pub compression: Compression,
    /// A peer that sent nothing for this long gets a sign of life.
    pub heartbeat_interval: Duration,
    /// A peer of which nothing was heard for this long is gone.
    pub silence_max: Duration,
    /// Reaching a peer and shaking hands may take this long.
    pub handshake_timeout: Duration,
    /// What a receiver grants.
    pub credit: CreditConfig,
    /// Bytes that wait in a channel's queue at the sender until there is credit; one batch that alone is larger passes.
    pub queue_bytes_max: usize,
    /// Larger batches are cut into frames of about this many bytes.
    pub frame_bytes: usize,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            heartbeat_interval: Duration::from_secs(1),
            silence_max: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            credit: CreditConfig::default(),
            queue_bytes_max: 512 << 10,
            frame_bytes: 64 << 10,
        }
    }
}

impl ConnectionConfig {
    /// For who waits so long for an answer, and for a sign of life.
    pub fn with_patience(patience: Duration) -> Self {
        Self {
            // Several signs of life fit into the time after which a silent peer is given up.
            heartbeat_interval: (patience / 5).clamp(Duration::from_millis(1), Duration::from_secs(1)),
            silence_max: patience,
            handshake_timeout: patience,
            ..Self::default()
        }
    }
}

/// How much a receiver lets a sender send ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CreditConfig {
    /// For this long the rows on their way last at the receiver's rate.
    pub horizon: Duration,
    /// Never less than this many bytes.
    pub bytes_min: u64,
    /// Never more than this many bytes, but for one frame that alone is larger.
    pub bytes_max: u64,
}

impl Default for CreditConfig {
    fn default() -> Self {
        Self {
            horizon: Duration::from_millis(200),
            bytes_min: 64 << 10,
            bytes_max: 8 << 20,
        }
    }
}

/// When small batches that were put together are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coalesce {
    /// At the latest with this many rows.
    pub rows_max: usize,
    /// At the latest with this many bytes.
    pub bytes_max: usize,
    /// At the latest after this time.
    pub delay_max: Duration,
}

impl Default for Coalesce {
    fn default() -> Self {
        Self {
            rows_max: 1024,
            bytes_max: 64 << 10,
            delay_max: Duration::from_millis(5),
        }
    }
}
