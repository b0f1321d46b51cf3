//! The transport that shuffles use by default.

use std::sync::Arc;

use async_trait::async_trait;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::split;

use super::{Accepting, Socket, accept_sockets, dial};
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::{FrameReader, FrameWriter};
use crate::transport::peer::Peer;
use crate::transport::tls::TlsIdentity;
use crate::transport::transport::{FrameSink, FrameStream, Link, Listener, Transport};

/// The protocol's name in TLS handshakes.
const PROTOCOL: &[u8] = b"eventflux/1";

/// Frames over TCP, with or without TLS.
#[derive(Debug, Clone, Default)]
pub struct Tcp {
    tls: Option<(Arc<ClientConfig>, Arc<ServerConfig>)>,
}

impl Tcp {
    /// Without TLS.
    pub fn plain() -> Self {
        Self::default()
    }

    /// With TLS if there is an identity to show.
    pub fn new(identity: Option<&TlsIdentity>) -> Self {
        identity.map_or_else(Self::plain, Self::secure)
    }

    /// With TLS: both ends show certificates.
    pub fn secure(identity: &TlsIdentity) -> Self {
        Self {
            tls: Some((identity.client(PROTOCOL), identity.server(PROTOCOL))),
        }
    }
}

#[async_trait]
impl Transport for Tcp {
    fn name(&self) -> &'static str {
        match self.tls {
            None => "tcp",
            Some(_) => "tcp+tls",
        }
    }

    async fn dial(&self, peer: &Peer) -> Result<Link> {
        let client = self.tls.as_ref().map(|(client, _)| client);
        Ok(link(dial(peer, client).await?))
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>> {
        let server = self.tls.as_ref().map(|(_, server)| Arc::clone(server));
        Ok(Box::new(TcpListening(accept_sockets(address, server).await?)))
    }
}

#[derive(Debug)]
struct TcpListening(Accepting);

#[async_trait]
impl Listener for TcpListening {
    fn address(&self) -> &str {
        &self.0.address
    }

    async fn accept(&mut self) -> Result<Link> {
        let socket = self.0.sockets.recv().await;
        socket.map(link).ok_or_else(|| TransportError::Closed {
            peer: self.0.address.clone(),
            reason: "nobody listens".to_owned(),
        })
    }
}

fn link(socket: Socket) -> Link {
    let peer = socket.peer();
    let certificate = socket.certificate();
    let (sink, stream): (Box<dyn FrameSink>, Box<dyn FrameStream>) = match socket {
        Socket::Plain(stream) => {
            let (reader, writer) = stream.into_split();
            (
                Box::new(FrameWriter::new(&peer, writer)),
                Box::new(FrameReader::new(&peer, reader)),
            )
        }
        socket @ Socket::Tls(_) => {
            let (reader, writer) = split(socket);
            (
                Box::new(FrameWriter::new(&peer, writer)),
                Box::new(FrameReader::new(&peer, reader)),
            )
        }
    };
    Link {
        peer,
        certificate,
        is_in_process: false,
        sink,
        stream,
    }
}
