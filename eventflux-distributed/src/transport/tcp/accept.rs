//! Takes in TCP connections; one who takes long over TLS holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Socket;
use crate::transport::error::{Result, TransportError};

/// Peers that shake hands at the same time at the most; more wait.
const HANDSHAKES_MAX: usize = 128;

/// Who does not get through TLS in this time is not let in.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// After an error of the system, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Sockets that were taken in. Dropped, nobody listens any more.
#[derive(Debug)]
pub(in crate::transport) struct Accepting {
    pub(in crate::transport) address: String,
    pub(in crate::transport) sockets: mpsc::Receiver<Socket>,
    task: JoinHandle<()>,
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens at an address.
pub(in crate::transport) async fn accept_sockets(
    address: &str,
    tls: Option<Arc<ServerConfig>>,
) -> Result<Accepting> {
    let broken = |error| TransportError::broken(address, "listening", error);
    let listener = TcpListener::bind(address).await.map_err(broken)?;
    let address = listener.local_addr().map_err(broken)?.to_string();
    let (taken, sockets) = mpsc::channel(HANDSHAKES_MAX);
    let task = tokio::spawn(accept(listener, tls, taken));
    Ok(Accepting {
        address,
        sockets,
        task,
    })
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, taken: mpsc::Sender<Socket>) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not taken in");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (tls, taken) = (tls.clone(), taken.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_MAX, secure(stream, tls)).await {
                // Nobody may listen any more.
                Ok(Ok(socket)) => drop(taken.send(socket).await),
                Ok(Err(error)) => tracing::warn!(%error, "a connection was not taken in"),
                Err(_) => tracing::warn!("a connection was not taken in: TLS took too long"),
            }
            drop(place);
        });
    }
}

async fn secure(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> std::io::Result<Socket> {
    stream.set_nodelay(true)?;
    match tls {
        None => Ok(Socket::Plain(stream)),
        Some(config) => {
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            Ok(Socket::Tls(Box::new(stream.into())))
        }
    }
}
