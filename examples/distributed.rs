//! A program that is a node of a cluster, here the only one: more nodes that name it as a seed share the work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use eventflux::distributed::*;

const APP: &str = "
    CREATE STREAM Purchases (card STRING, amount BIGINT);
    INSERT INTO Totals SELECT card, sum(amount) AS total FROM Purchases GROUP BY card;";

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    for (card, total) in run()? {
        println!("{card} has spent {total}");
    }
    Ok(())
}

/// The last total of each card.
pub fn run() -> std::result::Result<BTreeMap<String, i64>, Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("eventflux-distributed-{}", std::process::id()));
    let config = DistributedConfig {
        mode: RuntimeMode::Distributed,
        node: NodeConfig {
            data_dir: Some(folder.join("node")),
            ..NodeConfig::default()
        },
        cluster: ClusterConfig {
            cluster_name: "shop".into(),
            min_nodes: 1,
            ..ClusterConfig::default()
        },
        transport: TransportConfig {
            implementation: TransportType::Grpc,
            compression: true,
            ..TransportConfig::default()
        },
        state_backend: StateBackendConfig {
            implementation: StateBackendType::Directory(folder.join("state")),
            ..StateBackendConfig::default()
        },
        ..DistributedConfig::default()
    };
    let runtime = DistributedRuntimeBuilder::new(APP)
        .with_name("totals")
        .with_config(config)
        .build()?;
    let totals = Arc::new(Mutex::new(BTreeMap::new()));
    let collected = Arc::clone(&totals);
    runtime.add_callback("Totals", move |rows| {
        let mut totals = collected.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows.iter().filter(|row| row.kind().is_addition()) {
            if let (Ok(card), Ok(total)) = (row.get("card"), row.get("total")) {
                totals.insert(card, total);
            }
        }
    })?;
    runtime.start()?;
    let purchases = runtime.input_handler("Purchases")?;
    for (card, amount) in [("A", 5_i64), ("B", 3), ("A", 7)] {
        purchases.send((card, amount))?;
    }
    runtime.finish()?;
    drop(runtime);
    std::fs::remove_dir_all(folder)?;
    let totals = totals.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(totals)
}
