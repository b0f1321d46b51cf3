//! The control plane's listener.

use std::time::Duration;

use futures_core::Stream;
use tokio::sync::{mpsc, oneshot};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;

use super::service::{ControlService, received};
use crate::consensus::proto::control_server::ControlServer;
use crate::consensus::{Accepted, CheckProtocol, ControlTls, Listener, MESSAGE_BYTES_MAX, Socket};

/// Serves a node's control plane until it is stopped.
pub(super) fn serve(
    listener: Box<dyn Listener>,
    tls: Option<ControlTls>,
    service: ControlService,
    stopped: oneshot::Receiver<()>,
) {
    let server = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(1)))
        .http2_keepalive_timeout(Some(Duration::from_secs(2)));
    let check = CheckProtocol(service.protocol);
    let service = ControlServer::new(service)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let service = InterceptedService::new(service, check);
    tokio::spawn(async move {
        let until = async {
            // Dropped or sent: either way it is over.
            let _ = stopped.await;
        };
        let served = match tls {
            None => {
                server
                    .serve_with_incoming_shutdown(service, incoming(listener), until)
                    .await
            }
            Some(tls) => {
                server
                    .serve_with_incoming_shutdown(service, incoming_tls(listener, tls), until)
                    .await
            }
        };
        if let Err(error) = served {
            tracing::error!("the control plane has stopped: {error}");
        }
    });
}

fn incoming(listener: Box<dyn Listener>) -> impl Stream<Item = std::io::Result<Accepted>> {
    futures_util::stream::unfold(listener, |listener| async move {
        let accepted = Accepted(accept(listener.as_ref()).await);
        Some((Ok(accepted), listener))
    })
}

/// The next connection. An error is that of one connection, or of too many files; the listener goes on.
async fn accept(listener: &dyn Listener) -> Box<dyn Socket> {
    loop {
        match listener.accept().await {
            Ok(socket) => return socket,
            Err(error) => {
                tracing::debug!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

type Tls = tokio_rustls::server::TlsStream<Accepted>;

/// Handshakes run beside each other: one that takes long holds up no other.
fn incoming_tls(listener: Box<dyn Listener>, tls: ControlTls) -> impl Stream<Item = std::io::Result<Tls>> {
    let (accepted, sockets) = mpsc::channel(16);
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(tls.server);
        while !accepted.is_closed() {
            let socket = Accepted(accept(listener.as_ref()).await);
            let (acceptor, accepted) = (acceptor.clone(), accepted.clone());
            tokio::spawn(async move {
                let handshake = tokio::time::timeout(Duration::from_secs(5), acceptor.accept(socket));
                match handshake.await {
                    // A server that is gone takes no connections.
                    Ok(Ok(socket)) => drop(accepted.send(Ok(socket)).await),
                    Ok(Err(error)) => tracing::warn!("a connection was refused: {error}"),
                    Err(_) => tracing::warn!("a connection was refused: its handshake took too long"),
                }
            });
        }
    });
    received(sockets)
}
