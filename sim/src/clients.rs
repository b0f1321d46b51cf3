//! Clients that register one node after the other.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use eventflux_distributed::cluster_node::ClusterClient;
use eventflux_distributed::consensus::Dialer;
use eventflux_distributed::coordinator::{Change, NodeSpec};
use tokio::time::Instant;

use crate::hosts::{Seen, addresses};
use crate::sockets::SimulatedSockets;

/// Registers nodes until the time has come.
pub async fn run(client: u64, hosts: usize, until: Duration, seen: Rc<RefCell<Seen>>) -> turmoil::Result {
    let dialer = Dialer::over(Arc::new(SimulatedSockets), None, Duration::from_secs(1));
    let cluster = ClusterClient::new(dialer, addresses(hosts));
    let begun = Instant::now();
    let mut number = 0;
    while begun.elapsed() < until {
        number += 1;
        let node = client << 16 | number;
        // It may not work: no rows for it.
        let spec = NodeSpec {
            node,
            name: format!("c{node}"),
            ..NodeSpec::default()
        };
        match cluster
            .propose(Change::Register(spec), Duration::from_secs(3))
            .await
        {
            Ok(outcome) => seen.borrow_mut().ledger.answered(node, outcome.granted),
            // Nobody knows whether it was applied.
            Err(_) => seen.borrow_mut().ledger.unanswered_count += 1,
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    Ok(())
}
