//! All queries of an app as one graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DFSchemaRef, Result};
use datafusion_expr::LogicalPlan;
use eventflux_core::connector::SinkInput;
use eventflux_core::plan::{
    DEFAULT_KEY_GROUPS, Exchange, NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, SourceKind,
};

use super::dead_letter::Target;
use super::dependency::order;
use super::graph::Graph;
use super::need::{Needs, narrowed};
use super::output::Output;
use super::rel::{Bounds, Changes, ErrorRoute, Lateness, PendingCalc, Place, Rel};
use super::relation_use::RelationUses;
use super::state_ttl::with_state_ttl;
use super::stream::{IDLE_TIMEOUT_US, StreamRows};
use super::translator::Translator;
use crate::app::{CompileContext, ConnectorMode, OutputKind, OutputMode, Settings};
use crate::catalog::{Catalog, RelationId, RelationType, Role};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::function::FunctionRegistry;
use crate::planner::insert::insertable;
use crate::planner::locate::{locate_query, plain};
use crate::planner::logical::optimise;
use crate::planner::provider::Provider;
use crate::planner::query::{PlannedQuery, QueryTarget};
use crate::planner::scanned::scanned;
use crate::planner::window_node::WindowNode;

/// A graph and what is known of it.
pub(crate) struct Built {
    /// The operators and edges.
    pub(crate) plan: PhysicalPlan,
    /// What is given to this process.
    pub(crate) outputs: Vec<Output>,
    /// The operator of each relation whose rows come from outside.
    pub(crate) sources: BTreeMap<RelationId, NodeId>,
    /// Which way rows go through the relations' connectors.
    pub(crate) roles: BTreeMap<RelationId, Role>,
    /// The relations that queries write.
    pub(crate) written: BTreeSet<RelationId>,
    /// The optimised plans, in the order of the queries.
    pub(crate) logical: Vec<LogicalPlan>,
    /// Doubts.
    pub(crate) warnings: Diagnostics,
}

/// Makes the graph.
pub(crate) fn build(
    source: &SourceText,
    catalog: &Catalog,
    queries: &[PlannedQuery],
    context: &CompileContext,
    settings: &Settings,
) -> Result<Built, Diagnostics> {
    let order = order(queries, catalog).map_err(|cycle| vec![cycle])?;
    let uses = RelationUses::of(catalog, queries, context)?;
    let mut app = App {
        source,
        functions: &context.functions,
        translator: Translator {
            catalog,
            registry: &context.registry,
            connectors: context.connectors,
            idle_timeout_us: settings.idle_timeout_us.unwrap_or(IDLE_TIMEOUT_US),
            state_ttl_us: settings.state_ttl_us(),
            graph: Graph::default(),
            streams: BTreeMap::new(),
            dead_letters: Vec::new(),
            late: Vec::new(),
            diagnostics: Vec::new(),
            prefix: String::new(),
            span: None,
        },
        queries,
        uses: &uses,
        output_mode: context.outputs,
        needs: Needs::default(),
        inserted: BTreeMap::new(),
        outputs: Vec::new(),
        sources: BTreeMap::new(),
        dead_letter_nodes: BTreeMap::new(),
        windowed: BTreeSet::new(),
        assembled: BTreeSet::new(),
    };
    let logical = app.optimise(&order)?;
    for index in &order {
        let planned = app.query(&queries[*index], &logical[*index]);
        planned.map_err(|error| app.failed(|app| app.located(&queries[*index], &error)))?;
    }
    app.rest()
        .map_err(|error| app.failed(|_| plain(Span::default(), &error)))?;
    app.lint();
    app.finish(settings, logical)
}

struct App<'a> {
    source: &'a SourceText,
    functions: &'a FunctionRegistry,
    translator: Translator<'a>,
    queries: &'a [PlannedQuery],
    uses: &'a RelationUses,
    output_mode: OutputMode,
    needs: Needs,
    /// What queries insert, by relation.
    inserted: BTreeMap<RelationId, Vec<(Rel, Span)>>,
    outputs: Vec<Output>,
    sources: BTreeMap<RelationId, NodeId>,
    dead_letter_nodes: BTreeMap<Target, NodeId>,
    /// The relations that windows are put over.
    windowed: BTreeSet<RelationId>,
    assembled: BTreeSet<RelationId>,
}

impl App<'_> {
    /// The queries' plans with only the columns that are needed, in the order of the queries. Readers go first, since
    /// they say what is needed.
    fn optimise(&mut self, order: &[usize]) -> Result<Vec<LogicalPlan>, Diagnostics> {
        let catalog = self.translator.catalog;
        let mut optimised: BTreeMap<usize, LogicalPlan> = BTreeMap::new();
        for index in order.iter().rev() {
            let query = &self.queries[*index];
            let plan = match &query.target {
                QueryTarget::Print { .. } => Ok(query.plan.clone()),
                QueryTarget::Insert { relation, .. } => {
                    let all = insertable(catalog.get(*relation));
                    narrowed(query.plan.clone(), &all, &self.needed(*relation))
                }
            };
            let plan = plan.and_then(optimise).and_then(|plan| {
                self.needs.add_reads(&plan, catalog)?;
                self.windowed.extend(windowed(&plan)?);
                Ok(plan)
            });
            optimised.insert(*index, plan.map_err(|error| vec![self.located(query, &error)])?);
        }
        Ok(optimised.into_values().collect())
    }

    /// Where a query's constants cannot be computed.
    fn located(&self, query: &PlannedQuery, error: &datafusion_common::DataFusionError) -> Diagnostic {
        let provider = Provider::new(
            self.translator.catalog,
            self.functions,
            query.bound.windows.clone(),
        );
        locate_query(&query.bound, &provider, self.source, query.span, error)
    }

    /// The columns that an INSERT into the relation fills.
    fn needed(&self, id: RelationId) -> Vec<usize> {
        let is_output = self.is_sink(id) || self.is_tapped(id) || self.uses.is_fed_by_engine(id);
        self.needs.of_insert(id, self.translator.catalog, is_output)
    }

    /// Whether rows leave by the relation's connector.
    fn is_sink(&self, id: RelationId) -> bool {
        self.uses.role(id) == Some(Role::Sink) && self.translator.connectors == ConnectorMode::Real
    }

    /// Whether rows of the relation are given to this process.
    fn is_tapped(&self, id: RelationId) -> bool {
        let is_written = self.uses.written(id).is_some();
        match self.output_mode {
            OutputMode::All => is_written && self.uses.is_inserted(id),
            OutputMode::Terminal => is_written && self.uses.read(id).is_none() && !self.is_sink(id),
        }
    }

    fn query(&mut self, query: &PlannedQuery, plan: &LogicalPlan) -> Result<()> {
        for id in scanned(plan)? {
            self.stream(id)?;
        }
        self.translator.prefix.clone_from(&query.id);
        self.translator.span = Some(query.span);
        let rel = self.translator.translate(plan)?;
        let is_windowed = is_windowed(plan)?;
        self.translator.check_emit(query.emit.as_ref(), &rel, is_windowed);
        match &query.target {
            QueryTarget::Insert { relation, span } => {
                let rel = self.translator.settle(rel)?;
                self.inserted.entry(*relation).or_default().push((rel, *span));
            }
            QueryTarget::Print { name } => {
                let id = format!("{}/output", query.id);
                let output = self.translator.output(rel, name, id, OutputKind::Query)?;
                self.outputs.push(output);
            }
        }
        Ok(())
    }

    /// Makes sure that a relation's rows can be read.
    fn stream(&mut self, id: RelationId) -> Result<()> {
        if self.translator.streams.contains_key(&id) {
            return Ok(());
        }
        if self.uses.written(id).is_some() || self.translator.catalog.get(id).kind == RelationType::Errors {
            return self.assemble(id);
        }
        let used = self.needs.of(id);
        self.translator.span = self.translator.catalog.get(id).span;
        let rows = self.translator.source(id, &used)?;
        self.sources.insert(id, rows.node);
        self.translator.streams.insert(id, rows);
        Ok(())
    }

    /// Puts together what is inserted into a relation, late rows and dead letters included, and what takes it.
    fn assemble(&mut self, id: RelationId) -> Result<()> {
        if !self.assembled.insert(id) {
            return Ok(());
        }
        let relation = self.translator.catalog.get(id);
        let needed = self.needed(id);
        self.translator.span = relation.span;
        self.translator.prefix = format!("stream:{}", relation.name);
        let mut inputs = self.inserted.remove(&id).unwrap_or_default();
        let schema = insert_schema(relation, &needed)?;
        if self.uses.takes_dead_letters(id) || relation.kind == RelationType::Errors {
            let mut rel = self.translator.dead_letter_source(id)?;
            // Like every other input it gives the columns that are needed, and those only.
            rel.columns = needed
                .iter()
                .filter_map(|column| rel.columns.get(*column).copied())
                .collect();
            self.dead_letter_nodes.insert(Target(id), rel.node);
            inputs.push((rel, relation.span.unwrap_or_default()));
        }
        for rel in self.translator.late_inputs(id)? {
            inputs.push((rel, relation.span.unwrap_or_default()));
        }
        for (rel, _) in &mut inputs {
            rel.schema = Arc::clone(&schema);
        }
        let ability = match &relation.connector {
            Some(connector) if self.uses.role(id) == Some(Role::Sink) => {
                self.translator.sink_ability(relation, connector)
            }
            _ => None,
        };
        let is_read = self.uses.read(id).is_some() || self.is_tapped(id);
        let is_changing = inputs.iter().any(|(rel, _)| !rel.changes.is_append());
        let mut for_sink = Vec::new();
        if let Some(ability) = ability {
            for (rel, span) in &inputs {
                for_sink.push(self.translator.fit_sink(rel.clone(), relation, ability, *span));
            }
        }
        // A sink that knows changes and readers that see after-images part ways before the union.
        let keeps_changes = ability.is_some_and(|ability| ability.input != SinkInput::Append);
        if self.is_sink(id) && is_changing && keeps_changes {
            if let Some(ability) = ability {
                let rel = self.union(for_sink, &schema, "sink-union")?;
                self.translator.sink(id, rel, ability)?;
            }
            if is_read {
                self.rows(id, inputs, &schema, &needed)?;
            }
            return Ok(());
        }
        if !for_sink.is_empty() {
            inputs = for_sink
                .into_iter()
                .zip(inputs)
                .map(|(rel, (_, span))| (rel, span))
                .collect();
        }
        let rel = self.rows(id, inputs, &schema, &needed)?;
        if self.is_sink(id)
            && let (Some(ability), Some(rel)) = (ability, rel)
        {
            self.translator.sink(id, rel, ability)?;
        }
        Ok(())
    }

    /// The rows of a stream as its readers see them.
    fn rows(
        &mut self,
        id: RelationId,
        inputs: Vec<(Rel, Span)>,
        schema: &DFSchemaRef,
        needed: &[usize],
    ) -> Result<Option<Rel>> {
        let relation = self.translator.catalog.get(id);
        let is_stream = relation.kind != RelationType::Table;
        let inputs: Vec<Rel> = inputs
            .into_iter()
            .map(|(rel, _)| {
                if is_stream {
                    self.translator.after_image(rel)
                } else {
                    rel
                }
            })
            .collect();
        let mut inputs = inputs;
        if inputs.is_empty() {
            if self.uses.read(id).is_none() {
                return Ok(None);
            }
            // Late rows of a stream over which nobody puts a window.
            inputs.push(self.translator.no_rows(schema));
        }
        let rel = self.union(inputs, schema, "union")?;
        let rows = self.translator.inserted_rows(id, rel.clone(), needed)?;
        if self.is_tapped(id) {
            let tap = full_rel(&rows, relation.schema())?;
            let operator_id = format!("output:{}", relation.name);
            self.translator.span = relation.span;
            let output = self
                .translator
                .output(tap, &relation.name, operator_id, OutputKind::Stream)?;
            self.outputs.push(output);
        }
        self.translator.streams.insert(id, rows);
        Ok(Some(rel))
    }

    fn union(&mut self, mut inputs: Vec<Rel>, schema: &DFSchemaRef, kind: &str) -> Result<Rel> {
        if inputs.len() == 1 {
            return Ok(inputs.swap_remove(0));
        }
        let id = self.translator.operator_id(kind);
        self.translator.merge(inputs, schema, id)
    }

    /// What no query reads.
    fn rest(&mut self) -> Result<()> {
        for id in self.uses.all_written() {
            self.assemble(id)?;
        }
        Ok(())
    }

    /// What is reported, or else the error itself.
    fn failed(&mut self, error: impl FnOnce(&Self) -> Diagnostic) -> Diagnostics {
        let mut diagnostics = std::mem::take(&mut self.translator.diagnostics);
        if !diagnostics.iter().any(Diagnostic::is_error) {
            diagnostics.push(error(self));
        }
        diagnostics
    }

    /// What is probably not meant.
    fn lint(&mut self) {
        let catalog = self.translator.catalog;
        for (id, relation) in catalog.iter() {
            let has_window = self.windowed.contains(&id);
            let engine = &relation.engine;
            let lateness = engine
                .allowed_lateness
                .map(|(_, span)| ("allowed_lateness", span));
            let late = engine.late.as_ref().map(|name| ("late", name.span));
            for (key, span) in lateness.into_iter().chain(late).filter(|_| !has_window) {
                let message = format!(
                    "option `{key}` has no effect: no window is put over `{}`",
                    relation.name
                );
                self.translator
                    .report(Diagnostic::warning(Code::UnusedOption, span, message));
            }
            let has_rows = relation.connector.is_some()
                || self.uses.written(id).is_some()
                || matches!(relation.kind, RelationType::Errors | RelationType::View);
            if let Some(read) = self.uses.read(id)
                && !has_rows
                && self.translator.connectors == ConnectorMode::Real
            {
                let message = format!("nothing writes to `{}`", relation.name);
                let diagnostic = Diagnostic::warning(Code::NoInput, read, message)
                    .with_help("name a connector, or feed it from the program that embeds the engine");
                self.translator.report(diagnostic);
            }
        }
    }

    fn finish(mut self, settings: &Settings, logical: Vec<LogicalPlan>) -> Result<Built, Diagnostics> {
        for (target, node) in &self.dead_letter_nodes {
            let failing: Vec<NodeId> = self
                .translator
                .dead_letters
                .iter()
                .filter(|(_, other)| other == target)
                .map(|(node, _)| *node)
                .collect();
            for (input, from) in failing.into_iter().enumerate() {
                self.translator
                    .graph
                    .connect_port(from, Port::Errors, *node, input, Exchange::Forward);
            }
        }
        let diagnostics = self.translator.diagnostics;
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        let operator_id = |node: NodeId| self.translator.graph.node(node).operator_id.clone();
        let sources: Vec<(RelationId, String)> = self
            .sources
            .iter()
            .map(|(id, node)| (*id, operator_id(*node)))
            .collect();
        let key_groups = settings.key_groups.unwrap_or(DEFAULT_KEY_GROUPS);
        let Some(plan) = self.translator.graph.finish(key_groups) else {
            let message = "late rows or bad rows come back to where they came from";
            return Err(vec![Diagnostic::error(
                Code::CyclicStreams,
                Span::default(),
                message,
            )]);
        };
        let plan = match self.translator.state_ttl_us {
            Some(ttl_us) => with_state_ttl(plan, ttl_us)?,
            None => plan,
        };
        let by_id: BTreeMap<&str, NodeId> = plan
            .nodes
            .iter()
            .map(|node| (node.operator_id.as_str(), node.id))
            .collect();
        let sources = sources
            .iter()
            .filter_map(|(id, operator)| Some((*id, *by_id.get(operator.as_str())?)));
        let sources = sources.collect();
        self.outputs
            .sort_by_key(|output| output.span.map(|span| span.start));
        Ok(Built {
            outputs: self.outputs,
            sources,
            roles: self.uses.roles.clone(),
            written: self.uses.all_written().collect(),
            logical,
            warnings: diagnostics,
            plan,
        })
    }
}

impl Built {
    /// Whether a node takes its rows from this process.
    pub(crate) fn is_in_process(&self, node: NodeId) -> bool {
        matches!(&self.plan.node(node).spec, OperatorSpec::Source(source) if matches!(source.kind, SourceKind::InProcess))
    }
}

/// The relations that windows of a plan are put over.
fn windowed(plan: &LogicalPlan) -> Result<BTreeSet<RelationId>> {
    let mut found = BTreeSet::new();
    plan.apply(|node| {
        if let LogicalPlan::Extension(extension) = node
            && let Some(window) = WindowNode::of(extension)
        {
            found.extend(scanned(&window.input)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// Whether the outermost aggregation of a plan, if there is one, is over a window.
fn is_windowed(plan: &LogicalPlan) -> Result<bool> {
    match plan {
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => plan
            .inputs()
            .first()
            .map_or(Ok(false), |input| is_windowed(input)),
        LogicalPlan::Aggregate(_) => Ok(!windowed(plan)?.is_empty() || has_window(plan)?),
        _ => Ok(false),
    }
}

fn has_window(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        found |= matches!(node, LogicalPlan::Extension(extension) if WindowNode::of(extension).is_some());
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    Ok(found)
}

/// The columns that an INSERT fills, as a logical schema.
fn insert_schema(relation: &crate::catalog::Relation, needed: &[usize]) -> Result<DFSchemaRef> {
    let fields = needed
        .iter()
        .map(|index| (None, Arc::clone(&relation.columns[*index].field)));
    Ok(Arc::new(DFSchema::new_with_metadata(
        fields.collect(),
        Default::default(),
    )?))
}

/// A node's columns as they are.
pub(super) fn plain_rel(
    node: NodeId,
    schema: DFSchemaRef,
    parallelism: Parallelism,
    errors: ErrorRoute,
) -> Rel {
    Rel {
        node,
        columns: (0..schema.fields().len()).map(Place::Slot).collect(),
        schema,
        calc: PendingCalc::default(),
        window: None,
        bounds: Bounds::default(),
        time: None,
        changes: Changes::Append,
        parallelism,
        errors,
        lateness: Lateness::default(),
    }
}

/// All columns of a stream.
fn full_rel(rows: &StreamRows, schema: SchemaRef) -> Result<Rel> {
    let schema = Arc::new(DFSchema::try_from(schema)?);
    let mut rel = plain_rel(rows.node, schema, rows.parallelism, rows.errors.clone());
    let slots: Option<Vec<Place>> = rows.slots.iter().map(|slot| slot.map(Place::Slot)).collect();
    rel.columns = slots.unwrap_or_default();
    rel.changes = rows.changes.clone();
    Ok(rel)
}
