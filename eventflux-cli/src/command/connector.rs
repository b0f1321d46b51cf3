//! `eventflux connector`: what can be connected to, and how.

use eventflux::connector::Registry;
use std::collections::BTreeMap;

use crate::exit::Exit;
use crate::print::to_stdout;
use crate::report;

/// Lists connectors and formats, a line each.
pub fn connector_list() -> Exit {
    let registry = eventflux::built_in_registry();
    let mut out = String::from("connectors\n");
    for (name, summary, uses) in connectors(&registry) {
        out.push_str(&format!("  {name:<14} {uses:<12} {summary}\n"));
    }
    out.push_str("\nformats\n");
    for (name, summary, uses) in formats(&registry) {
        out.push_str(&format!("  {name:<14} {uses:<12} {summary}\n"));
    }
    to_stdout(&out);
    Exit::Done
}

/// Shows the page of one connector or format.
pub fn connector_doc(name: &str) -> Exit {
    let registry = eventflux::built_in_registry();
    match registry.page(name) {
        Some(page) => {
            to_stdout(&page);
            Exit::Done
        }
        None => {
            let names: Vec<&str> = connectors(&registry)
                .chain(formats(&registry))
                .map(|(name, _, _)| name)
                .collect();
            let suggestion = eventflux::sql::diagnostic::closest(name, names.iter().copied()).map_or_else(
                || format!("there are: {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            report::mistake(format!(
                "there is no connector or format `{name}`\n  {suggestion}"
            ));
            Exit::Usage
        }
    }
}

type Row = (&'static str, &'static str, &'static str);

fn connectors(registry: &Registry) -> impl Iterator<Item = Row> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let docs = registry
        .sources()
        .map(|source| source.doc())
        .chain(registry.sinks().map(|sink| sink.doc()));
    for doc in docs {
        let uses = match (doc.source_options.is_some(), doc.sink_options.is_some()) {
            (true, true) => "source, sink",
            (true, false) => "source",
            (false, _) => "sink",
        };
        rows.insert(doc.name, (doc.name, doc.summary, uses));
    }
    rows.into_values()
}

fn formats(registry: &Registry) -> impl Iterator<Item = Row> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let docs = registry
        .decoders()
        .map(|format| format.doc())
        .chain(registry.encoders().map(|format| format.doc()));
    for doc in docs {
        let uses = match (doc.decode_options.is_some(), doc.encode_options.is_some()) {
            (true, true) => "in, out",
            (true, false) => "in",
            (false, _) => "out",
        };
        rows.insert(doc.name, (doc.name, doc.summary, uses));
    }
    rows.into_values()
}
