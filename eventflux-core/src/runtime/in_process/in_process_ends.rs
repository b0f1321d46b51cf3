//! The inputs and outputs of this process, of one plan.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::{Input, InputQueue, Outlet};
use crate::error::{Error, Result};
use crate::plan::{OperatorSpec, PhysicalPlan, SourceKind, SourceSpec};
use crate::runtime::config::RuntimeConfig;

/// The handlers, callbacks and row streams of one plan.
///
/// A run makes its own, which end with it. Those of [`InProcessEnds::kept`] outlive runs: of several runs of the same plan, one after
/// the other, each goes on with them ([`RuntimeConfig::in_process`]). Rows that a handler has taken are kept until a checkpoint with
/// them is committed, and count against the handler's budget of bytes until then; a run that takes over from one that was given up
/// begins with the row after its checkpoint. Callbacks and row streams may get rows again.
///
/// **Invariants** Nobody waits for ends that are gone: handlers refuse rows then, and row streams end.
pub struct InProcessEnds {
    /// By the ids of the sources.
    queues: HashMap<String, Arc<InputQueue>>,
    inputs: BTreeMap<String, Input>,
    outlets: BTreeMap<String, Outlet>,
    /// `None`: they are those of one run.
    session: Option<String>,
}

impl fmt::Debug for InProcessEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessEnds")
            .field("inputs", &self.inputs.keys())
            .field("outlets", &self.outlets.keys())
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl InProcessEnds {
    /// Ends that outlive runs of a plan. The session is a name that no other process, and none of this one before, has given to ends of
    /// the same state: positions in another's rows mean nothing here.
    ///
    /// **Errors** A stream of this process wants what only a connector has.
    pub fn kept(plan: &PhysicalPlan, config: &RuntimeConfig, session: impl Into<String>) -> Result<Self> {
        Self::plan(plan, config, Some(session.into()))
    }

    /// Ends of one run.
    pub(crate) fn of_run(plan: &PhysicalPlan, config: &RuntimeConfig) -> Result<Self> {
        Self::plan(plan, config, None)
    }

    fn plan(plan: &PhysicalPlan, config: &RuntimeConfig, session: Option<String>) -> Result<Self> {
        let mut queues = HashMap::new();
        let mut outlets = BTreeMap::new();
        let mut streams: BTreeMap<&str, (SchemaRef, Vec<Arc<InputQueue>>)> = BTreeMap::new();
        for node in &plan.nodes {
            match &node.spec {
                OperatorSpec::Source(spec) if matches!(spec.kind, SourceKind::InProcess) => {
                    let schema = schema_of(spec)?;
                    let queue = Arc::new(InputQueue::new(
                        Arc::clone(&schema),
                        config.input_bytes_max,
                        config.batch_rows_max,
                        session.is_some(),
                    )?);
                    queues.insert(node.operator_id.clone(), Arc::clone(&queue));
                    let (_, of_stream) = streams.entry(&spec.stream).or_insert((schema, Vec::new()));
                    of_stream.push(queue);
                }
                OperatorSpec::InProcessSink(spec) => {
                    let outlet = || Outlet::new(&spec.stream, Arc::clone(&spec.schema));
                    outlets.entry(spec.stream.clone()).or_insert_with(outlet);
                }
                _ => {}
            }
        }
        let inputs = streams.into_iter();
        let input =
            |(stream, (schema, queues)): (&str, _)| (stream.to_owned(), Input::new(stream, schema, queues));
        Ok(Self {
            inputs: inputs.map(input).collect(),
            queues,
            outlets,
            session,
        })
    }

    /// The handler of an input stream.
    pub fn input(&self, stream: &str) -> Option<&Input> {
        self.inputs.get(stream)
    }

    /// All input streams, by name.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.values()
    }

    /// The outlet of an output stream.
    pub fn outlet(&self, stream: &str) -> Option<&Outlet> {
        self.outlets.get(stream)
    }

    /// All output streams, by name.
    pub fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        self.outlets.values()
    }

    /// No handler takes more rows; streams do not end by that.
    pub fn close_inputs(&self) {
        self.queues.values().for_each(|queue| queue.close());
    }

    /// No handler takes more rows, and the streams end.
    pub fn end_inputs(&self) {
        self.queues.values().for_each(|queue| queue.end());
    }

    /// Whether a handler has taken rows that no checkpoint is known to have. Of ends that outlive runs.
    pub fn hold_rows(&self) -> bool {
        self.queues.values().any(|queue| queue.holds_rows())
    }

    /// Row streams end.
    pub fn end_outputs(&self) {
        self.outlets.values().for_each(Outlet::end);
    }

    /// Whether they outlive runs.
    pub(crate) fn is_kept(&self) -> bool {
        self.session.is_some()
    }

    pub(crate) fn session(&self) -> &str {
        self.session.as_deref().unwrap_or_default()
    }

    /// The queue of a source.
    pub(crate) fn queue(&self, operator_id: &str) -> Option<&Arc<InputQueue>> {
        self.queues.get(operator_id)
    }
}

impl Drop for InProcessEnds {
    fn drop(&mut self) {
        self.end_inputs();
        self.end_outputs();
    }
}

/// The columns that handlers of a stream give values for.
fn schema_of(spec: &SourceSpec) -> Result<SchemaRef> {
    if let Some(column) = spec.columns.iter().find(|column| column.metadata.is_some()) {
        let name = column.field.name();
        let message = format!(
            "column `{name}` of {} is metadata of a connector, and there is none",
            spec.stream
        );
        return Err(Error::Columns(message));
    }
    Ok(Arc::new(Schema::clone(&spec.declared)))
}
