//! `regexp_replace`, with a bound on what it makes of a row.

use std::sync::Arc;

use arrow::array::StringBuilder;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};
use regex::{Captures, Regex};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::super::limit::{ROW_BYTES_MAX, row_too_large};
use super::flags::Flags;
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let exact = |count: usize| TypeSignature::Exact(vec![DataType::Utf8; count]);
    let signature = Signature::one_of(vec![exact(3), exact(4)], Volatility::Immutable);
    vec![
        Builtin::new("regexp_replace", signature, field, replace)
            .documented(
                Chapter::Regex,
                "regexp_replace(text, pattern, replacement[, flags])",
                "The text with the first match of a regular expression replaced, or all with the flag `g`. `\\1` to `\\9` in the \
                 replacement stand for groups, `\\&` for the match, `\\\\` for a backslash. Further flags: `i` does not look at \
                 case, `m` lets `^` and `$` match at lines, `s` lets `.` match a line break, `x` passes over white space.",
                r"regexp_replace('foobar', 'o(.)', '<\1>', 'g') => f<o>bar",
            )
            .udf(),
    ]
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Utf8, args))
}

fn replace(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let (texts, patterns, replacements) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let flags = if arguments.len() > 3 {
        Some(arguments.text(3)?)
    } else {
        None
    };
    let mut results = StringBuilder::new();
    let mut template: Option<(&str, Vec<Piece<'_>>)> = None;
    for row in 0..arguments.row_count {
        if !arguments.are_valid(row) {
            results.append_null();
            continue;
        }
        let flags = Flags::read("regexp_replace", flags.map_or("", |flags| flags.value(row)))?;
        let regex = flags.compile(patterns.value(row))?;
        let replacement = replacements.value(row);
        let pieces = match template.take() {
            Some((known, pieces)) if known == replacement => pieces,
            _ => read_replacement(replacement),
        };
        results.append_value(replace_in(texts.value(row), &regex, &pieces, flags.is_global)?);
        template = Some((replacement, pieces));
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

/// A piece of a replacement.
enum Piece<'a> {
    Text(&'a str),
    Group(usize),
}

fn read_replacement(replacement: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        let (text, escape) = rest.split_at(at);
        pieces.push(Piece::Text(text));
        let mut after = escape.chars();
        after.next();
        match after.next() {
            Some('&') => pieces.push(Piece::Group(0)),
            Some(digit @ '0'..='9') => pieces.push(Piece::Group(digit as usize - '0' as usize)),
            Some('\\') => pieces.push(Piece::Text("\\")),
            // A backslash before anything else stands for itself.
            Some(other) => pieces.push(Piece::Text(&escape[..1 + other.len_utf8()])),
            None => pieces.push(Piece::Text("\\")),
        }
        rest = after.as_str();
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn replace_in(text: &str, regex: &Regex, pieces: &[Piece<'_>], is_global: bool) -> Result<String> {
    let bytes_max = text.len().max(ROW_BYTES_MAX);
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    let matches = regex
        .captures_iter(text)
        .take(if is_global { usize::MAX } else { 1 });
    for captures in matches {
        let Some(whole) = captures.get(0) else { continue };
        result.push_str(&text[end..whole.start()]);
        append(pieces, &captures, &mut result);
        end = whole.end();
        if result.len() > bytes_max {
            return Err(row_too_large("regexp_replace"));
        }
    }
    result.push_str(&text[end..]);
    if result.len() > bytes_max {
        return Err(row_too_large("regexp_replace"));
    }
    Ok(result)
}

fn append(pieces: &[Piece<'_>], captures: &Captures<'_>, result: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => result.push_str(text),
            Piece::Group(group) => result.push_str(captures.get(*group).map_or("", |group| group.as_str())),
        }
    }
}
