//! No text makes the compiler panic, stall or speak in another's words: random queries, and mutations of good ones.

mod grammar;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use eventflux_core::plan::render;
use eventflux_sql::diagnostic::render::{Colour, concise, full, json};
use eventflux_sql::diagnostic::{Code, Diagnostic, SourceText, Span};
use eventflux_sql::{CompileContext, CompiledApp, ConnectorMode, OutputMode, compile};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use self::grammar::{Grammar, STREAMS};
use crate::compilation::files;
use crate::support::{context, words_of};

fn check_span(source: &SourceText, span: Span) {
    let text = source.text();
    assert!(
        span.start <= span.end && span.end <= text.len(),
        "{span:?} of {}",
        text.len()
    );
    assert!(
        text.is_char_boundary(span.start) && text.is_char_boundary(span.end),
        "{span:?}"
    );
}

/// Words of the libraries that the compiler is built on.
const FOREIGN: &[&str] = &[
    "cannot plan",
    "supported yet: ",
    "Error",
    "DataFusion",
    "Arrow",
    "Utf8",
    "Int64",
    "Int32",
    "Float64",
    "Timestamp(",
    "Boolean,",
    "LogicalPlan",
    "Schema",
    "coerce",
    "Projection",
    "TableScan",
    "SubqueryAlias",
    "__window",
    "subquery_",
];

fn check_diagnostic(source: &SourceText, diagnostic: &Diagnostic) {
    check_span(source, diagnostic.span);
    diagnostic
        .labels
        .iter()
        .for_each(|label| check_span(source, label.span));
    let message = &diagnostic.message;
    assert!(
        !matches!(diagnostic.code, Code::CompilerBug | Code::PlanningTooLong),
        "{}: {message}",
        diagnostic.code
    );
    assert!(
        !message.is_empty() && !message.ends_with('.') && !message.contains('\n'),
        "{message}"
    );
    for words in std::iter::once(message).chain(&diagnostic.help) {
        let foreign = FOREIGN.iter().find(|foreign| words.contains(**foreign));
        assert!(foreign.is_none(), "{words}");
    }
}

fn check_app(app: &CompiledApp) {
    let plan = &app.plan;
    let mut ids: Vec<&str> = plan.nodes.iter().map(|node| node.operator_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), plan.nodes.len(), "operators share an id");
    assert!(plan.edges.iter().all(|edge| edge.from < edge.to));
    assert!(!render::json(plan).to_string().is_empty());
    assert!(!render::text(plan).is_empty() || plan.nodes.is_empty());
    assert_eq!(
        app.outputs
            .iter()
            .filter(|output| output.node.0 >= plan.nodes.len())
            .count(),
        0
    );
}

/// Compiles and checks whatever comes of it; says whether the text is accepted.
fn digest(text: &str, context: &CompileContext) -> bool {
    let source = SourceText::new("soup.sql", text);
    match compile(&source, context) {
        Ok(app) => {
            check_app(&app);
            app.warnings
                .iter()
                .for_each(|warning| check_diagnostic(&source, warning));
            true
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(Diagnostic::is_error));
            diagnostics
                .iter()
                .for_each(|diagnostic| check_diagnostic(&source, diagnostic));
            let rendered = full(&source, &diagnostics, Colour::Never);
            assert!(rendered.contains(diagnostics[0].code.name()));
            assert_eq!(concise(&source, &diagnostics).lines().count(), diagnostics.len());
            assert_eq!(json(&source, &diagnostics).lines().count(), diagnostics.len());
            false
        }
    }
}

/// The same cases on every run. `EVENTFLUX_SOUP=n` tries n others and lists what they fail with, each with its shortest text.
fn run<S: Strategy<Value = Text>>(strategy: &S, cases: u32, test: impl Fn(Text)) {
    let asked = std::env::var("EVENTFLUX_SOUP")
        .ok()
        .and_then(|count| count.parse().ok());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let seed = asked.unwrap_or(0_u64).to_le_bytes();
    let seed: Vec<u8> = seed.repeat(4);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    if let Some(count) = asked {
        return survey(strategy, count, &mut runner, test);
    }
    let result = runner.run(strategy, |text| {
        test(text);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn survey<S: Strategy<Value = Text>>(strategy: &S, count: u64, runner: &mut TestRunner, test: impl Fn(Text)) {
    let mut failures: BTreeMap<String, String> = BTreeMap::new();
    for _ in 0..count {
        let text = strategy.new_tree(runner).unwrap().current();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| test(text.clone())));
        let Err(panic) = result else { continue };
        let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        let shortest = failures.entry(message).or_insert_with(|| text.0.clone());
        if text.0.len() < shortest.len() {
            shortest.clone_from(&text.0);
        }
    }
    let list: String = failures
        .iter()
        .map(|(message, text)| format!("== {message}\n{text}\n"))
        .collect();
    assert!(list.is_empty(), "{list}");
}

/// A text that shows itself as it is written.
#[derive(Clone)]
struct Text(String);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

#[test]
fn random_queries_give_a_plan_or_a_diagnostic() {
    let texts = prop::collection::vec(any::<u16>(), 0..160).prop_map(|tape| Text(Grammar::text(&tape)));
    let (accepted, tried) = (Cell::new(0_u32), Cell::new(0_u32));
    let contexts = [
        context(),
        CompileContext {
            outputs: OutputMode::All,
            connectors: ConnectorMode::InProcess,
            ..context()
        },
    ];
    run(&texts, 400, |text| {
        let context = &contexts[text.0.len() % contexts.len()];
        let is_accepted = digest(&format!("{STREAMS}{}", text.0), context);
        accepted.set(accepted.get() + u32::from(is_accepted));
        tried.set(tried.get() + 1);
    });
    // Otherwise only refusals would be tested.
    assert!(
        accepted.get() * 5 > tried.get(),
        "{} of {} texts are accepted",
        accepted.get(),
        tried.get()
    );
}

#[test]
fn mutations_of_good_texts_give_a_plan_or_a_diagnostic() {
    let root = "../tests/correctness";
    let flights =
        std::fs::read_to_string(format!("{}/{root}/flights.sql", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let of_queries = files(&format!("{root}/queries")).into_iter().map(|(_, text)| {
        let ours = text.split("-- duckdb:").next().unwrap_or_default();
        (flights.clone(), ours.to_owned())
    });
    let of_plans = files("tests/plans")
        .into_iter()
        .map(|(_, text)| (String::new(), text));
    let texts: Vec<(String, String)> = of_queries.chain(of_plans).collect();
    let context = context();
    let accepted = texts
        .iter()
        .filter(|(streams, text)| digest(&format!("{streams}{text}"), &context))
        .count();
    assert!(
        accepted * 10 > texts.len() * 9,
        "{accepted} of {} texts are accepted",
        texts.len()
    );

    let change = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..5_u8,
    );
    let pieces = [
        "(",
        ")",
        ",",
        "*",
        "NULL",
        "'x'",
        "1",
        "-",
        "count(*)",
        "GROUP BY 1",
        "WHERE",
        "DISTINCT",
        "AS \"é\"",
        "UNION ALL",
        "window_start",
        "CAST(1 AS DECIMAL(38, 38))",
        ".",
        "[",
        "]",
        "OVER ()",
        "SELECT",
        "FROM",
        "INTERVAL '1' MONTH",
        "EMIT CHANGES",
    ];
    let mutated = (prop::sample::select(texts), prop::collection::vec(change, 1..4)).prop_map(
        move |((streams, text), changes)| {
            let written = words_of(&text);
            let mut changed = written.clone();
            for (at, from, kind) in changes {
                let at = at.index(changed.len());
                match kind {
                    0 if changed.len() > 1 => drop(changed.remove(at)),
                    1 => changed.insert(at, written[from.index(written.len())]),
                    2 => changed[at] = written[from.index(written.len())],
                    3 => changed.insert(at, pieces[from.index(pieces.len())]),
                    _ => changed[at] = pieces[from.index(pieces.len())],
                }
            }
            Text(format!("{streams}{}", changed.concat()))
        },
    );
    run(&mutated, 300, |text| {
        digest(&text.0, &context);
    });
}
