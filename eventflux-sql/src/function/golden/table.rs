//! The tables: `expression ==> value as JSON`, one a line.
//!
//! `EVENTFLUX_UPDATE_GOLDEN=1` writes what the expressions give into the tables: to be read before it is committed.

use std::fs;
use std::path::PathBuf;

use super::check::{Outcome, outcomes};
use crate::function::FunctionRegistry;

const ARROW: &str = " ==> ";

/// What functions say that take some arguments only as constants. Columns in their place are no mistake of theirs.
const CONSTANTS_ONLY: &[&str] = &[
    "constant",
    "must be a scalar",
    "to be scalars",
    "must be non-null scalar",
    "only supports literal values",
    "dynamically decided",
    "stands in the text",
];

/// Every table, by name.
fn tables() -> Vec<(String, PathBuf)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/function/golden");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tables: Vec<(String, PathBuf)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    tables.sort();
    tables
}

/// The expressions of all tables.
pub(super) fn expressions() -> Vec<String> {
    let texts = tables()
        .into_iter()
        .map(|(_, path)| fs::read_to_string(path).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(ARROW)
                .map_or(line.clone(), |(expression, _)| expression.to_owned())
        })
        .collect()
}

fn is_mistake(outcome: &Outcome, expected: &str) -> bool {
    let wants_constant = outcome.way.starts_with("columns")
        && outcome.value.starts_with("error: ")
        && CONSTANTS_ONLY.iter().any(|words| outcome.value.contains(words));
    outcome.value != expected && !wants_constant
}

#[test]
fn expressions_give_the_values_of_the_tables() {
    let functions = FunctionRegistry::new();
    let is_update = std::env::var_os("EVENTFLUX_UPDATE_GOLDEN").is_some();
    let mut mistakes = Vec::new();
    for (name, path) in tables() {
        let mut lines = Vec::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                lines.push(line.to_owned());
                continue;
            }
            let (expression, expected) = line.split_once(ARROW).unwrap_or((line, "no value yet"));
            let outcomes = outcomes(&functions, expression);
            let expected = if is_update {
                outcomes[0].value.clone()
            } else {
                expected.to_owned()
            };
            for outcome in outcomes.iter().filter(|outcome| is_mistake(outcome, &expected)) {
                let (way, value) = (outcome.way, &outcome.value);
                mistakes.push(format!(
                    "{name}: {expression}\n    expected: {expected}\n    {way}: {value}"
                ));
            }
            lines.push(format!("{expression}{ARROW}{expected}"));
        }
        if is_update {
            fs::write(&path, lines.join("\n") + "\n").unwrap();
        }
    }
    assert!(
        mistakes.is_empty(),
        "{} mistakes\n{}",
        mistakes.len(),
        mistakes.join("\n")
    );
}
