//! Hosts that run a node each, and are watched.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::state::store::{CheckpointStore, MemoryStore};
use eventflux_distributed::cluster_node::{ClusterConfig, ClusterNode};
use eventflux_distributed::consensus::LogSync;
use eventflux_distributed::coordinator::{ClusterState, PipelineSpec};
use turmoil::Sim;

use crate::entropy;
use crate::ledger::Ledger;
use crate::sockets::SimulatedSockets;

const PORT: u16 = 7000;

/// What is known of the hosts from outside.
#[derive(Debug, Default)]
pub struct Seen {
    pub ledger: Ledger,
    /// What each host has applied; empty while it is down.
    pub states: Vec<Arc<ClusterState>>,
}

/// A host's name.
pub fn name(host: usize) -> String {
    format!("n{host}")
}

/// Where all hosts listen.
pub fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|host| format!("{}:{PORT}", name(host))).collect()
}

/// How a host's node is set up.
pub fn config(host: usize, count: usize, directory: &Path) -> ClusterConfig {
    let store: Arc<dyn CheckpointStore> = Arc::new(MemoryStore::default());
    let mut config = ClusterConfig::new(
        "simulated",
        name(host),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)),
        directory.join(name(host)),
        Arc::new(move |_: &PipelineSpec| Ok(Arc::clone(&store))),
    );
    config.seeds = addresses(count);
    config.advertised = Some(config.seeds[host].clone());
    config.sockets = Arc::new(SimulatedSockets);
    config.log_sync = LogSync::After(sync_takes);
    // So few that a host that was away needs a snapshot.
    config.snapshot_every = 40;
    config
}

/// How long a disk takes for a sync: few milliseconds, and now and then much longer.
fn sync_takes() -> Duration {
    Duration::from_micros(match entropy::below(100) {
        0 => entropy::below(400_000),
        1..=9 => entropy::below(30_000),
        _ => entropy::below(4_000),
    })
}

/// Kills a host's node. What it has not synced is lost: it is still in memory, and not in its files.
pub fn kill(sim: &mut Sim<'_>, host: usize, directory: &Path) -> io::Result<()> {
    let (own, kept) = (directory.join(name(host)), directory.join("kept"));
    if !own.exists() {
        sim.crash(name(host));
        return Ok(());
    }
    // Closing its files, the node writes the rest.
    copy(&own, &kept)?;
    sim.crash(name(host));
    std::fs::remove_dir_all(&own)?;
    std::fs::rename(&kept, &own)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(std::fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// Runs a host's node until it is killed.
pub async fn run(host: usize, config: ClusterConfig, seen: Rc<RefCell<Seen>>) -> turmoil::Result {
    let node = ClusterNode::start_here(config).await?;
    let mut states = node.state();
    let mut is_news = true;
    loop {
        {
            let state = states.borrow_and_update();
            let mut seen = seen.borrow_mut();
            if is_news {
                seen.ledger.applied(host, &state);
                seen.states[host] = Arc::clone(&state);
            }
            if let Some(term) = node.term().filter(|_| node.is_leader()) {
                seen.ledger.leads(host, term);
            }
        }
        tokio::select! {
            changed = states.changed() => {
                changed?;
                is_news = true;
            }
            () = tokio::time::sleep(Duration::from_millis(1)) => is_news = false,
        }
    }
}
