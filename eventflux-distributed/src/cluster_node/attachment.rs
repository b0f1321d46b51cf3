//! A worker's connection to the leader, whoever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::client::ClusterClient;
use super::contact::Contact;
use super::service::received;
use crate::consensus::proto::{Hello, Upward, downward, upward};
use crate::coordinator::{Change, NodeSpec, Order, Report};
use crate::error::{Error, Result};
use crate::worker::WorkerEvent;

/// So many reports may wait for a connection; without one they are dropped, since the next one begins with everything.
const QUEUE_MAX: usize = 1_000;

/// Between two attempts to find the leader.
const RETRY: Duration = Duration::from_millis(50);

/// Between two attempts where somebody has to do something first.
const RETRY_REFUSED: Duration = Duration::from_secs(1);

/// A registration is given up after this time, and begun anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps a node registered and connected, until nobody takes its events any more.
pub(super) struct Attachment {
    pub(super) spec: NodeSpec,
    pub(super) cluster: String,
    pub(super) client: ClusterClient,
    pub(super) heartbeat_interval: Duration,
    pub(super) events: mpsc::UnboundedSender<WorkerEvent>,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    /// What the cluster has granted this life of the node; 0: nothing yet, or it does not count any more.
    pub(super) incarnation: Arc<AtomicU64>,
    pub(super) contact: watch::Sender<Contact>,
}

impl Attachment {
    pub(super) async fn run(mut self) {
        while !self.events.is_closed() {
            let attached = self.attach().await;
            self.seeks(attached.as_ref().err());
            if let Err(error) = attached {
                tracing::debug!(node = self.spec.name, "not connected to a leader: {error}");
                let is_refused = matches!(
                    error,
                    Error::Refused(_) | Error::Configuration(_) | Error::OtherProtocol { .. }
                );
                let wait = if is_refused { RETRY_REFUSED } else { RETRY };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.events.closed() => return,
                }
            }
        }
    }

    fn seeks(&self, error: Option<&Error>) {
        let contact = Contact::Seeking {
            obstacle: error.map(ToString::to_string),
        };
        self.contact.send_if_modified(|known| {
            let is_new = *known != contact;
            *known = contact;
            is_new
        });
    }

    /// Another cluster must not hear of this node at all.
    async fn check_cluster(&self, address: &str) -> Result<()> {
        let described = self.client.describe(address).await?;
        match described.cluster == self.cluster {
            true => Ok(()),
            false => Err(Error::Configuration(format!(
                "the node at {address} belongs to the cluster `{}`, not `{}`",
                described.cluster, self.cluster
            ))),
        }
    }

    /// Registers if it has to, connects, and stays connected as long as it can.
    async fn attach(&mut self) -> Result<()> {
        let leader = self.client.find_leader().await?;
        if self.incarnation.load(Ordering::Acquire) == 0 {
            self.check_cluster(&leader.address).await?;
            let outcome = self
                .client
                .propose(Change::Register(self.spec.clone()), PATIENCE)
                .await?;
            self.incarnation.store(outcome.granted, Ordering::Release);
            self.tell(WorkerEvent::Registered);
        }
        let incarnation = self.incarnation.load(Ordering::Acquire);
        let unreachable = |message: String| Error::Unreachable {
            address: leader.address.clone(),
            message,
        };
        let (upwards, outbound) = mpsc::channel(QUEUE_MAX);
        let hello = upward::Upward::Hello(Hello {
            node: self.spec.node,
            incarnation,
            cluster: self.cluster.clone(),
        });
        let first = Upward { upward: Some(hello) };
        upwards
            .try_send(first)
            .map_err(|error| unreachable(error.to_string()))?;
        let mut client = self.client.dialer().control(&leader.address)?;
        let call = client.attach(received(outbound));
        let response = tokio::time::timeout(PATIENCE, call)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let mut downwards = response
            .map_err(|status| self.client.failed(&leader.address, &status))?
            .into_inner();
        // What was reported before is part of what is said first now.
        while self.reports.try_recv().is_ok() {}
        self.tell(WorkerEvent::Connected);
        self.contact.send_replace(Contact::Connected {
            leader: leader.node,
            address: leader.address.clone(),
            incarnation,
        });
        let mut heartbeat = interval(self.heartbeat_interval);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                downward = downwards.next() => match downward {
                    Some(Ok(downward)) => self.take(downward.downward),
                    Some(Err(status)) => return Err(self.client.failed(&leader.address, &status)),
                    None => return Err(unreachable("it has closed the connection".to_owned())),
                },
                Some(report) = self.reports.recv() => {
                    let upward = Upward { upward: Some(upward::Upward::Report(report.encode_to_vec().into())) };
                    if upwards.try_send(upward).is_err() {
                        return Err(unreachable("it does not take what it is sent".to_owned()));
                    }
                },
                _ = heartbeat.tick() => self.tell(WorkerEvent::HeartbeatDue),
                () = self.events.closed() => return Ok(()),
            }
            if self.incarnation.load(Ordering::Acquire) == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, downward: Option<downward::Downward>) {
        match downward {
            Some(downward::Downward::Order(order)) => {
                // One that cannot be read is of a newer version: it is not obeyed.
                if let Ok(order) = Order::decode(order) {
                    self.tell(WorkerEvent::Ordered(order));
                }
            }
            Some(downward::Downward::Dismissed(_)) => {
                self.incarnation.store(0, Ordering::Release);
                self.tell(WorkerEvent::Dismissed);
            }
            Some(downward::Downward::Term(_)) | None => {}
        }
    }

    fn tell(&self, event: WorkerEvent) {
        // Without a worker the node is closing.
        let _ = self.events.send(event);
    }
}
