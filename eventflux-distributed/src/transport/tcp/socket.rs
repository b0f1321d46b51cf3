//! A TCP connection, with or without TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};

use crate::transport::error::{Result, TransportError};
use crate::transport::peer::Peer;
use crate::transport::tls::server_name;

/// What both ends read from and write to.
#[derive(Debug)]
pub(in crate::transport) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    /// What the peer proved to be.
    pub(in crate::transport) fn certificate(&self) -> Option<CertificateDer<'static>> {
        let Self::Tls(stream) = self else {
            return None;
        };
        let (_, session) = stream.get_ref();
        Some(session.peer_certificates()?.first()?.clone().into_owned())
    }

    /// The other end's address.
    pub(in crate::transport) fn peer(&self) -> String {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        stream.peer_addr().map_or_else(
            |_| "a peer that is gone".to_owned(),
            |address| address.to_string(),
        )
    }
}

/// Reaches a peer; with TLS, it must be the one that is expected.
pub(in crate::transport) async fn dial(peer: &Peer, tls: Option<&Arc<ClientConfig>>) -> Result<Socket> {
    let broken = |doing| move |error: io::Error| TransportError::broken(peer.to_string(), doing, error);
    let stream = TcpStream::connect(&peer.address)
        .await
        .map_err(broken("connecting"))?;
    // Frames are put together before they are written.
    stream.set_nodelay(true).map_err(broken("connecting"))?;
    let Some(config) = tls else {
        return Ok(Socket::Plain(stream));
    };
    let connector = TlsConnector::from(Arc::clone(config));
    let stream = connector.connect(server_name(&peer.id)?, stream).await;
    let stream = stream.map_err(broken("TLS handshake"))?;
    Ok(Socket::Tls(Box::new(stream.into())))
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
