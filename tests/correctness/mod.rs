//! Every query of `queries/` gives the same result as DuckDB, at each parallelism and batch size, and when it is stopped and
//! started again on the way, and with next to no memory (see README.md).

mod canonical;
mod cluster;
mod engine;
mod oracle;
mod restart;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use canonical::Table;
use cluster::QueryCluster;
use eventflux::persistence::Compression;
use oracle::Oracle;
use restart::Restarts;
use tempfile::TempDir;

use crate::cluster::kit::{Wire, Wires};

/// Rows to query, and how.
struct Round {
    /// Every so many-th row of the data.
    step: usize,
    /// Subtasks per operator, and rows per batch.
    runs: &'static [(usize, usize)],
    /// When a query is stopped and started again: after about so many rows each time, the last of them again and again up to the
    /// end of the input, with the last run's rows per batch.
    stops: &'static [u64],
}

/// Batches of one row cost so much each that they get a part of the data.
const ROUNDS: [Round; 2] = [
    Round {
        step: 1,
        runs: &[(1, 4096), (3, 4096)],
        stops: &[],
    },
    Round {
        step: 37,
        runs: &[(1, 1), (3, 1)],
        stops: &[1, 7, 40],
    },
];

struct Query {
    name: String,
    eventflux: String,
    duckdb: String,
}

fn queries() -> Vec<Query> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/correctness/queries");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let (eventflux, duckdb) = text.split_once("-- duckdb:\n").unwrap_or((&text, &text));
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            Query {
                name,
                eventflux: eventflux.to_owned(),
                duckdb: duckdb.to_owned(),
            }
        })
        .collect()
}

/// A folder with every so many-th row of all data.
fn part_of_the_data(step: usize) -> TempDir {
    let place = TempDir::new().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let part = place.path().join("examples/data");
    std::fs::create_dir_all(&part).unwrap();
    for entry in std::fs::read_dir(data).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "csv") {
            let text = std::fs::read_to_string(&file).unwrap();
            let mut lines = text.split_inclusive('\n');
            let header = lines.next().unwrap();
            let rows: String = std::iter::once(header).chain(lines.step_by(step)).collect();
            std::fs::write(part.join(file.file_name().unwrap()), rows).unwrap();
        }
    }
    place
}

fn check(query: &Query, expected: &Table, folder: &Path, round: &Round) -> Result<(), String> {
    for (parallelism, batch_rows) in round.runs {
        let found = engine::run(&query.eventflux, folder, *parallelism, *batch_rows)
            .map_err(|error| format!("{}: {error}", query.name))?;
        found.same_as(expected).map_err(|difference| {
            format!(
                "{} (parallelism {parallelism}, {batch_rows} rows per batch): {difference}",
                query.name
            )
        })?;
    }
    if round.stops.is_empty() {
        return Ok(());
    }
    let restarts = Restarts {
        stops: round.stops,
        batch_rows: round.runs.last().map_or(1, |(_, batch_rows)| *batch_rows),
        state_bytes: None,
    };
    let found = restart::run(&query.eventflux, folder, &restarts)
        .map_err(|error| format!("{}, started again: {error}", query.name))?;
    found
        .table
        .same_as(expected)
        .map_err(|difference| format!("{}, started again: {difference}", query.name))
}

/// Does something with each query and what DuckDB answers to it; gives the failures.
fn failures(
    queries: &[Query],
    step: usize,
    check: impl Fn(&Query, &Table, &Path) -> Result<(), String> + Sync,
) -> Vec<String> {
    let folder = part_of_the_data(step);
    let mut oracle = Oracle::start(folder.path());
    let expected: Vec<Table> = queries
        .iter()
        .map(|query| oracle.answer(&query.name, &query.duckdb))
        .collect();
    let work = Mutex::new(queries.iter().zip(&expected));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((query, expected)) = work.lock().unwrap().next() else {
                        break;
                    };
                    if let Err(failure) = check(query, expected, folder.path()) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

/// Clusters: how many nodes, and how they are joined.
const CLUSTERS: [(usize, Wire, bool, Compression); 6] = [
    (1, Wire::Tcp, false, Compression::None),
    (2, Wire::Tcp, true, Compression::Lz4),
    (3, Wire::Grpc, true, Compression::Zstd),
    (3, Wire::Tcp, false, Compression::Snappy),
    (2, Wire::Grpc, false, Compression::None),
    (3, Wire::Tcp, true, Compression::None),
];

/// Queries that run on a cluster at the same time.
const AT_ONCE: usize = 6;

/// Each query runs on a cluster of each size, and on half of the other ones.
fn runs_on(query: usize, cluster: usize) -> bool {
    cluster < 3 || (query + cluster).is_multiple_of(2)
}

#[test]
fn results_on_clusters_equal_those_of_a_batch_engine() {
    let folder = part_of_the_data(37);
    let queries = queries();
    let mut oracle = Oracle::start(folder.path());
    let expected: Vec<Table> = queries
        .iter()
        .map(|query| oracle.answer(&query.name, &query.duckdb))
        .collect();
    let failures = Mutex::new(Vec::new());
    for (place, (count, wire, is_secure, compression)) in CLUSTERS.into_iter().enumerate() {
        let wires = Wires::new(count, wire, is_secure, compression);
        let cluster = QueryCluster::start(count, &wires, folder.path(), 64);
        let runs = queries.iter().zip(&expected).enumerate();
        let work = Mutex::new(runs.filter(|(number, _)| runs_on(*number, place)));
        let failed = |(query, expected): (&Query, &Table)| {
            let found = cluster.run(&query.name, &query.eventflux);
            let difference = found.and_then(|found| found.same_as(expected)).err()?;
            Some(format!(
                "{} on {count} nodes over {wire:?} (TLS: {is_secure}, {compression}): {difference}",
                query.name
            ))
        };
        // Each waits for disks and answers most of the time.
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let Some((_, run)) = work.lock().unwrap().next() else {
                            break;
                        };
                        failures.lock().unwrap().extend(failed(run));
                    }
                });
            }
        });
    }
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} runs differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn results_equal_those_of_a_batch_engine() {
    let queries = queries();
    assert!(queries.len() >= 40, "only {} queries", queries.len());
    let of_round = |round: &Round| {
        failures(&queries, round.step, |query, expected, folder| {
            check(query, expected, folder, round)
        })
    };
    let failures: Vec<String> = ROUNDS.iter().flat_map(of_round).collect();
    assert!(
        failures.is_empty(),
        "{} runs of {} queries differ:\n{}",
        failures.len(),
        queries.len(),
        failures.join("\n")
    );
}

/// Bytes of state in memory: a few groups.
const TINY_BYTES: u64 = 16 << 10;

/// How a query runs with them: through to its end without checkpoints; and stopped twice, with what it has on the disk.
const TINY_RUNS: [Restarts<'static>; 2] = [
    Restarts {
        stops: &[],
        batch_rows: 64,
        state_bytes: Some(TINY_BYTES),
    },
    Restarts {
        stops: &[400, 800, u64::MAX],
        batch_rows: 64,
        state_bytes: Some(TINY_BYTES),
    },
];

#[test]
fn next_to_no_memory_gives_the_same_results() {
    let queries = queries();
    let spilled = Mutex::new(BTreeMap::<String, (u64, u64)>::new());
    let failures = failures(&queries, 13, |query, expected, folder| {
        for restarts in &TINY_RUNS {
            let how = if restarts.stops.is_empty() {
                ""
            } else {
                ", started again"
            };
            let failed = |message| format!("{}, with next to no memory{how}: {message}", query.name);
            let found = restart::run(&query.eventflux, folder, restarts).map_err(failed)?;
            found.table.same_as(expected).map_err(failed)?;
            let mut spilled = spilled.lock().unwrap();
            let counts = spilled.entry(query.name.clone()).or_default();
            counts.0 += found.evictions;
            counts.1 += found.cold_reads;
        }
        Ok(())
    });
    assert!(
        failures.is_empty(),
        "{} of {} queries differ:\n{}",
        failures.len(),
        queries.len(),
        failures.join("\n")
    );
    let spilled = spilled.into_inner().unwrap();
    let is_used = |(evictions, cold_reads): &(u64, u64)| *evictions > 0 && *cold_reads > 0;
    let used = spilled.values().filter(|counts| is_used(counts)).count();
    assert!(
        used >= 25,
        "only {used} queries had rows on the disk: {spilled:?}"
    );
    for name in [
        "group_by_columns",
        "cube",
        "hop",
        "session",
        "distinct_of_sessions",
    ] {
        let counts = spilled.get(name).unwrap();
        assert!(is_used(counts), "{name}: {counts:?}");
    }
}
