//! A leader that hears nobody and is heard by all: what it is sent is held back, as by a network that is cut one way.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ClusterNode;
use super::cluster_node_test::{Cluster, PATIENCE, are_up, epoch, spec, until, work};
use crate::consensus::{Listener, Socket, Sockets, TcpSockets};
use crate::coordinator::Change;
use crate::error::Error;

/// Whether a node hears.
#[derive(Debug, Clone, Default)]
struct Ears(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    are_shut: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Ears {
    fn shut(&self) {
        self.0.are_shut.store(true, Ordering::Release);
    }

    fn open(&self) {
        let mut waiting = self.0.waiting.lock().unwrap();
        self.0.are_shut.store(false, Ordering::Release);
        waiting.drain(..).for_each(Waker::wake);
    }
}

#[async_trait::async_trait]
impl Sockets for Ears {
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let listener = TcpSockets.listen(address).await?;
        Ok(Box::new(Hearing(listener, self.clone())))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>> {
        let socket = TcpSockets.connect(host, port).await?;
        Ok(Box::new(Hearing(socket, self.clone())))
    }
}

/// Something that a node hears by.
struct Hearing<T>(T, Ears);

#[async_trait::async_trait]
impl Listener for Hearing<Box<dyn Listener>> {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.local_address()
    }

    async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        Ok(Box::new(Hearing(self.0.accept().await?, self.1.clone())))
    }
}

impl AsyncRead for Hearing<Box<dyn Socket>> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let ears = &self.1.0;
            let mut waiting = ears.waiting.lock().unwrap();
            if ears.are_shut.load(Ordering::Acquire) {
                waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Hearing<Box<dyn Socket>> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

async fn another_leads(nodes: &[ClusterNode], term: u64) -> usize {
    let began = Instant::now();
    loop {
        let leads = |node: &ClusterNode| node.is_leader() && node.term() > Some(term);
        if let Some(leader) = nodes.iter().position(leads) {
            return leader;
        }
        assert!(began.elapsed() < PATIENCE, "nobody else leads");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hears_nobody_is_replaced_and_says_that_there_is_no_leader() {
    let cluster = Cluster::new(3);
    let (mut nodes, mut ears) = (Vec::new(), Vec::new());
    for node in 0..3 {
        let mut config = cluster.config(node);
        ears.push(Ears::default());
        config.sockets = Arc::new(ears[node].clone());
        nodes.push(ClusterNode::start(config).await.unwrap());
    }
    for node in &mut nodes {
        work(node);
    }
    until(&nodes[0], "three nodes", are_up(3)).await;
    nodes[0].propose(Change::Submit(spec("p"))).await.unwrap();
    let before = until(&nodes[0], "an epoch", |state| epoch(state) >= 2).await;

    let old = nodes.iter().position(ClusterNode::is_leader).unwrap();
    let term = nodes[old].term().unwrap();
    ears[old].shut();
    let new = another_leads(&nodes, term).await;
    assert_ne!(new, old);
    // What its part was is done by the others, and there is a new decision.
    until(&nodes[new], "epochs without it", |state| {
        let pipeline = state.pipeline_named("p").unwrap();
        pipeline.generation > before.pipeline_named("p").unwrap().generation
            && epoch(state) > epoch(&before) + 2
    })
    .await;
    nodes[new].propose(Change::Submit(spec("q"))).await.unwrap();
    // It was never told that it is replaced, and knows better than to lead on.
    assert_eq!(nodes[old].term(), Some(term));
    assert!(!nodes[old].is_leader());

    let (patience, client) = (Duration::from_secs(3), nodes[old].client());
    let began = Instant::now();
    let (view, proposed) = tokio::join!(
        client.view(patience),
        client.propose(Change::Submit(spec("r")), patience)
    );
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    for error in [view.map(drop).unwrap_err(), proposed.map(drop).unwrap_err()] {
        assert!(matches!(error, Error::NoLeader { .. }), "{error}");
        for node in &nodes {
            assert!(error.to_string().contains(node.address()), "{error}");
        }
    }

    ears[old].open();
    until(&nodes[old], "what it has missed", |state| {
        state.pipeline_named("q").is_some()
    })
    .await;
    until(&nodes[old], "three nodes", are_up(3)).await;
    assert!(nodes[old].term() > Some(term));
}
