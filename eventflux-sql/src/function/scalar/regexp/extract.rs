//! `regexp_extract`, `regexp_substr`: the part of a text that matches.

use std::sync::Arc;

use arrow::array::StringBuilder;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};
use regex::{Captures, Match};

use super::super::builtin::Builtin;
use super::super::column::Arguments;
use super::cache::compiled;
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let two = TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8]);
    let three = TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8, DataType::Int64]);
    let functions = [
        Builtin::new(
            "regexp_extract",
            Signature::one_of(vec![two, three], Volatility::Immutable),
            field,
            |args| extract(args, |captures, group| captures.get(group)),
        )
        .documented(
            Chapter::Regex,
            "regexp_extract(text, pattern[, group])",
            "The first part of a text that matches a regular expression, or a group of it; group 0, the default, is all of it. \
             NULL if nothing matches.",
            "regexp_extract('foobar', 'o(b.)', 1) => ba",
        ),
        Builtin::new("regexp_substr", Signature::exact(vec![DataType::Utf8; 2], Volatility::Immutable), field, |args| {
            extract(args, |captures, group| captures.get(group))
        })
        .documented(
            Chapter::Regex,
            "regexp_substr(text, pattern)",
            "The first part of a text that matches a regular expression. NULL if nothing matches.",
            "regexp_substr('foobar', 'o(b.)') => oba",
        ),
        // `substring(text FROM pattern)`: the first group, if the pattern has one.
        Builtin::new(
            "substring_pattern",
            Signature::exact(vec![DataType::Utf8; 2], Volatility::Immutable),
            field,
            |args| extract(args, |captures, _| if captures.len() > 1 { captures.get(1) } else { captures.get(0) }),
        )
        .documented(
            Chapter::Regex,
            "substring(text FROM pattern)",
            "The first part of a text that matches a regular expression: its first group, if it has one. NULL if nothing \
             matches.",
            "substring('foobar' FROM 'o(b.)') => ba",
        ),
    ];
    functions.into_iter().map(Builtin::udf).collect()
}

fn field(name: &'static str, _args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(Arc::new(Field::new(name, DataType::Utf8, true)))
}

fn extract(
    args: ScalarFunctionArgs,
    part: impl for<'t> Fn(&Captures<'t>, usize) -> Option<Match<'t>>,
) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let (texts, patterns) = (arguments.text(0)?, arguments.text(1)?);
    let groups = if arguments.len() > 2 {
        Some(arguments.integer(2)?)
    } else {
        None
    };
    let mut results = StringBuilder::new();
    for row in 0..arguments.row_count {
        if !arguments.are_valid(row) {
            results.append_null();
            continue;
        }
        let regex = compiled(patterns.value(row))?;
        let group = groups.map_or(0, |groups| groups.value(row));
        let group = match usize::try_from(group) {
            Ok(group) if group < regex.captures_len() => group,
            _ => return exec_err!("the regular expression has no group {group}"),
        };
        let captures = regex.captures(texts.value(row));
        results.append_option(
            captures
                .and_then(|captures| part(&captures, group))
                .map(|part| part.as_str()),
        );
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}
