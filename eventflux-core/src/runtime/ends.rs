//! The ends of a plan in a real run: connectors, and inputs and outputs of this process.

use std::collections::HashMap;
use std::sync::Arc;

use super::chain::{Next, OutletStage, SinkKind, SinkStage};
use super::config::RuntimeConfig;
use super::graph::{End, OpenSource, Outside};
use super::in_process::{InProcessEnds, Input, InputSource, Outlet};
use super::meter::OperatorEntry;
use super::source::ValuesSource;
use super::task::Task;
use super::trouble::{TroubleReport, Troubles};
use crate::checkpoint::restore::Restored;
use crate::connector::{
    ExactlyOncePlan, Options, SinkContext, SinkPlan, SinkRequest, SourceContext, SourcePlan, SourcePosition,
    SourceRequest,
};
use crate::error::{Error, Result};
use crate::plan::{Node, NodeId, OperatorSpec, PhysicalPlan, SinkSpec, SourceKind, SourceSpec};

/// Everything at the ends of one plan, planned but not opened.
pub(crate) struct Ends {
    sources: HashMap<NodeId, Box<dyn SourcePlan>>,
    sinks: HashMap<NodeId, Box<dyn SinkPlan>>,
    in_process: Arc<InProcessEnds>,
}

impl Ends {
    /// Plans all connectors, with all references in their options resolved, and makes the ends in this process unless there are some.
    ///
    /// **Errors** A connector is not known or refuses its options; a stream of this process wants what only a connector has.
    pub(crate) fn plan(plan: &PhysicalPlan, config: &RuntimeConfig) -> Result<Self> {
        let in_process = match &config.in_process {
            Some(kept) => Arc::clone(kept),
            None => Arc::new(InProcessEnds::of_run(plan, config)?),
        };
        let mut ends = Self {
            sources: HashMap::new(),
            sinks: HashMap::new(),
            in_process,
        };
        for node in &plan.nodes {
            match &node.spec {
                OperatorSpec::Source(spec) => {
                    if let SourceKind::Connector { connector, options } = &spec.kind {
                        let options = Options::resolved(options, config.references.as_ref())?;
                        ends.sources
                            .insert(node.id, plan_source(spec, connector, &options, config)?);
                    }
                }
                OperatorSpec::Sink(spec) => {
                    let options = Options::resolved(&spec.options, config.references.as_ref())?;
                    ends.sinks.insert(node.id, plan_sink(spec, &options, config)?);
                }
                _ => {}
            }
        }
        Ok(ends)
    }

    /// Subtasks at the most that a node's connector allows.
    pub(crate) fn limit(&self, node: NodeId) -> Option<usize> {
        let source = self
            .sources
            .get(&node)
            .and_then(|source| source.parallelism_max());
        source.or_else(|| self.sinks.get(&node).and_then(|sink| sink.parallelism_max()))
    }

    /// Whether all sources with connectors end by themselves.
    pub(crate) fn is_bounded(&self) -> bool {
        self.sources.values().all(|source| source.is_bounded())
    }

    /// The sinks that can write exactly once.
    pub(crate) fn exactly_once(&self) -> impl Iterator<Item = (NodeId, &dyn ExactlyOncePlan)> {
        self.sinks
            .iter()
            .filter_map(|(node, sink)| Some((*node, sink.exactly_once()?)))
    }

    /// The handler of an input stream.
    pub(crate) fn input(&self, stream: &str) -> Option<&Input> {
        self.in_process.input(stream)
    }

    /// All input streams, by name.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.in_process.inputs()
    }

    /// No handler of this run takes more rows.
    pub(crate) fn end_inputs(&self) {
        if !self.in_process.is_kept() {
            self.in_process.end_inputs();
        }
    }

    /// The run is over: its handlers refuse rows, its row streams end, and sources learn whether everything came to its end.
    ///
    /// **Errors** The first of a source; all are told.
    pub(crate) fn close(&self, is_complete: bool) -> Result<()> {
        if !self.in_process.is_kept() {
            self.in_process.end_inputs();
            self.in_process.end_outputs();
        }
        let followers = self.sources.values().filter_map(|source| source.following_end());
        followers
            .map(|follower| follower.run_ended(is_complete))
            .fold(Ok(()), Result::and)
    }

    /// The outlet of an output stream.
    pub(crate) fn outlet(&self, stream: &str) -> Option<&Outlet> {
        self.in_process.outlet(stream)
    }

    /// All output streams, by name.
    pub(crate) fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        self.in_process.outlets()
    }
}

/// The ends of a plan while its loops are built.
pub(crate) struct OpenEnds<'a> {
    pub(crate) ends: &'a Ends,
    pub(crate) config: &'a RuntimeConfig,
    pub(crate) tokio: &'a tokio::runtime::Handle,
    pub(crate) troubles: &'a Arc<Troubles>,
    /// What sources and sinks go on from.
    pub(crate) restored: Option<&'a Restored>,
}

impl OpenEnds<'_> {
    fn trouble(&self, end: &End<'_>) -> TroubleReport {
        TroubleReport::new(self.troubles, &end.node.operator_id, end.subtask, end.parallelism)
    }

    fn positions(&self, node: &Node) -> Vec<SourcePosition> {
        self.restored
            .map_or_else(Vec::new, |restored| restored.positions(&node.operator_id))
    }

    /// A run with checkpoints writes exactly once where it can.
    fn open_sink(&self, node: &Node, context: &SinkContext) -> Result<SinkKind> {
        let plan = planned(&self.ends.sinks, node)?;
        match plan.exactly_once() {
            Some(exactly_once) if self.config.checkpoints.is_some() => {
                Ok(SinkKind::Staging(exactly_once.open(context)?))
            }
            _ => Ok(SinkKind::Direct(plan.open(context)?)),
        }
    }
}

impl Outside for OpenEnds<'_> {
    fn source(&self, end: &End<'_>, spec: &SourceSpec) -> Result<OpenSource> {
        let batch_rows_max = self.config.batch_rows_max;
        Ok(match &spec.kind {
            SourceKind::Connector { .. } => {
                let context = SourceContext {
                    subtask: end.subtask,
                    parallelism: end.parallelism,
                    batch_rows_max,
                    positions: self.positions(end.node),
                    clock: Arc::clone(&self.config.clock),
                    tokio: self.tokio.clone(),
                    trouble: self.trouble(end),
                };
                let plan = planned(&self.ends.sources, end.node)?;
                OpenSource {
                    source: plan.open(&context)?,
                    is_drained: false,
                    is_bounded: plan.is_bounded(),
                }
            }
            SourceKind::InProcess => {
                let in_process = &self.ends.in_process;
                let not_planned = || Error::Bug(format!("{} has no handler", end.node.name));
                let queue = in_process.queue(&end.node.operator_id).ok_or_else(not_planned)?;
                let columns = spec
                    .columns
                    .iter()
                    .map(|column| spec.declared.index_of(column.field.name()));
                let columns = columns.collect::<Result<Vec<_>, _>>()?;
                let source = InputSource::open(
                    spec.stream.clone(),
                    Arc::clone(queue),
                    in_process.session(),
                    &self.positions(end.node),
                    columns,
                    batch_rows_max,
                )?;
                OpenSource {
                    source: Box::new(source),
                    is_drained: true,
                    is_bounded: false,
                }
            }
            SourceKind::Values(rows) => {
                let source = ValuesSource::new(rows.clone(), batch_rows_max, &self.positions(end.node))?;
                OpenSource {
                    source: Box::new(source),
                    is_drained: true,
                    is_bounded: true,
                }
            }
            SourceKind::DeadLetters => {
                return Err(Error::Bug(format!("{} is fed by other operators", end.node.name)));
            }
        })
    }

    fn sink(&self, end: &End<'_>, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Result<Next> {
        match &end.node.spec {
            OperatorSpec::InProcessSink(spec) => match self.ends.in_process.outlet(&spec.stream) {
                Some(outlet) => Ok(Next::Outlet(Box::new(OutletStage::new(
                    outlet.clone(),
                    entry,
                    task,
                )))),
                None => Err(Error::Bug(format!("{} has no outlet", end.node.name))),
            },
            _ => {
                let context = SinkContext {
                    subtask: end.subtask,
                    parallelism: end.parallelism,
                    is_restored: self
                        .restored
                        .is_some_and(|restored| restored.is_kept(&end.node.operator_id)),
                    clock: Arc::clone(&self.config.clock),
                    tokio: self.tokio.clone(),
                    trouble: self.trouble(end),
                };
                let sink = self.open_sink(end.node, &context)?;
                Ok(Next::Sink(Box::new(SinkStage::new(sink, entry, task))))
            }
        }
    }
}

fn planned<'a, T>(plans: &'a HashMap<NodeId, T>, node: &Node) -> Result<&'a T> {
    plans
        .get(&node.id)
        .ok_or_else(|| Error::Bug(format!("{} was not planned", node.name)))
}

fn plan_source(
    spec: &SourceSpec,
    connector: &str,
    options: &Options,
    config: &RuntimeConfig,
) -> Result<Box<dyn SourcePlan>> {
    let kind = config
        .registry
        .source(connector)
        .ok_or_else(|| unknown("source", connector))?;
    let request = SourceRequest {
        stream: &spec.stream,
        columns: &spec.columns,
        declared: &spec.declared,
        options,
        registry: &config.registry,
    };
    Ok(kind.plan(&request)?)
}

fn plan_sink(spec: &SinkSpec, options: &Options, config: &RuntimeConfig) -> Result<Box<dyn SinkPlan>> {
    let kind = config
        .registry
        .sink(&spec.connector)
        .ok_or_else(|| unknown("sink", &spec.connector))?;
    let request = SinkRequest {
        stream: &spec.stream,
        schema: &spec.schema,
        key: &spec.key,
        options,
        registry: &config.registry,
    };
    Ok(kind.plan(&request)?)
}

fn unknown(role: &str, connector: &str) -> Error {
    Error::Option {
        key: "connector".into(),
        message: format!("there is no {role} `{connector}`"),
    }
}
