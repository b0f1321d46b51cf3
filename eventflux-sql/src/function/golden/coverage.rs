//! Every function stands in the tables.

use std::collections::BTreeMap;

use super::table::expressions;
use crate::function::FunctionRegistry;

/// At least so many expressions for a function that takes arguments: an ordinary one, one with NULL, one at the edge.
const EXPRESSIONS_MIN: usize = 3;

/// Calls that are written without the name: what stands in the text instead.
const SPELT_OTHERWISE: &[(&str, &str)] = &[
    ("current_date", "current_date"),
    ("current_time", "current_time"),
    ("current_time", "localtime"),
    ("localtimestamp", "localtimestamp"),
    ("overlay", "PLACING"),
];

/// Whether an expression calls a function by this name.
fn calls(expression: &str, name: &str) -> bool {
    expression.match_indices(name).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !expression[..at].ends_with(is_word) && expression[at + name.len()..].starts_with('(')
    })
}

#[test]
fn every_function_stands_in_the_tables() {
    let registry = FunctionRegistry::new();
    let mut names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for alias in registry.scalar_names() {
        let function = registry.scalar(alias).unwrap();
        names.entry(function.name().to_owned()).or_default().push(alias);
    }
    let expressions = expressions();
    let mut missing = Vec::new();
    for (name, aliases) in &names {
        let spelt = SPELT_OTHERWISE.iter().filter(|(function, _)| function == name);
        let words: Vec<&str> = spelt.map(|(_, words)| *words).collect();
        let of_function: Vec<&String> = expressions
            .iter()
            .filter(|expression| {
                aliases.iter().any(|alias| calls(expression, alias))
                    || words.iter().any(|words| expression.contains(words))
            })
            .collect();
        let takes_none = of_function.iter().all(|expression| {
            expression.contains("()") || words.iter().any(|words| expression.starts_with(words))
        });
        let has_null = of_function.iter().any(|expression| expression.contains("NULL"));
        if of_function.is_empty() || (!takes_none && (of_function.len() < EXPRESSIONS_MIN || !has_null)) {
            missing.push(format!(
                "{name}: {} expressions, NULL: {has_null}",
                of_function.len()
            ));
        }
    }
    assert!(
        missing.is_empty(),
        "write more into the tables:\n{}",
        missing.join("\n")
    );
}
