//! Links between addresses of one process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::transport::error::{Result, TransportError};
use crate::transport::frame::Frame;
use crate::transport::peer::Peer;
use crate::transport::transport::{FrameSink, FrameStream, Inspect, Link, Listener, Transport};

/// Groups of frames on their way in one direction: the wire's own buffer.
const GROUPS_MAX: usize = 4;

/// Links that wait to be accepted.
const LINKS_MAX: usize = 128;

/// A network within one process. Clones are the same network.
#[derive(Debug, Clone, Default)]
pub struct InProcess {
    addresses: Arc<Mutex<Addresses>>,
}

#[derive(Debug, Default)]
struct Addresses {
    listeners: HashMap<String, mpsc::Sender<Link>>,
    next_port: u64,
}

impl InProcess {
    fn lock(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for InProcess {
    fn name(&self) -> &'static str {
        "in-process"
    }

    async fn dial(&self, peer: &Peer) -> Result<Link> {
        let listener = self.lock().listeners.get(&peer.address).cloned();
        let refused = || {
            let error = io::Error::from(io::ErrorKind::ConnectionRefused);
            TransportError::broken(peer.to_string(), "connecting", error)
        };
        let listener = listener.ok_or_else(refused)?;
        let (here, there) = (mpsc::channel(GROUPS_MAX), mpsc::channel(GROUPS_MAX));
        let theirs = link("in-process peer", there.0, here.1);
        listener.send(theirs).await.map_err(|_| refused())?;
        Ok(link(&peer.address, here.0, there.1))
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>> {
        let mut addresses = self.lock();
        let address = match address.strip_suffix(":0") {
            Some(host) => {
                addresses.next_port += 1;
                format!("{host}:{}", addresses.next_port)
            }
            None => address.to_owned(),
        };
        let (links, accepting) = mpsc::channel(LINKS_MAX);
        match addresses.listeners.entry(address.clone()) {
            Entry::Vacant(place) => place.insert(links),
            Entry::Occupied(_) => {
                let error = io::Error::from(io::ErrorKind::AddrInUse);
                return Err(TransportError::broken(address, "listening", error));
            }
        };
        Ok(Box::new(Listening {
            network: self.clone(),
            address,
            accepting,
        }))
    }
}

#[derive(Debug)]
struct Listening {
    network: InProcess,
    address: String,
    accepting: mpsc::Receiver<Link>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.network.lock().listeners.remove(&self.address);
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

fn link(peer: &str, frames: mpsc::Sender<Vec<Frame>>, arriving: mpsc::Receiver<Vec<Frame>>) -> Link {
    Link {
        peer: peer.to_owned(),
        certificate: None,
        is_in_process: true,
        sink: Box::new(Sink {
            peer: peer.to_owned(),
            frames: Some(frames),
        }),
        stream: Box::new(Stream {
            arriving,
            group: Vec::new().into_iter(),
            peer: peer.to_owned(),
        }),
    }
}

#[derive(Debug)]
struct Sink {
    peer: String,
    frames: Option<mpsc::Sender<Vec<Frame>>>,
}

#[async_trait]
impl FrameSink for Sink {
    async fn send(&mut self, group: Vec<Frame>) -> Result<()> {
        let broken = || {
            let error = io::Error::from(io::ErrorKind::BrokenPipe);
            TransportError::broken(&self.peer, "writing", error)
        };
        let frames = self.frames.as_ref().ok_or_else(broken)?;
        frames.send(group).await.map_err(|_| broken())
    }

    async fn close(&mut self) -> Result<()> {
        self.frames = None;
        Ok(())
    }
}

#[derive(Debug)]
struct Stream {
    peer: String,
    arriving: mpsc::Receiver<Vec<Frame>>,
    group: std::vec::IntoIter<Frame>,
}

#[async_trait]
impl FrameStream for Stream {
    async fn next(&mut self, inspect: &mut dyn Inspect) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.group.next() {
                let admitted = inspect.admit(&frame.header);
                admitted.map_err(|message| TransportError::protocol(&self.peer, message))?;
                return Ok(Some(frame));
            }
            match self.arriving.recv().await {
                Some(group) => self.group = group.into_iter(),
                None => return Ok(None),
            }
        }
    }
}
