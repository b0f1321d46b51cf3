//! The reference of connectors and formats is what the registry says, and its examples are apps.
//!
//! `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux reference` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use eventflux::connector::{ConnectorDoc, Registry};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::diagnostic::render::concise;
use eventflux::sql::{CompileContext, compile};
use eventflux_core::testing::assert_page;

const PAGE: &str = "docs/reference/connectors.md";

const HEAD: &str = "\
# Connectors and formats

<!-- Written by `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux reference` from what the connectors declare: do not edit. -->

`'connector'` says where rows come from or go to, `'format'` how they are written as bytes. `eventflux connector doc NAME` shows
the same. An option that is not listed is refused. `${env:NAME}` and `${file:PATH}` in a value are resolved when the app starts.
";

/// All connectors, each once, by name.
fn connectors(registry: &Registry) -> Vec<&'static ConnectorDoc> {
    let sources = registry.sources().map(|source| source.doc());
    let all = sources.chain(registry.sinks().map(|sink| sink.doc()));
    let by_name: BTreeMap<_, _> = all.map(|doc| (doc.name, doc)).collect();
    by_name.into_values().collect()
}

/// All formats, each once, by name.
fn formats(registry: &Registry) -> Vec<&'static str> {
    let readable = registry.decoders().map(|format| format.doc());
    let all = readable.chain(registry.encoders().map(|format| format.doc()));
    let by_name: BTreeMap<_, _> = all.map(|doc| (doc.name, ())).collect();
    by_name.into_keys().collect()
}

/// The page of one member as a section.
fn section(page: &str) -> String {
    let mut section = String::new();
    let mut is_code = false;
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            section.push('#');
        }
        let _ = writeln!(section, "{line}");
    }
    section
}

fn page(registry: &Registry) -> String {
    let names: Vec<_> = connectors(registry).iter().map(|doc| doc.name).collect();
    let formats = formats(registry);
    let links = |kind: &str, names: &[&str]| {
        let links = names.iter().map(|name| format!("[{name}](#{kind}-{name})"));
        links.collect::<Vec<_>>().join(" · ")
    };
    let mut page = String::from(HEAD);
    let _ = write!(
        page,
        "\nConnectors: {}\n\nFormats: {}\n",
        links("connector", &names),
        links("format", &formats)
    );
    for name in names.into_iter().chain(formats) {
        let _ = write!(page, "\n{}", section(&registry.page(name).unwrap()));
    }
    page
}

#[test]
fn the_page_is_what_the_connectors_declare() {
    let expected = page(&eventflux::built_in_registry());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    assert_page(&path, &expected, "cargo test -p eventflux reference");
}

#[test]
fn every_connector_has_an_example_that_is_an_app() {
    let context = CompileContext {
        registry: eventflux::built_in_registry(),
        ..CompileContext::default()
    };
    for doc in connectors(&context.registry) {
        assert!(!doc.example.trim().is_empty(), "{} has no example", doc.name);
        assert!(
            doc.example.contains(&format!("'connector' = '{}'", doc.name)),
            "{}",
            doc.name
        );
        let source = SourceText::new(doc.name, doc.example);
        if let Err(diagnostics) = compile(&source, &context) {
            panic!("{}", concise(&source, &diagnostics));
        }
    }
}
