//! The transports, and two nodes that one joins.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::state::segment::Compression;
use eventflux_core::time::{Clock, SystemClock};
use eventflux_distributed::transport::grpc::Grpc;
use eventflux_distributed::transport::in_process::InProcess;
use eventflux_distributed::transport::tcp::Tcp;
use eventflux_distributed::transport::{
    Acceptor, Connection, ConnectionConfig, Endpoint, NodeName, Peer, Session, Transport,
};

use super::{Members, identity};

/// A kind of transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    InProcess,
    Tcp,
    TcpTls,
    Grpc,
    GrpcTls,
}

impl Wire {
    /// How it may compress.
    pub fn compressions(self) -> &'static [Compression] {
        match self {
            Self::InProcess => &[Compression::None],
            _ => &Compression::ALL,
        }
    }
}

/// Two nodes, `a` and `b`, of which `b` listens.
pub struct Net {
    pub wire: Wire,
    pub members: Arc<Members>,
    pub config: ConnectionConfig,
    pub clock: Arc<dyn Clock>,
    pub in_process: InProcess,
}

impl Net {
    pub fn new(wire: Wire) -> Self {
        Self {
            wire,
            members: Arc::new(Members::at(3)),
            config: ConnectionConfig::default(),
            clock: Arc::new(SystemClock),
            in_process: InProcess::default(),
        }
    }

    /// What a node dials and listens with.
    pub fn transport(&self, node: &str) -> Arc<dyn Transport> {
        match self.wire {
            Wire::InProcess => Arc::new(self.in_process.clone()),
            Wire::Tcp => Arc::new(Tcp::plain()),
            Wire::TcpTls => Arc::new(Tcp::secure(&identity(node))),
            Wire::Grpc => Arc::new(Grpc::plain()),
            Wire::GrpcTls => Arc::new(Grpc::secure(&identity(node))),
        }
    }

    pub fn endpoint(&self, node: &str) -> Endpoint {
        self.endpoint_of("c", node, 1)
    }

    pub fn endpoint_of(&self, cluster: &str, node: &str, incarnation: u64) -> Endpoint {
        let name = NodeName {
            id: node.to_owned(),
            incarnation,
        };
        let members = Arc::clone(&self.members);
        let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
        Endpoint::new(self.transport(node), cluster, name, members, config, clock)
    }

    pub async fn listen(&self) -> Acceptor {
        self.endpoint("b").listen("127.0.0.1:0").await.unwrap()
    }

    /// Both ends of a new connection: of `a`, which dials, and of `b`.
    pub async fn connect(&self, acceptor: &mut Acceptor) -> (Connection, Connection) {
        let endpoint = self.endpoint("a");
        let (peer, session) = (peer(acceptor), session(3));
        let (dialled, accepted) = tokio::join!(endpoint.connect(&peer, &session), acceptor.accept());
        (dialled.unwrap(), accepted.unwrap())
    }
}

pub fn peer(acceptor: &Acceptor) -> Peer {
    Peer {
        id: "b".to_owned(),
        address: acceptor.address().to_owned(),
    }
}

pub fn session(generation: u64) -> Session {
    Session {
        pipeline: "p".to_owned(),
        generation,
    }
}

/// Two connected nodes.
pub async fn pair(wire: Wire, config: ConnectionConfig) -> (Connection, Connection) {
    let net = Net {
        config,
        ..Net::new(wire)
    };
    let mut acceptor = net.listen().await;
    net.connect(&mut acceptor).await
}

/// Runs a test; one that waits for ever fails.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let in_time = async { tokio::time::timeout(Duration::from_secs(120), test).await };
    runtime.block_on(in_time).expect("the test waits for ever");
    runtime.shutdown_background();
}
