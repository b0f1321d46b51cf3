//! Every query of `queries/` gives the same result as DuckDB, at each parallelism and batch size (see README.md).

mod canonical;
mod engine;
mod oracle;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use canonical::Table;
use oracle::Oracle;

/// Subtasks per operator, and rows per batch.
const RUNS: [(usize, usize); 2] = [(1, 4096), (3, 4096)];

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

fn check(query: &Query, expected: &Table) -> Result<(), String> {
    for (parallelism, batch_rows) in RUNS {
        let found = engine::run(&query.eventflux, parallelism, batch_rows)
            .map_err(|error| format!("{}: {error}", query.name))?;
        found.same_as(expected).map_err(|difference| {
            format!(
                "{} (parallelism {parallelism}, {batch_rows} rows per batch): {difference}",
                query.name
            )
        })?;
    }
    Ok(())
}

#[test]
fn results_equal_those_of_a_batch_engine() {
    let queries = queries();
    assert!(queries.len() >= 40, "only {} queries", queries.len());
    let mut oracle = Oracle::start();
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
                    if let Err(failure) = check(query, expected) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} queries differ:\n{}",
        failures.len(),
        queries.len(),
        failures.join("\n")
    );
}
