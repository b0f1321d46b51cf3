//! EventFlux, over the streams of `flights.sql`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use eventflux::batch::EventBatch;
use eventflux::built_in_registry;
use eventflux::runtime::{Runtime, RuntimeConfig};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::diagnostic::render::concise;
use eventflux::sql::{CompileContext, compile};

use super::canonical::Table;

const STREAMS: &str = include_str!("flights.sql");

/// The result of the query's bare SELECT over the data in a folder.
pub fn run(query: &str, folder: &Path, parallelism: usize, batch_rows: usize) -> Result<Table, String> {
    let data = format!("{}/examples/data/", folder.display());
    let text = format!("{STREAMS}\n{query}").replace("examples/data/", &data);
    let source = SourceText::new("query.sql", text);
    let context = CompileContext {
        registry: built_in_registry(),
        ..CompileContext::default()
    };
    let app = compile(&source, &context).map_err(|diagnostics| concise(&source, &diagnostics))?;
    let config = RuntimeConfig {
        parallelism,
        batch_rows_max: batch_rows,
        registry: built_in_registry(),
        ..RuntimeConfig::default()
    };
    let runtime = Runtime::new(app.plan, config).map_err(|error| error.to_string())?;
    let outlet = runtime.outlet("select").ok_or("the query has no bare SELECT")?;
    let columns = outlet
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let batches: Arc<Mutex<Vec<EventBatch>>> = Arc::default();
    let collected = Arc::clone(&batches);
    outlet.add_callback(move |batch| collected.lock().unwrap().push(batch.clone()));
    let summary = runtime
        .start()
        .and_then(|running| running.wait())
        .map_err(|error| error.to_string())?;
    let lost = (summary.metrics.bad_rows(), summary.metrics.late_rows());
    if lost != (0, 0) {
        let reason = summary
            .metrics
            .operators
            .iter()
            .find_map(|operator| operator.first_bad_row.clone());
        return Err(format!(
            "{} bad rows and {} late ones: {reason:?}",
            lost.0, lost.1
        ));
    }
    let batches = batches.lock().unwrap();
    Table::fold(columns, &batches)
}
