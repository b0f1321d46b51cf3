//! A node's end of all its connections: dials, takes in, shakes hands.
//!
//! ```text
//! who dials                       who listens
//!    Hello ───────────────────────►  its cluster, a member, its certificate, the generation?
//!    ◄────────────────────── Welcome (or Refuse, and the end)
//!    the node that was expected?
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use eventflux_core::time::{Clock, micros};
use rustls::pki_types::CertificateDer;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::config::ConnectionConfig;
use super::connection::Connection;
use super::error::{Result, TransportError};
use super::frame::{Frame, FrameType, Header, decode_hello, decode_text, encode_hello, encode_text};
use super::peer::{Hello, Membership, NodeName, Peer, Refusal, Session, judge};
use super::tls::is_made_out_to;
use super::transport::{Inspect, Link, Listener, Transport};

/// Links that shake hands at the same time at the most; more wait.
const HANDSHAKES_MAX: usize = 128;

/// Connections that wait to be accepted.
const ACCEPTED_MAX: usize = 128;

/// Where a node's connections begin. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endpoint {
    transport: Arc<dyn Transport>,
    cluster: String,
    node: String,
    /// Of which of the node's lives it is.
    incarnation: Arc<AtomicU64>,
    membership: Arc<dyn Membership>,
    config: ConnectionConfig,
    clock: Arc<dyn Clock>,
}

impl Endpoint {
    /// The end of a node of a cluster.
    pub fn new(
        transport: Arc<dyn Transport>,
        cluster: impl Into<String>,
        node: NodeName,
        membership: Arc<dyn Membership>,
        config: ConnectionConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            transport,
            cluster: cluster.into(),
            node: node.id,
            incarnation: Arc::new(AtomicU64::new(node.incarnation)),
            membership,
            config,
            clock,
        }
    }

    /// The node has a new life: from now on it says so at every handshake.
    pub fn set_incarnation(&self, incarnation: u64) {
        self.incarnation.store(incarnation, Ordering::Relaxed);
    }

    /// Connects to a peer.
    ///
    /// **Errors** It cannot be reached, is another, or one of the two does not want to talk to the other.
    pub async fn connect(&self, peer: &Peer, session: &Session) -> Result<Connection> {
        let connected = async {
            let mut link = self.transport.dial(peer).await?;
            let theirs = self.greet(&mut link, peer, session).await?;
            let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
            Ok(Connection::start(link, theirs, config, clock))
        };
        self.in_time(&peer.to_string(), connected).await
    }

    /// Listens for peers.
    ///
    /// **Errors** The address is not to be had.
    pub async fn listen(&self, address: &str) -> Result<Acceptor> {
        let listener = self.transport.listen(address).await?;
        let address = listener.address().to_owned();
        let (accepted, accepting) = mpsc::channel(ACCEPTED_MAX);
        let task = tokio::spawn(self.clone().take_in(listener, accepted));
        Ok(Acceptor {
            address,
            accepting,
            task,
        })
    }

    async fn take_in(self, mut listener: Box<dyn Listener>, accepted: mpsc::Sender<Result<Connection>>) {
        let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let link = match listener.accept().await {
                Ok(link) => link,
                Err(error) => {
                    // Nobody may be left to hear it.
                    let _ = accepted.send(Err(error)).await;
                    return;
                }
            };
            let (endpoint, accepted) = (self.clone(), accepted.clone());
            tokio::spawn(async move {
                let peer = link.peer.clone();
                let connection = endpoint.in_time(&peer, endpoint.answer(link)).await;
                drop(place);
                match connection {
                    Ok(connection) => drop(accepted.send(Ok(connection)).await),
                    Err(error) => tracing::warn!(%error, "a connection was not taken in"),
                }
            });
        }
    }

    fn hello(&self, session: &Session) -> Hello {
        Hello {
            cluster: self.cluster.clone(),
            node: NodeName {
                id: self.node.clone(),
                incarnation: self.incarnation.load(Ordering::Relaxed),
            },
            pipeline: session.pipeline.clone(),
            generation: session.generation,
        }
    }

    async fn greet(&self, link: &mut Link, peer: &Peer, session: &Session) -> Result<Hello> {
        let hello = self.hello(session);
        let frame = Frame::new(header(FrameType::Hello, &hello), encode_hello(&hello));
        link.sink.send(vec![frame]).await?;
        let answer = next(link).await?;
        let wrong = |message: String| TransportError::protocol(peer.to_string(), message);
        let theirs = match answer.header.frame_type {
            FrameType::Welcome => decode_hello(answer.bytes()).map_err(wrong)?,
            FrameType::Refuse => {
                let refusal = decode_refusal(answer.bytes()).map_err(wrong)?;
                return Err(refused(peer.to_string(), refusal));
            }
            other => return Err(wrong(format!("a {other:?} in answer to a hello"))),
        };
        if theirs.node.id != peer.id {
            let refusal = Refusal::lasting(format!("node `{}` answers", theirs.node.id));
            return Err(refused(peer.to_string(), refusal));
        }
        if (&theirs.pipeline, theirs.generation) != (&session.pipeline, session.generation) {
            let (pipeline, generation) = (&theirs.pipeline, theirs.generation);
            return Err(wrong(format!(
                "a welcome to generation {generation} of `{pipeline}`"
            )));
        }
        judge(&theirs, &self.cluster, self.membership.as_ref())
            .map_err(|refusal| refused(peer.to_string(), refusal))?;
        Ok(theirs)
    }

    async fn answer(&self, mut link: Link) -> Result<Connection> {
        let frame = next(&mut link).await?;
        let wrong = |link: &Link, message: String| TransportError::protocol(&link.peer, message);
        if frame.header.frame_type != FrameType::Hello {
            let message = format!("a {:?} in place of a hello", frame.header.frame_type);
            return Err(wrong(&link, message));
        }
        let theirs = decode_hello(frame.bytes()).map_err(|message| wrong(&link, message))?;
        if let Err(refusal) = self.judge(&theirs, link.certificate.as_ref()) {
            let frame = Frame::new(header(FrameType::Refuse, &theirs), encode_refusal(&refusal));
            link.sink.send(vec![frame]).await?;
            link.sink.close().await?;
            return Err(refused(format!("{} ({})", theirs.node, link.peer), refusal));
        }
        let session = Session {
            pipeline: theirs.pipeline.clone(),
            generation: theirs.generation,
        };
        let ours = self.hello(&session);
        let frame = Frame::new(header(FrameType::Welcome, &ours), encode_hello(&ours));
        link.sink.send(vec![frame]).await?;
        let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
        Ok(Connection::start(link, theirs, config, clock))
    }

    fn judge(&self, hello: &Hello, certificate: Option<&CertificateDer<'_>>) -> Result<(), Refusal> {
        if let Some(certificate) = certificate {
            is_made_out_to(certificate, &hello.node.id).map_err(Refusal::lasting)?;
        }
        judge(hello, &self.cluster, self.membership.as_ref())
    }

    async fn in_time<T>(&self, peer: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
        let timeout_us = micros(self.config.handshake_timeout);
        let late = self.clock.reached(self.clock.now_us().saturating_add(timeout_us));
        tokio::select! {
            biased;
            done = doing => done,
            () = late => Err(TransportError::Silent { peer: peer.to_owned(), silent_ms: timeout_us / 1_000 }),
        }
    }
}

/// Connections of peers that were let in. Dropped, nobody listens any more; connections live on.
#[derive(Debug)]
pub struct Acceptor {
    address: String,
    accepting: mpsc::Receiver<Result<Connection>>,
    task: JoinHandle<()>,
}

impl Acceptor {
    /// Where it listens, with the port that it has.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the next connection. Those who were refused do not show up here.
    ///
    /// **Errors** The listener is broken.
    pub async fn accept(&mut self) -> Result<Connection> {
        let none = || {
            Err(TransportError::Closed {
                peer: self.address.clone(),
                reason: "nobody listens".to_owned(),
            })
        };
        self.accepting.recv().await.unwrap_or_else(none)
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn header(frame_type: FrameType, hello: &Hello) -> Header {
    Header {
        // By design: its low 32 bits.
        generation: hello.generation as u32,
        ..Header::new(frame_type)
    }
}

fn refused(peer: String, refusal: Refusal) -> TransportError {
    TransportError::Refused { peer, refusal }
}

/// `P` or `L`, whether it passes or lasts, and the reason.
fn encode_refusal(refusal: &Refusal) -> Vec<u8> {
    let mark = if refusal.is_passing { 'P' } else { 'L' };
    encode_text(&format!("{mark}{}", refusal.reason))
}

fn decode_refusal(bytes: &[u8]) -> Result<Refusal, String> {
    let text = decode_text(bytes)?;
    match text.split_at_checked(1) {
        Some(("P", reason)) => Ok(Refusal::passing(reason)),
        Some(("L", reason)) => Ok(Refusal::lasting(reason)),
        _ => Err("a refusal without a reason".to_owned()),
    }
}

/// The next frame of a link over which no channel is open.
async fn next(link: &mut Link) -> Result<Frame> {
    struct Handshake;

    impl Inspect for Handshake {
        fn admit(&mut self, header: &Header) -> Result<(), String> {
            match header.frame_type {
                FrameType::Hello | FrameType::Welcome | FrameType::Refuse => Ok(()),
                other => Err(format!("a {other:?} before a handshake")),
            }
        }

        fn progress(&mut self) {}
    }

    let frame = link.stream.next(&mut Handshake).await?;
    frame.ok_or_else(|| TransportError::Closed {
        peer: link.peer.clone(),
        reason: "the peer hung up before the handshake".to_owned(),
    })
}
