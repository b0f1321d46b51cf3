//! A program that is a node of a cluster.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use eventflux::distributed::coordinator::Desired;
use eventflux::distributed::node::Programs;
use eventflux::distributed::{
    ClusterConfig, DistributedConfig, DistributedError, DistributedRuntime, DistributedRuntimeBuilder,
    NodeConfig, RuntimeMode, SqlPrograms, StateBackendConfig, StateBackendType, TlsConfig, TransportConfig,
    TransportType,
};
use eventflux::runtime::RunEnd;
use tempfile::TempDir;

use super::kit::{Cluster, PATIENCE, Wires};

const TOTALS: &str = "
    CREATE STREAM Trades (sym STRING, qty BIGINT);
    INSERT INTO Totals SELECT sym, sum(qty) AS total FROM Trades GROUP BY sym;
    INSERT INTO Large SELECT sym, qty FROM Trades WHERE qty > 10;";

fn alone(folder: &Path) -> DistributedConfig {
    DistributedConfig {
        mode: RuntimeMode::Distributed,
        node: NodeConfig {
            data_dir: Some(folder.join("node")),
            ..NodeConfig::default()
        },
        state_backend: StateBackendConfig {
            implementation: StateBackendType::Directory(folder.join("state")),
            checkpoint_interval: Duration::from_millis(100),
            ..StateBackendConfig::default()
        },
        ..DistributedConfig::default()
    }
}

/// Of a program that joins a cluster.
fn beside(cluster: &Cluster) -> DistributedConfig {
    DistributedConfig {
        cluster: ClusterConfig {
            cluster_name: "test".into(),
            seed_nodes: cluster.seeds(),
            ..ClusterConfig::default()
        },
        ..alone(cluster.folder())
    }
}

/// The last total of each symbol.
type Totals = Arc<Mutex<BTreeMap<String, i64>>>;

fn totals(runtime: &DistributedRuntime) -> Totals {
    let totals = Totals::default();
    let collected = Arc::clone(&totals);
    let take = move |rows: &eventflux::Rows| {
        let mut totals = collected.lock().unwrap();
        for row in rows.iter().filter(|row| row.kind().is_addition()) {
            totals.insert(row.get("sym").unwrap(), row.get("total").unwrap());
        }
    };
    runtime.add_callback("Totals", take).unwrap();
    totals
}

fn trade(number: i64) -> (String, i64) {
    (format!("S{}", number % 17), number % 13)
}

fn expected(count: i64) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for (sym, qty) in (0..count).map(trade) {
        *totals.entry(sym).or_default() += qty;
    }
    totals
}

/// What callbacks and row streams get of a program.
fn results(config: DistributedConfig) -> (BTreeMap<String, i64>, Vec<(String, i64)>) {
    let runtime = DistributedRuntimeBuilder::new(TOTALS)
        .with_config(config)
        .with_parallelism(3)
        .build()
        .unwrap();
    let totals = totals(&runtime);
    let mut large = runtime.output_stream("Large").unwrap();
    runtime.start().unwrap();
    let trades = runtime.input_handler("trades").unwrap();
    (0..2_000).for_each(|number| trades.send(trade(number)).unwrap());
    assert_eq!(runtime.finish().unwrap(), RunEnd::InputEnded);
    assert!(trades.send(trade(0)).is_err(), "the stream has ended");
    let mut rows = Vec::new();
    while let Some(batch) = large.next_blocking() {
        rows.extend(
            batch
                .iter()
                .map(|row| (row.get("sym").unwrap(), row.get("qty").unwrap())),
        );
    }
    let totals = totals.lock().unwrap().clone();
    (totals, rows)
}

#[test]
fn a_program_gets_on_its_own_cluster_what_it_gets_on_one_node() {
    let folder = TempDir::new().unwrap();
    let single = results(DistributedConfig::default());
    assert_eq!(single.0, expected(2_000));
    assert_eq!(results(alone(folder.path())), single);
}

#[test]
fn rows_of_a_program_count_once_when_another_node_is_lost() {
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    let mut cluster = Cluster::start(2, &Wires::default(), &programs);
    let folder = cluster.folder().to_owned();
    let config = DistributedConfig {
        // Less than there is to send: senders wait for commits.
        handler_bytes_max: 64 << 10,
        ..beside(&cluster)
    };
    let sql = format!(
        "{TOTALS}
        CREATE STREAM seen (sym STRING, qty BIGINT)
        WITH ('connector' = 'file', 'path' = '{}', 'format' = 'csv');
        INSERT INTO seen SELECT sym, qty FROM Trades;",
        folder.join("seen.csv").display()
    );
    let runtime = DistributedRuntimeBuilder::new(sql)
        .with_name("totals")
        .with_config(config)
        .with_parallelism(3)
        .build()
        .unwrap();
    let totals = totals(&runtime);
    runtime.start().unwrap();
    cluster.wait_for_nodes(3);
    let trades = runtime.input_handler("Trades").unwrap();
    let pipeline = cluster.pipeline("totals");
    (0..5_000).for_each(|number| trades.send(trade(number)).unwrap());
    cluster.wait_for(pipeline, "on three nodes", |pipeline| {
        let nodes = pipeline
            .assignment
            .as_ref()
            .map(|assignment| assignment.placements.len());
        nodes == Some(3) && pipeline.committed.generation == pipeline.generation
    });
    (5_000..10_000).for_each(|number| trades.send(trade(number)).unwrap());
    cluster.drop_node(1);
    (10_000..20_000).for_each(|number| trades.send(trade(number)).unwrap());
    cluster.wait_for(pipeline, "on two nodes", |pipeline| {
        let nodes = pipeline
            .assignment
            .as_ref()
            .map(|assignment| assignment.placements.len());
        nodes == Some(2)
    });
    assert_eq!(runtime.finish().unwrap(), RunEnd::InputEnded);
    assert_eq!(*totals.lock().unwrap(), expected(20_000));
    let text = std::fs::read_to_string(folder.join("seen.csv")).unwrap();
    let mut seen = BTreeMap::new();
    for (sym, qty) in text.lines().filter_map(|line| line.split_once(',')) {
        let Ok(qty) = qty.parse::<i64>() else { continue };
        let (count, sum) = seen.entry(sym.to_owned()).or_insert((0, 0));
        *count += 1;
        *sum += qty;
    }
    assert_eq!(seen.values().map(|(count, _)| count).sum::<i64>(), 20_000);
    let sums: BTreeMap<String, i64> = seen.into_iter().map(|(sym, (_, sum))| (sym, sum)).collect();
    assert_eq!(sums, expected(20_000));
}

#[test]
fn a_program_that_starts_again_goes_on_with_its_state() {
    let folder = TempDir::new().unwrap();
    let run = |range: std::ops::Range<i64>, is_orderly: bool| {
        let runtime = DistributedRuntimeBuilder::new(TOTALS)
            .with_config(alone(folder.path()))
            .build()
            .unwrap();
        let totals = totals(&runtime);
        runtime.start().unwrap();
        let trades = runtime.input_handler("Trades").unwrap();
        range.for_each(|number| trades.send(trade(number)).unwrap());
        if is_orderly {
            assert_eq!(runtime.shutdown().unwrap(), RunEnd::Stopped);
        } else {
            runtime.abort();
        }
        totals.lock().unwrap().clone()
    };
    run(0..500, true);
    // Nothing is sent to this one: it leaves its pipeline behind, for the next process to take from the cluster.
    run(500..500, false);
    assert_eq!(run(500..1_000, true), expected(1_000));
}

#[test]
fn rows_of_a_program_that_stops_before_its_cluster_runs_it_are_saved() {
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    let mut cluster = Cluster::start_incomplete(2, &Wires::default(), &programs);
    let config = DistributedConfig {
        handler_bytes_max: 64 << 10,
        ..beside(&cluster)
    };
    let runtime = DistributedRuntimeBuilder::new(TOTALS)
        .with_config(config)
        .with_parallelism(3)
        .build()
        .unwrap();
    let totals = totals(&runtime);
    runtime.start().unwrap();
    let trades = runtime.input_handler("Trades").unwrap();
    let (end, count) = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| runtime.shutdown().unwrap());
        let sent = (0..).take_while(|number| trades.send(trade(*number)).is_ok());
        let count = sent.count() as i64;
        cluster.start_node(1);
        (stopped.join().unwrap(), count)
    });
    assert_eq!(end, RunEnd::Stopped);
    assert!(count > 0);
    assert_eq!(*totals.lock().unwrap(), expected(count));
}

/// What a thread comes to, if it comes to anything.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(work()));
    told
}

#[test]
fn a_program_that_is_aborted_while_it_shuts_down_ends() {
    const NUMBERS: &str = "
        CREATE STREAM Numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
        INSERT INTO Odd SELECT n FROM Numbers WHERE n % 2 = 1;";
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    let cluster = Cluster::start(1, &Wires::default(), &programs);
    let runtime = DistributedRuntimeBuilder::new(NUMBERS).with_config(beside(&cluster));
    let runtime = Arc::new(runtime.build().unwrap());
    let (called, is_called) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    // No checkpoint comes through, and the node does not stop at once.
    let wait = move |_: &eventflux::Rows| {
        let _ = called.send(());
        let _ = goes_on.recv();
    };
    runtime.add_callback("Odd", wait).unwrap();
    runtime.start().unwrap();
    is_called.recv().unwrap();
    let pipeline = cluster.pipeline("app");
    let program = Arc::clone(&runtime);
    let shut_down = in_time(move || program.shutdown());
    cluster.wait_for(pipeline, "to stop", |pipeline| {
        pipeline.desired() == Desired::Stopped
    });
    let program = Arc::clone(&runtime);
    let aborted = in_time(move || program.abort());
    assert_eq!(
        shut_down.recv_timeout(PATIENCE).unwrap().unwrap(),
        RunEnd::Stopped
    );
    drop(go_on);
    aborted.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_program_whose_pipeline_is_removed_before_it_shuts_down_says_so() {
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    let cluster = Cluster::start(1, &Wires::default(), &programs);
    let runtime = DistributedRuntimeBuilder::new(TOTALS).with_config(beside(&cluster));
    let runtime = runtime.build().unwrap();
    runtime.start().unwrap();
    let pipeline = cluster.pipeline("app");
    cluster.set(pipeline, Desired::Removed);
    // This node may not have heard of it.
    let error = runtime.shutdown().unwrap_err();
    assert!(matches!(error, DistributedError::Removed { .. }), "{error}");
}

#[test]
fn a_program_that_is_dropped_lets_go_of_everything() {
    let folder = TempDir::new().unwrap();
    let mut last = BTreeMap::new();
    for start in 0..5 {
        let runtime = DistributedRuntimeBuilder::new(TOTALS)
            .with_config(alone(folder.path()))
            .build()
            .unwrap();
        let totals = totals(&runtime);
        runtime.start().unwrap();
        let trades = runtime.input_handler("Trades").unwrap();
        (start * 100..(start + 1) * 100).for_each(|number| trades.send(trade(number)).unwrap());
        runtime.persist_state().unwrap();
        drop(runtime);
        last = totals.lock().unwrap().clone();
    }
    assert_eq!(last, expected(500));
}

#[test]
fn nobody_waits_for_a_program_that_is_gone() {
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    // Nothing is read.
    let cluster = Cluster::start_incomplete(2, &Wires::default(), &programs);
    let config = DistributedConfig {
        handler_bytes_max: 4 << 10,
        ..beside(&cluster)
    };
    let runtime = DistributedRuntimeBuilder::new(TOTALS).with_config(config);
    let runtime = runtime.build().unwrap();
    let mut large = runtime.output_stream("Large").unwrap();
    runtime.start().unwrap();
    let trades = runtime.input_handler("Trades").unwrap();
    let read = in_time(move || large.next_blocking().is_none());
    let (send, sending) = mpsc::channel();
    let sent = in_time(move || {
        (0..).find(|number| {
            let _ = send.send(());
            trades.send(trade(*number)).is_err()
        })
    });
    // Whoever sends waits at some time, or will.
    while sending.recv_timeout(Duration::from_millis(200)).is_ok() {}
    drop(runtime);
    assert!(read.recv_timeout(PATIENCE).unwrap());
    assert!(sent.recv_timeout(PATIENCE).unwrap().is_some());
}

#[test]
fn a_program_says_when_state_is_forgotten_on_one_node_and_on_a_cluster() {
    const COUNTS: &str = "
        CREATE STREAM Logins (at TIMESTAMP, who STRING, WATERMARK FOR at AS at);
        INSERT INTO Counts SELECT who, count(*) AS n FROM Logins GROUP BY who;";
    let last_count = |mode, text: &str, state_ttl| {
        let folder = TempDir::new().unwrap();
        let config = alone(folder.path());
        let config = DistributedConfig {
            mode,
            state_backend: StateBackendConfig {
                state_ttl,
                ..config.state_backend
            },
            ..config
        };
        let runtime = DistributedRuntimeBuilder::new(text).with_config(config);
        let runtime = runtime.with_parallelism(1).build()?;
        let counts = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&counts);
        let take = move |rows: &eventflux::Rows| {
            let mut counts = collected.lock().unwrap();
            counts.extend(rows.iter().map(|row| row.get::<i64>("n").unwrap()));
        };
        runtime.add_callback("Counts", take)?;
        runtime.start()?;
        let logins = runtime.input_handler("Logins")?;
        let at = |hour: u64| std::time::UNIX_EPOCH + Duration::from_secs(3_600 * hour);
        for hour in [1, 2, 4] {
            logins.send((at(hour), "ann")).unwrap();
        }
        runtime.finish()?;
        let last = counts.lock().unwrap().last().copied();
        Ok::<i64, DistributedError>(last.unwrap())
    };
    let hours = |hours: u64| Some(Duration::from_secs(3_600 * hours));
    for mode in [RuntimeMode::SingleNode, RuntimeMode::Distributed] {
        let count = |text: &str, state_ttl| last_count(mode, text, state_ttl);
        assert_eq!(count(COUNTS, None).unwrap(), 3);
        assert_eq!(count(COUNTS, hours(2)).unwrap(), 3);
        assert_eq!(count(COUNTS, hours(1)).unwrap(), 1);
        let own = format!("SET state_ttl = '2h'; {COUNTS}");
        assert_eq!(count(&own, hours(1)).unwrap(), 3);
        let refused = count(COUNTS, hours(0)).unwrap_err().to_string();
        assert!(refused.contains("`state_backend.state_ttl` is 0"), "{refused}");
    }
}

#[test]
fn what_a_program_has_sent_before_it_saves_its_state_is_there_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let build = || {
        let config = alone(folder.path());
        let state_backend = StateBackendConfig {
            // None but the first of a generation, and those that are asked for.
            checkpoint_interval: Duration::from_secs(3_600),
            ..config.state_backend
        };
        let config = DistributedConfig {
            state_backend,
            ..config
        };
        let runtime = DistributedRuntimeBuilder::new(TOTALS)
            .with_config(config)
            .with_parallelism(3);
        runtime.build().unwrap()
    };
    let runtime = build();
    let not_started = runtime.persist_state().unwrap_err().to_string();
    assert_eq!(not_started, "the runtime has not been started");
    runtime.start().unwrap();
    let trades = runtime.input_handler("Trades").unwrap();
    let mut last = 0;
    for range in [0..300, 300..500] {
        range.for_each(|number| trades.send(trade(number)).unwrap());
        let revision = runtime.persist_state().unwrap();
        assert!(revision > last, "{revision} is not newer than {last}");
        last = revision;
    }
    // These are not part of anything that was saved.
    (0..100).for_each(|number| trades.send(trade(number)).unwrap());
    runtime.abort();
    let over = runtime.persist_state().unwrap_err().to_string();
    assert!(over.contains("the checkpoint"), "{over}");
    // It lets go of its data directory.
    drop(runtime);

    let runtime = build();
    let totals = totals(&runtime);
    runtime.start().unwrap();
    let trades = runtime.input_handler("Trades").unwrap();
    (500..1_000).for_each(|number| trades.send(trade(number)).unwrap());
    assert_eq!(runtime.shutdown().unwrap(), RunEnd::Stopped);
    assert_eq!(*totals.lock().unwrap(), expected(1_000));
}

#[test]
fn a_program_that_stops_has_said_goodbye() {
    let programs: Arc<dyn Programs> = Arc::new(SqlPrograms::default());
    let cluster = Cluster::start(1, &Wires::default(), &programs);
    let runtime = DistributedRuntimeBuilder::new(TOTALS)
        .with_config(beside(&cluster))
        .build()
        .unwrap();
    runtime.start().unwrap();
    cluster.wait_for_nodes(2);
    assert_eq!(runtime.shutdown().unwrap(), RunEnd::Stopped);
    // Nobody had to miss it.
    assert_eq!(cluster.nodes_up(), 1);
}

#[test]
fn what_cannot_work_is_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let refusal = |config: DistributedConfig| {
        let built = DistributedRuntimeBuilder::new(TOTALS).with_config(config).build();
        built.err().expect("it is refused").to_string()
    };
    let with_cluster = |cluster: ClusterConfig| DistributedConfig {
        cluster,
        ..alone(folder.path())
    };
    let with_node = |node: NodeConfig| DistributedConfig {
        node,
        ..alone(folder.path())
    };
    let cases = [
        (
            DistributedConfig {
                state_backend: StateBackendConfig::default(),
                ..alone(folder.path())
            },
            "set `state_backend.implementation`",
        ),
        (
            with_cluster(ClusterConfig {
                min_nodes: 0,
                ..ClusterConfig::default()
            }),
            "set it to 1 or more",
        ),
        (
            with_cluster(ClusterConfig {
                min_nodes: 3,
                ..ClusterConfig::default()
            }),
            "set `cluster.seed_nodes`",
        ),
        (
            with_cluster(ClusterConfig {
                seed_nodes: vec!["node-0".into()],
                ..ClusterConfig::default()
            }),
            "is not of the form `host:port`",
        ),
        (
            with_cluster(ClusterConfig {
                seed_nodes: vec!["node-0:8080".into()],
                ..ClusterConfig::default()
            }),
            "set `node.listen` to an address",
        ),
        (
            with_node(NodeConfig {
                listen: "0.0.0.0:0".into(),
                ..NodeConfig::default()
            }),
            "set `node.endpoint`",
        ),
        (
            with_node(NodeConfig {
                endpoint: Some("node-1:8080".into()),
                ..NodeConfig::default()
            }),
            "`node.listen` has none",
        ),
        (
            with_node(NodeConfig {
                data_listen: "here".into(),
                ..NodeConfig::default()
            }),
            "`node.data_listen` is `here`",
        ),
        (
            DistributedConfig {
                transport: TransportConfig {
                    implementation: TransportType::GRPC,
                    tls: Some(TlsConfig {
                        cert_path: "/none.crt".into(),
                        key_path: "/none.key".into(),
                        ca_path: "/none.ca".into(),
                    }),
                    ..TransportConfig::default()
                },
                ..alone(folder.path())
            },
            "/none.crt",
        ),
    ];
    for (config, expected) in cases {
        let refused = refusal(config);
        assert!(refused.contains(expected), "{refused}");
    }
    let wrong = DistributedRuntimeBuilder::new("SELEC 1").with_config(alone(folder.path()));
    let wrong = wrong.build().err().expect("it is refused").to_string();
    assert!(wrong.contains("app.sql:1:1"), "{wrong}");
}

#[test]
fn a_program_does_not_wait_for_the_end_of_what_never_ends() {
    let folder = TempDir::new().unwrap();
    let sql = "
        CREATE STREAM Ticks (n BIGINT) WITH ('connector' = 'datagen', 'rows_per_second' = '100');
        INSERT INTO Seen SELECT n FROM Ticks;";
    let runtime = DistributedRuntimeBuilder::new(sql)
        .with_config(alone(folder.path()))
        .build()
        .unwrap();
    let mut seen = runtime.output_stream("Seen").unwrap();
    runtime.start().unwrap();
    assert!(seen.next_blocking().is_some());
    let refused = runtime.finish().unwrap_err().to_string();
    assert!(refused.contains("use `shutdown`"), "{refused}");
    drop(seen);
    assert_eq!(runtime.shutdown().unwrap(), RunEnd::Stopped);
}

#[test]
fn a_node_that_finds_no_cluster_says_what_is_in_its_way() {
    let folder = TempDir::new().unwrap();
    let config = DistributedConfig {
        cluster: ClusterConfig {
            // Nobody listens at this port, which is for tests of TCP itself.
            seed_nodes: vec!["127.0.0.1:1".into()],
            join_timeout: Duration::from_millis(300),
            ..ClusterConfig::default()
        },
        ..alone(folder.path())
    };
    // Each try listens where the one before did.
    for _ in 0..3 {
        let runtime = DistributedRuntimeBuilder::new(TOTALS)
            .with_config(config.clone())
            .build()
            .unwrap();
        let mut large = runtime.output_stream("Large").unwrap();
        let refused = runtime.start().unwrap_err().to_string();
        assert!(
            refused.contains("node `app` has not become part of the cluster `eventflux`"),
            "{refused}"
        );
        assert!(refused.contains("127.0.0.1:1"), "{refused}");
        assert!(large.next_blocking().is_none());
    }
}

/// Set for the process that looks at its own sockets.
const CHILD: &str = "EVENTFLUX_TEST_SOCKETS";

/// Sockets of the network that this process has.
fn sockets() -> usize {
    let of_network: Vec<String> = ["tcp", "tcp6", "udp", "udp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(format!("/proc/self/net/{table}")).ok())
        .flat_map(|table| {
            let inode = |line: &str| {
                line.split_whitespace()
                    .nth(9)
                    .map(|inode| format!("socket:[{inode}]"))
            };
            table.lines().skip(1).filter_map(inode).collect::<Vec<_>>()
        })
        .collect();
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    links
        .filter(|link| {
            of_network
                .iter()
                .any(|socket| link.as_os_str() == socket.as_str())
        })
        .count()
}

#[test]
fn one_node_opens_no_socket() {
    if std::env::var_os(CHILD).is_none() {
        // Other tests of this process have sockets.
        let test = "cluster::embedded::one_node_opens_no_socket";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = TempDir::new().unwrap();
    let sockets_of = |config: DistributedConfig| {
        let runtime = DistributedRuntimeBuilder::new(TOTALS)
            .with_config(config)
            .build()
            .unwrap();
        runtime.start().unwrap();
        runtime
            .input_handler("Trades")
            .unwrap()
            .send(("A", 1_i64))
            .unwrap();
        let count = sockets();
        runtime.shutdown().unwrap();
        count
    };
    let single = DistributedConfig {
        mode: RuntimeMode::SingleNode,
        ..alone(folder.path())
    };
    assert_eq!(sockets_of(single), 0);
    assert!(
        sockets_of(alone(folder.path())) >= 2,
        "the control plane and the data plane listen"
    );
}
