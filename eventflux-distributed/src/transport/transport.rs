//! What carries frames from node to node.

use std::fmt;

use async_trait::async_trait;
use rustls::pki_types::CertificateDer;

use super::error::Result;
use super::frame::{Frame, Header};
use super::peer::Peer;

/// Watches over what comes.
pub trait Inspect: Send {
    /// Looks at a header before anything is allocated for what follows; says what is wrong with it.
    fn admit(&mut self, header: &Header) -> Result<(), String>;

    /// A part of a frame has come: a sign of life, also when the whole takes long.
    fn progress(&mut self);
}

/// A kind of wire.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Its name in options and metrics.
    fn name(&self) -> &'static str;

    /// Reaches a peer. With TLS, it must prove to be the node that is expected.
    ///
    /// **Errors** It cannot be reached, or is another.
    async fn dial(&self, peer: &Peer) -> Result<Link>;

    /// Listens at an address, `host:port`; with port 0 the system chooses one.
    ///
    /// **Errors** The address is not to be had.
    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>>;
}

/// Takes in those who dial.
#[async_trait]
pub trait Listener: fmt::Debug + Send + Sync {
    /// Where it listens, with the port that it has.
    fn address(&self) -> &str;

    /// The next link. One who takes long to be let in holds up nobody.
    ///
    /// **Errors** The listener is broken.
    async fn accept(&mut self) -> Result<Link>;
}

/// Both directions of one connection, before anything was said.
#[derive(Debug)]
pub struct Link {
    /// The other end, as far as it is known.
    pub peer: String,
    /// What the other end proved to be, with TLS.
    pub certificate: Option<CertificateDer<'static>>,
    /// Batches are moved, not encoded.
    pub is_in_process: bool,
    /// The frames that leave.
    pub sink: Box<dyn FrameSink>,
    /// The frames that come.
    pub stream: Box<dyn FrameStream>,
}

/// Where frames leave.
#[async_trait]
pub trait FrameSink: fmt::Debug + Send {
    /// Sends frames in their order; waits while the wire takes no more.
    ///
    /// **Errors** The connection is broken.
    async fn send(&mut self, frames: Vec<Frame>) -> Result<()>;

    /// Nothing more comes.
    ///
    /// **Errors** The connection is broken.
    async fn close(&mut self) -> Result<()>;
}

/// Where frames come from.
#[async_trait]
pub trait FrameStream: fmt::Debug + Send {
    /// The next frame; `None` at the end. `inspect` sees its header before anything is allocated for its body.
    ///
    /// **Errors** The connection is broken, or something came that is not a frame, is damaged or not admitted.
    async fn next(&mut self, inspect: &mut dyn Inspect) -> Result<Option<Frame>>;
}
