//! `eventflux explain`: the plan of an app.

use eventflux::connector::SinkPromise;
use eventflux::plan::render;
use eventflux::sql::CompiledApp;
use eventflux::{SinkDelivery, built_in_registry, sink_deliveries};

use crate::app_text::{self, Shown};
use crate::args::{DiagnosticFormat, ExplainArgs, Global, PlanFormat, Stage};
use crate::exit::Exit;
use crate::print::to_stdout;
use crate::report;

/// Prints the plan to stdout.
pub fn explain(arguments: &ExplainArgs, global: &Global) -> Exit {
    let shown = Shown::new(DiagnosticFormat::Full, global);
    let app = app_text::context_of(&arguments.settings).and_then(|context| {
        let source = app_text::read(&arguments.app)?;
        app_text::compiled(&source, &context, shown)
    });
    let text = match app.and_then(|app| rendered(&app, arguments)) {
        Ok(text) => text,
        Err(exit) => return exit,
    };
    to_stdout(&text);
    Exit::Done
}

fn rendered(app: &CompiledApp, arguments: &ExplainArgs) -> Result<String, Exit> {
    match (arguments.stage, arguments.format) {
        (Stage::Physical, PlanFormat::Text) => Ok(render::text(&app.plan) + &promises(app)),
        (Stage::Physical, PlanFormat::Json) => {
            let mut plan = render::json(&app.plan);
            let promises = deliveries(app).map(|sink| {
                let promise = promise(sink.promise);
                serde_json::json!({ "stream": sink.stream, "connector": sink.connector, "delivery": promise })
            });
            plan["sinks"] = promises.collect();
            Ok(format!("{plan:#}\n"))
        }
        (Stage::Physical, PlanFormat::Dot) => Ok(render::dot(&app.plan)),
        (Stage::Physical, PlanFormat::Mermaid) => Ok(render::mermaid(&app.plan)),
        (Stage::Physical, PlanFormat::Svg) => Ok(render::svg(&app.plan)),
        (Stage::Logical, PlanFormat::Text) => Ok(app
            .queries
            .iter()
            .map(|query| format!("{}\n{}\n", query.name, indented(&query.text)))
            .collect::<Vec<_>>()
            .join("\n")),
        (Stage::Logical, PlanFormat::Json) => {
            let queries = app
                .queries
                .iter()
                .map(|query| serde_json::json!({ "query": query.name, "plan": query.text }));
            Ok(format!("{:#}\n", serde_json::Value::from_iter(queries)))
        }
        (Stage::Logical, PlanFormat::Dot | PlanFormat::Mermaid | PlanFormat::Svg) => {
            report::mistake("a logical plan is shown as text or json; the drawings are of the physical plan");
            Err(Exit::Usage)
        }
    }
}

fn deliveries(app: &CompiledApp) -> impl Iterator<Item = SinkDelivery> {
    sink_deliveries(&app.plan, &built_in_registry()).into_iter()
}

/// What the sinks promise, as a table of its own.
fn promises(app: &CompiledApp) -> String {
    let lines: String = deliveries(app)
        .map(|sink| {
            let promise = promise(sink.promise);
            format!("    {:<16}  {promise} ({})\n", sink.stream, sink.connector)
        })
        .collect();
    match lines.is_empty() {
        true => lines,
        false => format!("delivery with checkpoints\n{lines}"),
    }
}

fn promise(promise: SinkPromise) -> &'static str {
    match promise {
        SinkPromise::ExactlyOnce => "exactly-once",
        SinkPromise::KeyedAtLeastOnce => "at-least-once with keys",
        SinkPromise::AtLeastOnce => "at-least-once",
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
