//! The page is what the entries say, and what they say is so.
//!
//! `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux-sql reference` writes the page anew.

use std::fmt::Write;
use std::path::Path;

use eventflux_core::testing::assert_page;

use super::FunctionDoc;
use super::doc::Chapter;
use crate::function::FunctionRegistry;
use crate::function::golden::value_of;
use crate::function::refusal::REFUSED;

const PAGE: &str = "docs/reference/functions.md";

const HEAD: &str = "\
# Scalar functions

<!-- Written by `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux-sql reference` from what the functions declare: do not edit. -->

Functions and operators mean what they mean in PostgreSQL wherever it has them. NULL in gives NULL out, unless it is said otherwise.
What has no value (`1 / 0`, `ln(0)`, text cast to a number that it is not, an integer that overflows) is an error of its row, which goes
[where bad rows go](../guides/bad-rows.md), and so does a row that would become too large: `repeat('x', 1000000000)`. A function makes at most
1 MiB of text or 1 048 576 elements out of a row, and puts at most 64 MiB of arguments together.
";

/// Text in the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn row(doc: &FunctionDoc) -> String {
    let others = match &doc.aliases[..] {
        [] => String::new(),
        aliases => format!(" Also spelt `{}`.", aliases.join("`, `")),
    };
    format!(
        "| `{}` | {}{others} | `{}` → `{}` |",
        cell(&doc.call),
        cell(&doc.description),
        cell(&doc.example),
        cell(&doc.value)
    )
}

fn page(docs: &[FunctionDoc]) -> String {
    let mut page = HEAD.to_owned();
    for chapter in Chapter::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n| function | what it gives | example |\n|---|---|---|\n",
            chapter.title()
        );
        for doc in docs.iter().filter(|doc| doc.chapter == chapter) {
            let _ = writeln!(page, "{}", row(doc));
        }
    }
    page.push_str("\n## What is refused\n\n| function | why |\n|---|---|\n");
    for (name, reason) in REFUSED {
        let _ = writeln!(page, "| `{name}` | {} |", cell(reason));
    }
    page
}

#[test]
fn every_function_has_an_entry_whose_example_gives_what_it_says() {
    let registry = FunctionRegistry::new();
    let docs = registry.docs();
    let mut mistakes = Vec::new();
    for name in registry.scalar_names() {
        let is_known = |doc: &FunctionDoc| doc.name == name || doc.aliases.iter().any(|alias| alias == name);
        if !docs.iter().any(is_known) {
            mistakes.push(format!("{name} has no entry"));
        }
    }
    for doc in &docs {
        let value = value_of(&registry, &doc.example);
        if value != doc.value {
            mistakes.push(format!("{} gives {value}, not {}", doc.example, doc.value));
        }
        if !doc.description.ends_with('.') {
            mistakes.push(format!("{} is described by no sentence", doc.name));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn the_reference_page_is_what_the_functions_declare() {
    let expected = page(&FunctionRegistry::new().docs());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    assert_page(&path, &expected, "cargo test -p eventflux-sql reference");
}
