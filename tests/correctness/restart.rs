//! EventFlux over the streams of `flights.sql`, stopped and started again on the way, and with next to no memory.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventflux::batch::EventBatch;
use eventflux::checkpoint::CheckpointConfig;
use eventflux::persistence::MemoryStore;
use eventflux::plan::PhysicalPlan;
use eventflux::runtime::{MemoryLimit, RunEnd, RunSummary, Runtime, RuntimeConfig};
use tempfile::TempDir;

use super::canonical::Table;
use super::engine;

/// How often a run is asked how far it has come.
const POLL: Duration = Duration::from_micros(500);

/// Of one run after the other.
const PARALLELISMS: [usize; 3] = [1, 3, 2];

/// When a query is stopped, and with how much memory it runs.
pub struct Restarts<'a> {
    /// A run is stopped when it has read about so many rows more, the last of these numbers again and again; without any it is
    /// not stopped, and has no checkpoints either.
    pub stops: &'a [u64],
    pub batch_rows: usize,
    /// Bytes of state in memory; the rest is in a folder.
    pub state_bytes: Option<u64>,
}

/// What a query has come to.
pub struct Outcome {
    pub table: Table,
    /// Rows of state that left memory, and that were looked for on the disk.
    pub evictions: u64,
    pub cold_reads: u64,
}

/// The result of the query's bare SELECT over all runs together. The next run has another parallelism each time.
pub fn run(query: &str, folder: &Path, restarts: &Restarts<'_>) -> Result<Outcome, String> {
    let plan = engine::plan(query, folder)?;
    let store = Arc::new(MemoryStore::default());
    let cold = TempDir::new().map_err(|error| error.to_string())?;
    let memory = restarts.state_bytes.map(|state_bytes| MemoryLimit {
        bytes: 64 << 20,
        state_bytes: Some(state_bytes),
        folder: cold.path().join("cold"),
        is_kept: true,
    });
    let batches: Arc<Mutex<Vec<EventBatch>>> = Arc::default();
    let mut columns = Vec::new();
    let (mut evictions, mut cold_reads) = (0, 0);
    let more = std::iter::repeat(restarts.stops.last().unwrap_or(&u64::MAX));
    for (number, stop) in restarts.stops.iter().chain(more).enumerate() {
        let has_checkpoints = !restarts.stops.is_empty();
        let config = RuntimeConfig {
            parallelism: PARALLELISMS[number % PARALLELISMS.len()],
            batch_rows_max: restarts.batch_rows,
            checkpoints: has_checkpoints.then(|| CheckpointConfig::new(Arc::clone(&store) as _)),
            memory: memory.clone(),
            ..engine::config()
        };
        let summary = one_run(plan.clone(), config, *stop, &batches, &mut columns)?;
        for operator in &summary.metrics.operators {
            evictions += operator.state_evictions;
            cold_reads += operator.cold_reads;
        }
        if summary.end == RunEnd::InputEnded {
            break;
        }
    }
    Ok(Outcome {
        table: Table::fold(columns, &batches.lock().unwrap())?,
        evictions,
        cold_reads,
    })
}

fn one_run(
    plan: PhysicalPlan,
    config: RuntimeConfig,
    stop: u64,
    batches: &Arc<Mutex<Vec<EventBatch>>>,
    columns: &mut Vec<String>,
) -> Result<RunSummary, String> {
    let runtime = Runtime::new(plan, config).map_err(|error| error.to_string())?;
    *columns = engine::collect(&runtime, batches)?;
    let running = runtime.start().map_err(|error| error.to_string())?;
    while !running.is_over() && running.metrics().rows_in() < stop {
        // Nothing tells of rows; without a pause this would take a core.
        std::thread::park_timeout(POLL);
    }
    // A run that is told to stop after its end would say that it was stopped.
    if !running.is_over() {
        running.stop();
    }
    let summary = running.wait().map_err(|error| error.to_string())?;
    engine::check_losses(&summary)?;
    Ok(summary)
}
