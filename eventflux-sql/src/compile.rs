//! The way from a text to a plan.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use crate::app::{
    Answer, CompileContext, CompiledApp, LogicalQuery, OutputInfo, Settings, StreamInfo, StreamRole,
};
use crate::catalog::{Catalog, Relation, RelationId, RelationType, Role};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::explain::logical_text;
use crate::planner::program::Program;
use crate::planner::query::PlannedQuery;
use crate::planner::request::{Request, described, query_name, shown};
use crate::planner::streaming::{Built, build};
use crate::statement::parse;

/// The stack of the planning thread: trees of hostile depth are walked recursively.
const STACK_BYTES: usize = 256 << 20;

/// Compiles a text: offline, deterministic, without a look at the environment.
///
/// **Errors** What is wrong with the text, in the order of its places.
pub fn compile(source: &SourceText, context: &CompileContext) -> Result<CompiledApp, Diagnostics> {
    let (sender, receiver) = channel();
    let (own_source, own_context) = (source.clone(), context.clone());
    let thread = thread::Builder::new()
        .name("planner".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // If nobody waits any more, the result is of no use.
            let _ = sender.send(compile_here(&own_source, &own_context));
        });
    if let Err(error) = thread {
        return Err(vec![bug(source, &format!("no thread to plan on: {error}"))]);
    }
    let planned = match context.planning_time_max.is_zero() {
        // None is never enough, however late this thread looks.
        true => Err(RecvTimeoutError::Timeout),
        false => receiver.recv_timeout(context.planning_time_max),
    };
    match planned {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            let seconds = context.planning_time_max.as_secs_f64();
            let message = format!("planning took longer than {seconds} s");
            Err(vec![
                Diagnostic::error(Code::PlanningTooLong, whole(source), message)
                    .with_help("split the pipeline into several files"),
            ])
        }
        Err(RecvTimeoutError::Disconnected) => Err(vec![bug(source, "planning panicked")]),
    }
}

fn whole(source: &SourceText) -> Span {
    let first_line = source.text().lines().next().map_or(0, str::len);
    Span::new(0, first_line)
}

fn bug(source: &SourceText, message: &str) -> Diagnostic {
    Diagnostic::error(Code::CompilerBug, whole(source), message)
}

fn compile_here(source: &SourceText, context: &CompileContext) -> Result<CompiledApp, Diagnostics> {
    let statements = parse(source)?;
    let mut program = Program::new(source, context, &statements);
    if program.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(ordered(std::mem::take(&mut program.diagnostics)));
    }
    let settings = context.settings.or(&program.settings).or(&context.defaults);
    let built = build(source, &program.catalog, &program.queries, context, &settings).map_err(ordered)?;
    let requests = std::mem::take(&mut program.requests);
    let answers = requests
        .iter()
        .map(|request| answer(request, &program, context, &settings))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ordered)?;
    Ok(app(&program.catalog, &program.queries, built, answers, settings))
}

fn ordered(mut diagnostics: Diagnostics) -> Diagnostics {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics.dedup();
    diagnostics
}

fn answer(
    request: &Request,
    program: &Program<'_>,
    context: &CompileContext,
    settings: &Settings,
) -> Result<Answer, Diagnostics> {
    match request {
        Request::Describe { relation, span } => Ok(described(relation, *span)),
        Request::Show { kind, catalog, span } => {
            Ok(shown(*kind, catalog, &program.queries, &context.functions, *span))
        }
        Request::Explain { query, catalog, span } => {
            let queries = std::slice::from_ref(query.as_ref());
            let built = build(program.source, catalog, queries, context, settings)?;
            Ok(Answer::lines(
                *span,
                "plan",
                &eventflux_core::plan::render::text(&built.plan),
            ))
        }
    }
}

fn app(
    catalog: &Catalog,
    queries: &[PlannedQuery],
    built: Built,
    answers: Vec<Answer>,
    settings: Settings,
) -> CompiledApp {
    let streams = catalog
        .iter()
        .filter(|(_, relation)| relation.kind != RelationType::Errors)
        .map(|(id, relation)| stream_info(id, relation, &built))
        .collect();
    let outputs = built
        .outputs
        .iter()
        .filter_map(|output| {
            let node = built
                .plan
                .nodes
                .iter()
                .find(|node| node.operator_id == output.operator_id)?;
            Some(OutputInfo {
                stream: output.stream.clone(),
                node: node.id,
                schema: node.schema.clone(),
                changelog: node.changelog.clone(),
                kind: output.kind,
            })
        })
        .collect();
    let logical = queries
        .iter()
        .zip(&built.logical)
        .map(|(query, plan)| LogicalQuery {
            name: query_name(query, catalog),
            text: logical_text(plan),
            span: query.span,
        })
        .collect();
    CompiledApp {
        plan: built.plan,
        streams,
        outputs,
        answers,
        queries: logical,
        settings,
        warnings: ordered(built.warnings),
    }
}

fn stream_info(id: RelationId, relation: &Relation, built: &Built) -> StreamInfo {
    let source = built.sources.get(&id).copied();
    let role = match (relation.kind, built.roles.get(&id)) {
        (RelationType::View, _) => StreamRole::View,
        _ if source.is_some_and(|node| built.is_in_process(node)) => StreamRole::InProcess,
        (_, Some(Role::Source)) => StreamRole::Source,
        (_, Some(Role::Sink)) => StreamRole::Sink,
        _ if built.written.contains(&id) => StreamRole::Internal,
        _ => StreamRole::InProcess,
    };
    let physical = relation
        .columns
        .iter()
        .filter(|column| !column.is_computed())
        .map(|column| column.field.clone());
    StreamInfo {
        name: relation.name.clone(),
        kind: relation.kind.noun(),
        schema: relation.schema(),
        physical: std::sync::Arc::new(arrow::datatypes::Schema::new(physical.collect::<Vec<_>>())),
        connector: relation
            .connector
            .as_ref()
            .map(|connector| connector.name.clone()),
        role,
        event_time: relation
            .event_time
            .map(|time| relation.columns[time.column].name().to_owned()),
        source,
        span: relation.span,
    }
}
