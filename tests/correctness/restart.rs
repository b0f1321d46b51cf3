//! EventFlux over the streams of `flights.sql`, stopped and started again on the way.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventflux::batch::EventBatch;
use eventflux::checkpoint::CheckpointConfig;
use eventflux::persistence::MemoryStore;
use eventflux::plan::PhysicalPlan;
use eventflux::runtime::{RunEnd, Runtime, RuntimeConfig};

use super::canonical::Table;
use super::engine;

/// How often a run is asked how far it has come.
const POLL: Duration = Duration::from_micros(500);

/// Of one run after the other.
const PARALLELISMS: [usize; 3] = [1, 3, 2];

/// The result of the query's bare SELECT over all runs together. A run is stopped when it has read about so many rows more, the
/// last of these numbers again and again, and the next one has another parallelism.
pub fn run(query: &str, folder: &Path, stops: &[u64], batch_rows: usize) -> Result<Table, String> {
    let plan = engine::plan(query, folder)?;
    let store = Arc::new(MemoryStore::default());
    let batches: Arc<Mutex<Vec<EventBatch>>> = Arc::default();
    let mut columns = Vec::new();
    let more = std::iter::repeat(stops.last().unwrap_or(&u64::MAX));
    for (number, stop) in stops.iter().chain(more).enumerate() {
        let config = RuntimeConfig {
            parallelism: PARALLELISMS[number % PARALLELISMS.len()],
            batch_rows_max: batch_rows,
            checkpoints: Some(CheckpointConfig::new(Arc::clone(&store) as _)),
            ..engine::config()
        };
        if one_run(plan.clone(), config, *stop, &batches, &mut columns)? == RunEnd::InputEnded {
            break;
        }
    }
    Table::fold(columns, &batches.lock().unwrap())
}

fn one_run(
    plan: PhysicalPlan,
    config: RuntimeConfig,
    stop: u64,
    batches: &Arc<Mutex<Vec<EventBatch>>>,
    columns: &mut Vec<String>,
) -> Result<RunEnd, String> {
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
    Ok(summary.end)
}
