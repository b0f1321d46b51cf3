//! Connections to all other nodes of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::coordinator::{Assignment, Placement};
use crate::transport::{ConnectedEdges, Endpoint, Peer, Session, TransportError};

/// Between two attempts to reach a peer that is not ready.
const RETRY: Duration = Duration::from_millis(10);

/// Of each two nodes of a run, the one with the smaller place connects to the other.
#[derive(Debug)]
pub(super) struct Peers<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) session: Session,
    pub(super) assignment: &'a Assignment,
    /// The own place in the assignment.
    pub(super) place: usize,
    pub(super) connections_per_node: usize,
    pub(super) connect_timeout: Duration,
    /// Where connections live.
    pub(super) wire: &'a tokio::runtime::Handle,
}

impl Peers<'_> {
    /// Waits until there is a connection to each of the others.
    ///
    /// **Errors** One of them was not reached in time, or does not want to be: which, and why.
    pub(super) async fn connect(
        &self,
        edges: &Arc<ConnectedEdges>,
        mut arrived: watch::Receiver<Vec<String>>,
    ) -> Result<(), TransportError> {
        let until = Instant::now() + self.connect_timeout;
        let mut dialled = JoinSet::new();
        for placement in self.assignment.placements.iter().skip(self.place + 1) {
            for _ in 0..self.connections_per_node.max(1) {
                let dialling = dial(
                    self.endpoint.clone(),
                    peer(placement),
                    self.session.clone(),
                    until,
                );
                dialled.spawn_on(dialling, self.wire);
            }
        }
        while let Some(connection) = dialled.join_next().await {
            match connection {
                Ok(connection) => edges.add(connection?),
                Err(error) => return Err(TransportError::protocol("this node", error.to_string())),
            }
        }
        for placement in self.assignment.placements.iter().take(self.place) {
            let is_there = |arrived: &Vec<String>| arrived.contains(&placement.name);
            let waited = timeout_at(until, arrived.wait_for(is_there)).await;
            // The sending end goes with the route: another generation has begun.
            if !matches!(waited, Ok(Ok(_))) {
                return Err(TransportError::Silent {
                    peer: peer(placement).to_string(),
                    silent_ms: i64::try_from(self.connect_timeout.as_millis()).unwrap_or(i64::MAX),
                });
            }
        }
        Ok(())
    }
}

fn peer(placement: &Placement) -> Peer {
    Peer {
        id: placement.name.clone(),
        address: placement.data_address.clone(),
    }
}

/// Tries until the peer has heard of the generation, too.
async fn dial(
    endpoint: Endpoint,
    peer: Peer,
    session: Session,
    until: Instant,
) -> Result<crate::transport::Connection, TransportError> {
    loop {
        let error = match endpoint.connect(&peer, &session).await {
            Ok(connection) => return Ok(connection),
            Err(TransportError::Refused { peer, refusal }) if !refusal.is_passing => {
                return Err(TransportError::Refused { peer, refusal });
            }
            Err(error) => error,
        };
        if Instant::now() >= until {
            return Err(error);
        }
        sleep(RETRY).await;
    }
}
