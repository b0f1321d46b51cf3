//! What can fail between two nodes.

use std::sync::Arc;

use eventflux_core::ErrorKind;

use super::peer::Refusal;

/// The result of everything in a transport that can fail.
pub type Result<T, E = TransportError> = std::result::Result<T, E>;

/// A failure between two nodes. Every variant names the peer, or what else it is about.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The peer cannot be reached, or the connection broke.
    #[error("{peer}: {doing}: {source}")]
    Broken {
        /// The node or address.
        peer: String,
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The peer sent something that breaks the protocol.
    #[error("{peer} sent what cannot be right: {message}")]
    Protocol {
        /// The node or address.
        peer: String,
        /// What is wrong.
        message: String,
    },
    /// One of the two does not want to talk to the other.
    #[error("{peer}: no connection: {refusal}")]
    Refused {
        /// The node or address.
        peer: String,
        /// Why.
        refusal: Refusal,
    },
    /// Nothing was heard of the peer for too long.
    #[error("{peer} has been silent for {silent_ms} ms")]
    Silent {
        /// The node.
        peer: String,
        /// For how long.
        silent_ms: i64,
    },
    /// The connection was closed.
    #[error("the connection to {peer} is closed: {reason}")]
    Closed {
        /// The node.
        peer: String,
        /// What its end said.
        reason: String,
    },
    /// The sender of a channel gave up.
    #[error("{peer} broke off {channel}: {reason}")]
    Aborted {
        /// The node.
        peer: String,
        /// The channel.
        channel: String,
        /// What it said.
        reason: String,
    },
    /// Rows that do not go into a frame.
    #[error("{channel} to {peer}: a row of {bytes} bytes is more than a frame of {bytes_max} holds")]
    TooLarge {
        /// The node.
        peer: String,
        /// The channel.
        channel: String,
        /// The row's size.
        bytes: usize,
        /// The largest there can be.
        bytes_max: usize,
    },
    /// Columns that cannot be sent.
    #[error("{channel} to {peer}: {message}")]
    Columns {
        /// The node.
        peer: String,
        /// The channel.
        channel: String,
        /// What is wrong with them.
        message: String,
    },
    /// A connection has as many channels as there can be.
    #[error("the connection to {peer} has {count} channels and takes no more")]
    TooManyChannels {
        /// The node.
        peer: String,
        /// How many.
        count: usize,
    },
    /// A certificate or key cannot be used.
    #[error("tls: {object}: {message}")]
    Tls {
        /// The file or name.
        object: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no way to a channel's other end.
    #[error("{channel}: {message}")]
    NoRoute {
        /// The channel.
        channel: String,
        /// What is missing.
        message: String,
    },
}

impl TransportError {
    /// A broken connection with its cause.
    pub(crate) fn broken(
        peer: impl Into<String>,
        doing: &'static str,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Broken {
            peer: peer.into(),
            doing,
            source: Arc::new(cause),
        }
    }

    /// Something that breaks the protocol.
    pub(crate) fn protocol(peer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Protocol {
            peer: peer.into(),
            message: message.into(),
        }
    }

    /// The same, said of a peer by its name: the wire knows its address only.
    pub(crate) fn said_of(mut self, name: &str) -> Self {
        if let Self::Broken { peer, .. } | Self::Protocol { peer, .. } | Self::Closed { peer, .. } = &mut self
        {
            name.clone_into(peer);
        }
        self
    }

    /// Who has to act on this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } | Self::Columns { .. } | Self::Tls { .. } => ErrorKind::Input,
            Self::Broken { .. }
            | Self::Refused { .. }
            | Self::Silent { .. }
            | Self::Closed { .. }
            | Self::Protocol { .. } => ErrorKind::Environment,
            Self::Aborted { .. } | Self::TooManyChannels { .. } => ErrorKind::Runtime,
            Self::NoRoute { .. } => ErrorKind::Bug,
        }
    }
}

impl From<TransportError> for eventflux_core::Error {
    fn from(error: TransportError) -> Self {
        let kind = error.kind();
        eventflux_core::Error::Connector {
            connector: "transport",
            object: match &error {
                TransportError::Broken { peer, .. }
                | TransportError::Protocol { peer, .. }
                | TransportError::Refused { peer, .. }
                | TransportError::Silent { peer, .. }
                | TransportError::Closed { peer, .. }
                | TransportError::Aborted { peer, .. }
                | TransportError::TooLarge { peer, .. }
                | TransportError::Columns { peer, .. }
                | TransportError::TooManyChannels { peer, .. } => peer.clone(),
                TransportError::Tls { object, .. } => object.clone(),
                TransportError::NoRoute { channel, .. } => channel.clone(),
            },
            message: error.to_string(),
            kind,
            source: Some(Arc::new(error)),
        }
    }
}
