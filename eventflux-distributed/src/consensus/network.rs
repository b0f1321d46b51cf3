//! The way to other nodes' control planes.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use openraft::error::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{BasicNode, OptionalSend, RaftNetworkFactory, RaftNetworkV2};
use rustls::pki_types::ServerName;
use tokio::sync::watch;
use tonic::codegen::{InterceptedService, Service, http::Uri};
use tonic::transport::{Channel, Endpoint};

use super::audience::Hearing;
use super::message::{
    from_append_response, from_vote, from_vote_response, to_append, to_log_id, to_vote, to_vote_request,
};
use super::proto::control_client::ControlClient;
use super::proto::{SnapshotPiece, TransferRequest};
use super::protocol::{PROTOCOL, SayProtocol};
use super::socket::{Socket, Sockets, TcpSockets};
use super::type_config::{Snapshot, TypeConfig, Vote};
use crate::error::{Error, Result};

/// TLS of the control plane, made by whoever reads certificates.
#[derive(Debug, Clone)]
pub struct ControlTls {
    /// For calls from others; ask for their certificates here.
    pub server: Arc<rustls::ServerConfig>,
    /// For calls to others.
    pub client: Arc<rustls::ClientConfig>,
    /// What others' certificates are made out for; `None`: for the host that is called.
    pub server_name: Option<ServerName<'static>>,
}

/// What a node's control plane is asked by.
pub(crate) type Control = ControlClient<InterceptedService<Channel, SayProtocol>>;

/// Snapshots travel in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Connections to other nodes, made when they are first used and again when they break.
#[derive(Debug, Clone)]
pub struct Dialer {
    sockets: Arc<dyn Sockets>,
    tls: Option<ControlTls>,
    connect_timeout: Duration,
    protocol: u32,
    channels: Arc<Mutex<BTreeMap<String, Channel>>>,
}

impl Dialer {
    /// With or without TLS.
    pub fn new(tls: Option<ControlTls>, connect_timeout: Duration) -> Self {
        Self::over(Arc::new(TcpSockets), tls, connect_timeout)
    }

    /// With or without TLS, over sockets of somebody's own.
    pub fn over(sockets: Arc<dyn Sockets>, tls: Option<ControlTls>, connect_timeout: Duration) -> Self {
        Self {
            sockets,
            tls,
            connect_timeout,
            protocol: PROTOCOL,
            channels: Arc::default(),
        }
    }

    /// The same, with another version of what nodes say to each other.
    pub(crate) fn speaking(self, protocol: u32) -> Self {
        Self { protocol, ..self }
    }

    /// Which version that is.
    pub(crate) fn protocol(&self) -> u32 {
        self.protocol
    }

    /// The same, with connections of its own: a connection lives in the runtime that made it.
    pub fn apart(&self) -> Self {
        Self::new(self.tls.clone(), self.connect_timeout).speaking(self.protocol)
    }

    /// Whether nobody listens at an address `host:port`, though its host answers: the process that did is gone.
    pub(crate) async fn is_refused(&self, address: &str) -> bool {
        let Some((host, port)) = address.rsplit_once(':') else {
            return false;
        };
        let Ok(port) = port.parse() else {
            return false;
        };
        let connected = self.sockets.connect(host.trim_matches(['[', ']']), port).await;
        connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// A client of a node's control plane, by its address `host:port`.
    pub(crate) fn control(&self, address: &str) -> Result<Control> {
        let client = ControlClient::with_interceptor(self.channel(address)?, SayProtocol(self.protocol));
        // What others send is bounded by what a log may hold.
        Ok(client.max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    fn channel(&self, address: &str) -> Result<Channel> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(address) {
            return Ok(channel.clone());
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|error| Error::Configuration(format!("`{address}` is no address: {error}")))?
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_secs(2))
            .keep_alive_while_idle(true);
        let channel = endpoint.connect_with_connector_lazy(Connector {
            sockets: Arc::clone(&self.sockets),
            tls: self.tls.clone(),
        });
        channels.insert(address.to_owned(), channel.clone());
        Ok(channel)
    }
}

/// Connects, with TLS if there is one.
#[derive(Debug, Clone)]
struct Connector {
    sockets: Arc<dyn Sockets>,
    tls: Option<ControlTls>,
}

impl Connector {
    async fn connect(self, uri: Uri) -> io::Result<TokioIo<Box<dyn Socket>>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or_default();
        let socket = self.sockets.connect(&host, port).await?;
        let socket: Box<dyn Socket> = match self.tls {
            None => socket,
            Some(tls) => {
                let name = match tls.server_name {
                    Some(name) => name,
                    None => ServerName::try_from(host).map_err(io::Error::other)?,
                };
                Box::new(
                    tokio_rustls::TlsConnector::from(tls.client)
                        .connect(name, socket)
                        .await?,
                )
            }
        };
        Ok(TokioIo::new(socket))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Socket>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// The ways to all voters.
#[derive(Debug, Clone)]
pub(crate) struct Voters {
    dialer: Dialer,
    hearing: watch::Receiver<Hearing>,
}

impl Voters {
    /// Of a node that stands so with those whom it leads.
    pub(crate) fn new(dialer: Dialer, hearing: watch::Receiver<Hearing>) -> Self {
        Self { dialer, hearing }
    }
}

impl RaftNetworkFactory<TypeConfig> for Voters {
    type Network = Peer;

    async fn new_client(&mut self, _: u64, node: &BasicNode) -> Peer {
        Peer {
            voters: self.clone(),
            address: node.addr.clone(),
        }
    }
}

/// The way to one voter.
#[derive(Debug)]
pub struct Peer {
    voters: Voters,
    address: String,
}

type RpcResult<T> = std::result::Result<T, RPCError<TypeConfig>>;

impl Peer {
    /// One question and its answer within its time.
    async fn ask<T, F>(
        &self,
        option: &RPCOption,
        ask: impl FnOnce(Control) -> F,
    ) -> std::result::Result<T, Unreachable<TypeConfig>>
    where
        F: Future<Output = std::result::Result<tonic::Response<T>, tonic::Status>>,
    {
        let dialer = &self.voters.dialer;
        let client = dialer
            .control(&self.address)
            .map_err(|error| Unreachable::new(&error))?;
        match tokio::time::timeout(option.soft_ttl(), ask(client)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(Unreachable::from_string(status)),
            Err(_) => Err(Unreachable::from_string(format!(
                "{} does not answer in time",
                self.address
            ))),
        }
    }

    /// What a leader says keeps voters from electing another one, so one that nobody answers says nothing.
    fn check_voice(&self) -> std::result::Result<(), Unreachable<TypeConfig>> {
        match *self.voters.hearing.borrow() {
            Hearing::Heard | Hearing::Asking => Ok(()),
            Hearing::Silent => Err(Unreachable::from_string(
                "no majority answers, so nothing is sent",
            )),
        }
    }
}

/// No message between voters is larger.
pub(crate) const MESSAGE_BYTES_MAX: usize = 256 << 20;

impl RaftNetworkV2<TypeConfig> for Peer {
    type SnapshotData = Vec<u8>;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> RpcResult<AppendEntriesResponse<TypeConfig>> {
        self.check_voice()?;
        let request = to_append(&request);
        let response = self
            .ask(&option, |mut client| async move { client.append(request).await })
            .await?;
        from_append_response(&response).map_err(unreadable)
    }

    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> RpcResult<VoteResponse<TypeConfig>> {
        let request = to_vote_request(&request);
        let response = self
            .ask(
                &option,
                |mut client| async move { client.request_vote(request).await },
            )
            .await?;
        from_vote_response(&response).map_err(unreadable)
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> RpcResult<VoteResponse<TypeConfig>> {
        let request = to_vote_request(&request);
        let response = self
            .ask(
                &option,
                |mut client| async move { client.pre_vote(request).await },
            )
            .await?;
        from_vote_response(&response).map_err(unreadable)
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> std::result::Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        self.check_voice()?;
        let bytes = bytes::Bytes::from(snapshot.snapshot);
        let first = SnapshotPiece {
            vote: Some(to_vote(&vote)),
            bytes: bytes::Bytes::new(),
        };
        let pieces = (0..bytes.len())
            .step_by(PIECE_BYTES)
            .map(move |from| SnapshotPiece {
                vote: None,
                bytes: bytes.slice(from..bytes.len().min(from + PIECE_BYTES)),
            });
        let pieces = futures_util::stream::iter(std::iter::once(first).chain(pieces));
        let sending = self.ask(&option, |mut client| async move {
            client.install_snapshot(pieces).await
        });
        tokio::select! {
            closed = cancel => Err(StreamingError::Closed(closed)),
            response = sending => {
                let vote = from_vote(response?.vote.as_ref())
                    .map_err(|message| StreamingError::Unreachable(Unreachable::from_string(message)))?;
                Ok(SnapshotResponse::new(vote))
            }
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> RpcResult<TransferLeaderResponse<TypeConfig>> {
        let request = TransferRequest {
            from: Some(to_vote(request.from_leader())),
            to: *request.to_node_id(),
            last_log_id: request.last_log_id().map(to_log_id),
        };
        let response = self
            .ask(&option, |mut client| async move {
                client.transfer_leader(request).await
            })
            .await?;
        match response.is_accepted {
            true => Ok(Ok(())),
            false => Err(unreadable("the leadership was not taken over")),
        }
    }
}

fn unreadable(message: &'static str) -> RPCError<TypeConfig> {
    RPCError::Unreachable(Unreachable::from_string(message))
}
