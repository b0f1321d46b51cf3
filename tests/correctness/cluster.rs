//! The queries on clusters: so many nodes, joined in each way that there is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use eventflux::batch::EventBatch;
use eventflux::distributed::coordinator::PipelineSpec;
use eventflux::distributed::node::{Program, ProgramError, ProgramRun, Programs, Submission};
use eventflux::runtime::{Runtime, RuntimeConfig};

use super::canonical::Table;
use super::engine;
use crate::cluster::kit::{Cluster, Wires};

/// Subtasks per operator, on however many nodes.
const PARALLELISM: usize = 3;

/// A cluster whose pipelines are queries; what their bare SELECTs give is collected here.
pub struct QueryCluster {
    cluster: Cluster,
    collected: Arc<Collected>,
}

/// Plans queries over the data in a folder.
struct Collected {
    folder: PathBuf,
    batch_rows: usize,
    /// By pipeline: the columns, and the rows that each generation gave.
    results: Mutex<BTreeMap<String, Result>>,
}

#[derive(Default)]
struct Result {
    columns: Vec<String>,
    batches: Arc<Mutex<Vec<EventBatch>>>,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected").finish_non_exhaustive()
    }
}

impl Collected {
    fn plan(&self, sql: &str, config: RuntimeConfig) -> std::result::Result<Runtime, ProgramError> {
        let plan = engine::plan(sql, &self.folder).map_err(ProgramError::Refused)?;
        Ok(Runtime::new(plan, config)?)
    }
}

impl Programs for Collected {
    fn describe(&self, submission: &Submission) -> std::result::Result<Program, ProgramError> {
        let runtime = self.plan(&submission.sql, engine::config())?;
        Ok(Program {
            identity: runtime.plan_identity(),
            parallelism: None,
            settings: Vec::new(),
        })
    }

    fn runtime(&self, spec: &PipelineSpec, run: ProgramRun) -> std::result::Result<Runtime, ProgramError> {
        let config = RuntimeConfig {
            parallelism: spec.parallelism as usize,
            batch_rows_max: self.batch_rows,
            checkpoints: Some(run.checkpoints),
            key_group_map: Some(run.key_group_map),
            ..engine::config()
        };
        let runtime = self.plan(&spec.sql, config)?;
        let mut results = self.results.lock().unwrap();
        let result = results.entry(spec.name.clone()).or_default();
        result.columns = engine::collect(&runtime, &result.batches).map_err(ProgramError::Refused)?;
        Ok(runtime)
    }
}

impl QueryCluster {
    /// So many nodes that read the data in a folder.
    pub fn start(count: usize, wires: &Wires, folder: &Path, batch_rows: usize) -> Self {
        let collected = Arc::new(Collected {
            folder: folder.to_owned(),
            batch_rows,
            results: Mutex::default(),
        });
        let programs: Arc<dyn Programs> = Arc::clone(&collected) as _;
        Self {
            cluster: Cluster::start(count, wires, &programs),
            collected,
        }
    }

    /// The result of a query's bare SELECT.
    pub fn run(&self, name: &str, query: &str) -> std::result::Result<Table, String> {
        let submission = Submission {
            name: name.to_owned(),
            sql: query.to_owned(),
            parallelism: Some(PARALLELISM),
            settings: Vec::new(),
        };
        let pipeline = self
            .cluster
            .submit(submission)
            .map_err(|error| error.to_string())?;
        let finished = self.cluster.wait_until_finished(pipeline);
        // Rows that are collected in a process come again in another generation.
        if finished.generation != finished.spec.generation_floor + 1 {
            return Err("a node was lost, though none had a reason".into());
        }
        let results = self.collected.results.lock().unwrap();
        let result = results.get(name).ok_or("nothing ran")?;
        let batches = result.batches.lock().unwrap();
        Table::fold(result.columns.clone(), &batches)
    }
}
