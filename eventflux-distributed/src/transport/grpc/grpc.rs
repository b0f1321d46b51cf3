//! The transport for networks that speak HTTP/2.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, ServerConfig};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tonic::codegen::{Service, http::Uri};
use tonic::transport::{Endpoint, Server};

use super::pieces::{PIECE_BYTES_MAX, PIECES_MAX, PieceReader, PieceSink, words};
use super::proto::frames_client::FramesClient;
use super::proto::frames_server::FramesServer;
use super::service::{Arriving, Calls, Sockets};
use crate::transport::error::{Result, TransportError};
use crate::transport::frame::FrameReader;
use crate::transport::peer::Peer;
use crate::transport::tcp::{Socket, accept_sockets, dial};
use crate::transport::tls::TlsIdentity;
use crate::transport::transport::{Link, Listener, Transport};

/// The protocol's name in TLS handshakes.
const PROTOCOL: &[u8] = b"h2";

/// HTTP/2 may have this much on its way: credit is what limits a channel.
const WINDOW_BYTES: u32 = 16 << 20;

/// HTTP/2's own frames.
const FRAME_BYTES: u32 = 128 << 10;

/// A piece and its field's tag and length.
const MESSAGE_BYTES_MAX: usize = PIECE_BYTES_MAX + 16;

/// Links that wait to be accepted.
const LINKS_MAX: usize = 128;

/// Frames over gRPC, with or without TLS.
#[derive(Debug, Clone, Default)]
pub struct Grpc {
    tls: Option<(Arc<ClientConfig>, Arc<ServerConfig>)>,
}

impl Grpc {
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
impl Transport for Grpc {
    fn name(&self) -> &'static str {
        match self.tls {
            None => "grpc",
            Some(_) => "grpc+tls",
        }
    }

    async fn dial(&self, peer: &Peer) -> Result<Link> {
        let failed =
            |error: tonic::transport::Error| TransportError::broken(peer.to_string(), "connecting", error);
        let socket = dial(peer, self.tls.as_ref().map(|(client, _)| client)).await?;
        let (name, certificate) = (socket.peer(), socket.certificate());
        // TLS, where there is any, lies below.
        let endpoint = Endpoint::from_shared(format!("http://{}", peer.address)).map_err(failed)?;
        let endpoint = endpoint
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES);
        let channel = endpoint
            .connect_with_connector(Dialled(Some(socket)))
            .await
            .map_err(failed)?;
        let mut client = FramesClient::new(channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let (pieces, leaving) = mpsc::channel(PIECES_MAX);
        let answer = client.exchange(Arriving(leaving)).await;
        let answer = answer.map_err(|status| {
            TransportError::broken(peer.to_string(), "calling", io::Error::other(words(&status)))
        })?;
        Ok(Link {
            sink: Box::new(PieceSink::new(&name, pieces, |piece| piece, channel)),
            stream: Box::new(FrameReader::new(&name, PieceReader::new(answer.into_inner()))),
            peer: name,
            certificate,
            is_in_process: false,
        })
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>> {
        let server = self.tls.as_ref().map(|(_, server)| Arc::clone(server));
        let sockets = accept_sockets(address, server).await?;
        let address = sockets.address.clone();
        let (links, accepting) = mpsc::channel(LINKS_MAX);
        let calls = FramesServer::new(Calls { links })
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let serve = Server::builder()
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES)
            .serve_with_incoming(calls, Sockets(sockets));
        let task = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::warn!(%error, "gRPC is not served any more");
            }
        });
        Ok(Box::new(Listening {
            address,
            accepting,
            task,
        }))
    }
}

/// Gives a socket away, once: a link that breaks is not dialled again by itself.
struct Dialled(Option<Socket>);

impl Service<Uri> for Dialled {
    type Response = TokioIo<Socket>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Socket>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let socket = self.0.take().map(TokioIo::new);
        let socket = socket.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionAborted));
        Box::pin(std::future::ready(socket))
    }
}

#[derive(Debug)]
struct Listening {
    address: String,
    accepting: mpsc::Receiver<Link>,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Listener for Listening {
    fn address(&self) -> &str {
        &self.address
    }

    async fn accept(&mut self) -> Result<Link> {
        let link = self.accepting.recv().await;
        link.ok_or_else(|| TransportError::Closed {
            peer: self.address.clone(),
            reason: "nobody listens".to_owned(),
        })
    }
}
