//! EventFlux, over the streams of `flights.sql`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use eventflux::batch::EventBatch;
use eventflux::built_in_registry;
use eventflux::plan::PhysicalPlan;
use eventflux::runtime::{RunSummary, Runtime, RuntimeConfig};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::diagnostic::render::concise;
use eventflux::sql::{CompileContext, compile};

use super::canonical::Table;

const STREAMS: &str = include_str!("flights.sql");

/// The result of the query's bare SELECT over the data in a folder.
pub fn run(query: &str, folder: &Path, parallelism: usize, batch_rows: usize) -> Result<Table, String> {
    let config = RuntimeConfig {
        parallelism,
        batch_rows_max: batch_rows,
        ..config()
    };
    let runtime = Runtime::new(plan(query, folder)?, config).map_err(|error| error.to_string())?;
    let batches: Arc<Mutex<Vec<EventBatch>>> = Arc::default();
    let columns = collect(&runtime, &batches)?;
    let summary = runtime
        .start()
        .and_then(|running| running.wait())
        .map_err(|error| error.to_string())?;
    check_losses(&summary)?;
    Table::fold(columns, &batches.lock().unwrap())
}

/// The plan of a query over the data in a folder.
pub fn plan(query: &str, folder: &Path) -> Result<PhysicalPlan, String> {
    let data = format!("{}/examples/data/", folder.display());
    let text = format!("{STREAMS}\n{query}").replace("examples/data/", &data);
    let source = SourceText::new("query.sql", text);
    let context = CompileContext {
        registry: built_in_registry(),
        ..CompileContext::default()
    };
    let app = compile(&source, &context).map_err(|diagnostics| concise(&source, &diagnostics))?;
    Ok(app.plan)
}

/// How any run is configured.
pub fn config() -> RuntimeConfig {
    RuntimeConfig {
        registry: built_in_registry(),
        ..RuntimeConfig::default()
    }
}

/// Lets a run add its rows to others, and gives the names of their columns.
pub fn collect(runtime: &Runtime, batches: &Arc<Mutex<Vec<EventBatch>>>) -> Result<Vec<String>, String> {
    let outlet = runtime.outlet("select").ok_or("the query has no bare SELECT")?;
    let collected = Arc::clone(batches);
    outlet.add_callback(move |batch| collected.lock().unwrap().push(batch.clone()));
    let fields = outlet.schema().fields().iter();
    Ok(fields.map(|field| field.name().clone()).collect())
}

/// No query loses rows.
pub fn check_losses(summary: &RunSummary) -> Result<(), String> {
    let lost = (summary.metrics.bad_rows(), summary.metrics.late_rows());
    if lost == (0, 0) {
        return Ok(());
    }
    let reason = summary
        .metrics
        .operators
        .iter()
        .find_map(|operator| operator.first_bad_row.clone());
    Err(format!(
        "{} bad rows and {} late ones: {reason:?}",
        lost.0, lost.1
    ))
}
