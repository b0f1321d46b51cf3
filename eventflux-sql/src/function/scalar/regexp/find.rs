//! `regexp_like`, `regexp_match`, `regexp_count`, `regexp_instr`: whether, where and how often a pattern matches.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use arrow::array::{BooleanBuilder, Int64Builder, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    BinaryExpr, ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature,
    TypeSignature, Volatility, lit,
};
use regex::Regex;

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::flags::Flags;
use crate::function::reference::Chapter;

static LIKE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Builtin::new("regexp_like", texts(&[2, 3]), boolean, like)
        .documented(
            Chapter::Regex,
            "regexp_like(text, pattern[, flags])",
            "Whether a part of a text matches a regular expression; also the operators `~`, `!~` and, without looking at \
             case, `~*`, `!~*`. The flags are those of `regexp_replace`.",
            "regexp_like('foobar', 'B', 'i') => true",
        )
        .udf()
});

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        Builtin::new("regexp_match", texts(&[2, 3]), list, first_match).documented(
            Chapter::Regex,
            "regexp_match(text, pattern[, flags])",
            "The groups of the first match of a regular expression as an array, or the match itself if there are no groups. \
             NULL if nothing matches.",
            "regexp_match('foobarbaz', '(b.)(r)') => [\"ba\",\"r\"]",
        ),
        Builtin::new("regexp_count", placed(&[0, 1, 2]), integer, count).documented(
            Chapter::Regex,
            "regexp_count(text, pattern[, start[, flags]])",
            "How many matches of a regular expression there are in a text, from a character on (1 is the first).",
            "regexp_count('abcabc', 'b') => 2",
        ),
        Builtin::new("regexp_instr", placed(&[0, 1, 3, 4, 5]), integer, instr).documented(
            Chapter::Regex,
            "regexp_instr(text, pattern[, start[, n[, flags[, group]]]])",
            "At which character the n-th match of a regular expression begins (1 is the first), or a group of it. 0 if there \
             is none.",
            "regexp_instr('foobar', 'o', 1, 2) => 3",
        ),
    ];
    let mut functions: Vec<_> = functions.into_iter().map(Builtin::udf).collect();
    functions.push(Arc::clone(&LIKE));
    functions
}

/// The call that `~`, `~*`, `!~` or `!~*` stands for; `None` for other operators.
pub(in crate::function) fn regexp_operator(binary: &BinaryExpr) -> Option<Expr> {
    let (is_negated, ignores_case) = match binary.op {
        Operator::RegexMatch => (false, false),
        Operator::RegexIMatch => (false, true),
        Operator::RegexNotMatch => (true, false),
        Operator::RegexNotIMatch => (true, true),
        _ => return None,
    };
    let mut arguments = vec![binary.left.as_ref().clone(), binary.right.as_ref().clone()];
    if ignores_case {
        arguments.push(lit("i"));
    }
    let call = LIKE.call(arguments);
    Some(if is_negated { !call } else { call })
}

/// So many texts.
fn texts(counts: &[usize]) -> Signature {
    let forms = counts
        .iter()
        .map(|count| TypeSignature::Exact(vec![DataType::Utf8; *count]));
    Signature::one_of(forms.collect(), Volatility::Immutable)
}

/// Text, pattern, and so many of start, n, flags and group; `2` stands for start and flags.
fn placed(counts: &[usize]) -> Signature {
    let rest = |count: usize| match count {
        0 => vec![],
        1 => vec![DataType::Int64],
        2 => vec![DataType::Int64, DataType::Utf8],
        3 => vec![DataType::Int64, DataType::Int64],
        4 => vec![DataType::Int64, DataType::Int64, DataType::Utf8],
        _ => vec![DataType::Int64, DataType::Int64, DataType::Utf8, DataType::Int64],
    };
    let form = |count: &usize| TypeSignature::Exact([vec![DataType::Utf8; 2], rest(*count)].concat());
    Signature::one_of(counts.iter().map(form).collect(), Volatility::Immutable)
}

fn boolean(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Boolean, args))
}

fn integer(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Int64, args))
}

fn list(name: &'static str, _args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    let item = Field::new("item", DataType::Utf8, true);
    Ok(Arc::new(Field::new(name, DataType::List(Arc::new(item)), true)))
}

/// Calls `each` with the row and its compiled pattern, or `None` where an argument is NULL.
fn for_each(
    name: &str,
    arguments: &Arguments,
    flags_at: Option<usize>,
    mut each: impl FnMut(usize, Option<&Regex>) -> Result<()>,
) -> Result<()> {
    let patterns = arguments.text(1)?;
    let flags = match flags_at {
        Some(index) if index < arguments.len() => Some(arguments.text(index)?),
        _ => None,
    };
    let mut last: Option<(&str, &str, Rc<Regex>)> = None;
    for row in 0..arguments.row_count {
        if !arguments.are_valid(row) {
            each(row, None)?;
            continue;
        }
        let (pattern, letters) = (patterns.value(row), flags.map_or("", |flags| flags.value(row)));
        let regex = match last.take() {
            Some((known, with, regex)) if known == pattern && with == letters => regex,
            _ => Flags::read(name, letters)?.compile(pattern)?,
        };
        each(row, Some(&regex))?;
        last = Some((pattern, letters, regex));
    }
    Ok(())
}

fn like(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let texts = arguments.text(0)?;
    let mut results = BooleanBuilder::with_capacity(arguments.row_count);
    for_each("regexp_like", &arguments, Some(2), |row, regex| {
        results.append_option(regex.map(|regex| regex.is_match(texts.value(row))));
        Ok(())
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn first_match(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let texts = arguments.text(0)?;
    let mut results = ListBuilder::new(StringBuilder::new());
    for_each("regexp_match", &arguments, Some(2), |row, regex| {
        let captures = regex.and_then(|regex| regex.captures(texts.value(row)));
        if let Some(captures) = &captures {
            let first = usize::from(captures.len() > 1);
            for group in first..captures.len() {
                results
                    .values()
                    .append_option(captures.get(group).map(|group| group.as_str()));
            }
        }
        results.append(captures.is_some());
        Ok(())
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn count(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let mut results = Int64Builder::with_capacity(arguments.row_count);
    for_each("regexp_count", &arguments, Some(3), |row, regex| {
        let count = match regex {
            Some(regex) => {
                let (_, text) = from_start("regexp_count", &arguments, row)?;
                Some(text.map_or(0, |text| regex.find_iter(text).count() as i64))
            }
            None => None,
        };
        results.append_option(count);
        Ok(())
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn instr(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let mut results = Int64Builder::with_capacity(arguments.row_count);
    for_each("regexp_instr", &arguments, Some(4), |row, regex| {
        let place = match regex {
            Some(regex) => Some(place_of(regex, &arguments, row)?),
            None => None,
        };
        results.append_option(place);
        Ok(())
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn place_of(regex: &Regex, arguments: &Arguments, row: usize) -> Result<i64> {
    let number = |index: usize, otherwise: i64| -> Result<i64> {
        match index < arguments.len() {
            true => Ok(arguments.integer(index)?.value(row)),
            false => Ok(otherwise),
        }
    };
    let (start, text) = from_start("regexp_instr", arguments, row)?;
    let (nth, group) = (number(3, 1)?, number(5, 0)?);
    let nth = match usize::try_from(nth) {
        Ok(nth) if nth > 0 => nth,
        _ => return exec_err!("regexp_instr counts matches from 1, not from {nth}"),
    };
    let group = match usize::try_from(group) {
        Ok(group) if group < regex.captures_len() => group,
        _ => return exec_err!("the regular expression has no group {group}"),
    };
    let Some(text) = text else { return Ok(0) };
    let found = regex.captures_iter(text).nth(nth - 1);
    let part = found.and_then(|captures| captures.get(group).map(|part| part.start()));
    Ok(part.map_or(0, |at| start + text[..at].chars().count() as i64))
}

/// The third argument, and the text from that character on; `None` if it is shorter.
fn from_start<'a>(name: &str, arguments: &'a Arguments, row: usize) -> Result<(i64, Option<&'a str>)> {
    let text = arguments.text(0)?.value(row);
    if arguments.len() < 3 {
        return Ok((1, Some(text)));
    }
    let start = arguments.integer(2)?.value(row);
    let passed = match usize::try_from(start) {
        Ok(start) if start > 0 => start - 1,
        _ => return exec_err!("{name} counts characters from 1, not from {start}"),
    };
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    Ok((start, ends.into_iter().nth(passed).map(|at| &text[at..])))
}
