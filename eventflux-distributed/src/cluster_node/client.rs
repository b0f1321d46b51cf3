//! Finds the leader and asks it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use prost::Message;
use tokio::time::{Instant, timeout};

use super::answers::Answers;
use crate::consensus::proto::{DescribeRequest, DescribeResponse, ProposeRequest, Voter, VotersRequest};
use crate::consensus::{Dialer, refused_by};
use crate::coordinator::{Change, Command, CommandId, Outcome};
use crate::error::{Error, Result};

/// One node gets so long for an answer before another one is asked.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Between two rounds over all nodes.
pub(super) const ROUND_EVERY: Duration = Duration::from_millis(50);

/// A client of a cluster.
#[derive(Debug, Clone)]
pub struct ClusterClient {
    dialer: Dialer,
    nodes: Arc<Mutex<Vec<String>>>,
    client: u64,
    next: Arc<AtomicU64>,
}

impl ClusterClient {
    /// Of the cluster that these control planes, `host:port`, belong to.
    pub fn new(dialer: Dialer, nodes: Vec<String>) -> Self {
        Self {
            dialer,
            nodes: Arc::new(Mutex::new(nodes)),
            client: crate::consensus::new_id(),
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// The same client for another runtime: with connections of its own, and what this one learns of nodes.
    pub fn apart(&self) -> Self {
        Self {
            dialer: self.dialer.apart(),
            nodes: Arc::clone(&self.nodes),
            client: crate::consensus::new_id(),
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Puts a change through, whoever leads, once: it is asked again with the same id until it is answered.
    ///
    /// **Errors** Nobody answers in time: whether the change was made is not known. The coordinator refuses it.
    pub async fn propose(&self, change: Change, patience: Duration) -> Result<Outcome> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let command = Command {
            id: CommandId {
                client: self.client,
                number,
            },
            change: Some(change),
        };
        let outcome = self.put_through(&command, patience).await?;
        match outcome.is_done() {
            true => Ok(outcome),
            false => Err(Error::Refused(outcome)),
        }
    }

    async fn put_through(&self, command: &Command, patience: Duration) -> Result<Outcome> {
        let until = Instant::now() + patience;
        let bytes: bytes::Bytes = command.encode_to_vec().into();
        let mut answers = Answers::default();
        loop {
            let mut round = self.round(until, |mut control| {
                let command = bytes.clone();
                async move { control.propose(ProposeRequest { command }).await }
            })?;
            while let Some((address, answer)) = round.next().await {
                match answer {
                    Ok(response) if response.is_leader => {
                        return Outcome::decode(response.outcome)
                            .map_err(|error| unreachable(&address, error));
                    }
                    Ok(response) => {
                        answers.follows(&address, response.leader.as_ref());
                        if let Some(leader) = response.leader {
                            self.ask_first(leader.address);
                        }
                    }
                    Err(status) if status.code() == tonic::Code::InvalidArgument => {
                        return Err(Error::Configuration(status.message().to_owned()));
                    }
                    Err(status) => answers.failed(&address, self.failed(&address, &status)),
                }
            }
            if Instant::now() >= until {
                return Err(answers.no_leader());
            }
            tokio::time::sleep(ROUND_EVERY).await;
        }
    }

    /// Who leads, as far as one node knows.
    pub async fn describe(&self, address: &str) -> Result<DescribeResponse> {
        let mut client = self.dialer.control(address)?;
        match timeout(ANSWER_WITHIN, client.describe(DescribeRequest {})).await {
            Ok(Ok(response)) => {
                let described = response.into_inner();
                // One that says none would not have refused the call.
                match described.protocol == self.dialer.protocol() {
                    true => Ok(described),
                    false => Err(self.other_protocol(address, described.protocol)),
                }
            }
            Ok(Err(status)) => Err(self.failed(address, &status)),
            Err(_) => Err(unreachable(address, SILENT)),
        }
    }

    /// The leader of the newest term that nodes know, as soon as more than half of them have answered.
    pub async fn find_leader(&self) -> Result<Voter> {
        let nodes = self.nodes();
        let describing = nodes.iter().map(|address| self.describe(address));
        let mut describing: FuturesUnordered<_> = describing.collect();
        let (mut leaders, mut other, mut described_count) = (Vec::new(), None, 0);
        while let Some(node) = describing.next().await {
            match node {
                Ok(node) => {
                    described_count += 1;
                    leaders.extend(node.leader.map(|leader| (node.term, leader)));
                }
                Err(error @ Error::OtherProtocol { .. }) => other = Some(error),
                Err(_) => {}
            }
            // Those who are silent, the leader before among them, are not waited for.
            if !leaders.is_empty() && described_count > nodes.len() / 2 {
                break;
            }
        }
        let leader = leaders.into_iter().max_by_key(|(term, _)| *term);
        leader.map(|(_, leader)| leader).ok_or_else(|| {
            other.unwrap_or(Error::NoLeader {
                asked: nodes.join(", "),
            })
        })
    }

    /// Makes these nodes the voters; new ones learn everything first.
    pub async fn change_voters(&self, voters: Vec<Voter>) -> Result<()> {
        let leader = self.find_leader().await?;
        let mut client = self.dialer.control(&leader.address)?;
        let response = client.change_voters(VotersRequest { voters }).await;
        let refusal = response
            .map_err(|status| self.failed(&leader.address, &status))?
            .into_inner()
            .refusal;
        match refusal.is_empty() {
            true => Ok(()),
            false => Err(Error::Configuration(refusal)),
        }
    }

    /// What a call to a node came to that has failed.
    pub(super) fn failed(&self, address: &str, status: &tonic::Status) -> Error {
        match refused_by(status) {
            Some(protocol) => self.other_protocol(address, protocol),
            None => unreachable(address, said(status)),
        }
    }

    fn other_protocol(&self, address: &str, theirs: u32) -> Error {
        Error::OtherProtocol {
            address: address.to_owned(),
            theirs,
            own: self.dialer.protocol(),
        }
    }

    pub(super) fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    pub(super) fn nodes(&self) -> Vec<String> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, address: String) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if !address.is_empty() && !nodes.contains(&address) {
            nodes.push(address);
        }
    }

    pub(super) fn ask_first(&self, address: String) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|known| *known != address);
        nodes.insert(0, address);
    }
}

pub(super) fn unreachable(address: &str, error: impl std::fmt::Display) -> Error {
    Error::Unreachable {
        address: address.to_owned(),
        message: error.to_string(),
    }
}

/// What is said of a node that does not answer.
pub(super) const SILENT: &str = "does not answer";

/// What a call failed with: the words of the other end, or the first cause of what went wrong on the way.
///
/// Whether a call, a connection that is being made or one that is kept alive was waited for in vain is a race: all are silence.
fn said(status: &tonic::Status) -> String {
    let mut cause = std::error::Error::source(status);
    let mut text = status.message().to_owned();
    while let Some(error) = cause {
        if is_timeout(error) {
            return SILENT.to_owned();
        }
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_kept_alive_no_more = error.downcast_ref().is_some_and(hyper::Error::is_timeout);
    let io: Option<&io::Error> = error.downcast_ref();
    is_kept_alive_no_more || io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use tonic::transport::Endpoint;

    use super::*;
    use crate::consensus::proto::control_client::ControlClient;

    #[test]
    fn who_is_not_reached_in_time_does_not_answer() {
        let late = io::Error::new(io::ErrorKind::TimedOut, "deadline has elapsed");
        assert_eq!(said(&tonic::Status::from_error(Box::new(late))), SILENT);
        let refused = io::Error::other("nobody listens");
        assert_eq!(
            said(&tonic::Status::from_error(Box::new(refused))),
            "nobody listens"
        );
        assert_eq!(said(&tonic::Status::unavailable("is stopping")), "is stopping");
    }

    #[tokio::test]
    async fn who_says_nothing_on_a_connection_does_not_answer() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let soon = Duration::from_millis(10);
        let endpoint = endpoint.http2_keep_alive_interval(soon).keep_alive_timeout(soon);
        let mut control = ControlClient::new(endpoint.connect_lazy());
        let status = control.describe(DescribeRequest {}).await.unwrap_err();
        assert_eq!(said(&status), SILENT, "{status:?}");
    }
}
