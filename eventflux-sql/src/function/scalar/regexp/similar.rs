//! SIMILAR TO: the regular expressions of the SQL standard.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use arrow::array::BooleanBuilder;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, exec_err};
use datafusion_expr::expr::Like;
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature,
    Volatility, lit,
};
use regex::Regex;

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::cache::compiled;
use crate::function::reference::Chapter;

static SIMILAR: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let exact = |count: usize| TypeSignature::Exact(vec![DataType::Utf8; count]);
    let signature = Signature::one_of(vec![exact(2), exact(3)], Volatility::Immutable);
    Builtin::new("similar_to", signature, field, similar)
        .documented(
            Chapter::Regex,
            "text SIMILAR TO pattern [ESCAPE sign]",
            "Whether all of a text matches a pattern of the SQL standard: `%` stands for any characters, `_` for one, and `|`, \
             `*`, `+`, `?`, `{n,m}`, `( )` and `[ ]` have their usual meaning. Also as `similar_to(text, pattern[, escape])`.",
            "'abc' SIMILAR TO 'a(b|x)_' => true",
        )
        .udf()
});

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::clone(&SIMILAR)]
}

/// The call that SIMILAR TO stands for.
pub(in crate::function) fn similar_to(like: Like) -> Expr {
    let mut arguments = vec![*like.expr, *like.pattern];
    arguments.extend(like.escape_char.map(|escape| lit(escape.to_string())));
    let call = SIMILAR.call(arguments);
    if like.negated { !call } else { call }
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Boolean, args))
}

fn similar(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let (texts, patterns) = (arguments.text(0)?, arguments.text(1)?);
    let escapes = if arguments.len() > 2 {
        Some(arguments.text(2)?)
    } else {
        None
    };
    let mut results = BooleanBuilder::new();
    let mut last: Option<(String, Rc<Regex>)> = None;
    for row in 0..arguments.row_count {
        if !arguments.are_valid(row) {
            results.append_null();
            continue;
        }
        let escape = match escapes.map_or("\\", |escapes| escapes.value(row)) {
            escape if escape.chars().count() <= 1 => escape.chars().next(),
            escape => return exec_err!("the escape sign `{escape}` is not one character"),
        };
        let pattern = as_regex(patterns.value(row), escape)?;
        let regex = match &last {
            Some((known, regex)) if *known == pattern => Rc::clone(regex),
            _ => compiled(&pattern)?,
        };
        results.append_value(regex.is_match(texts.value(row)));
        last = Some((pattern, regex));
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

/// The pattern as a regular expression that matches whole texts.
fn as_regex(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut regex = String::from(r"(?s)\A(?:");
    let mut is_in_brackets = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            c if Some(c) == escape => match chars.next() {
                Some(escaped) => regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4]))),
                None => return exec_err!("the pattern `{pattern}` ends with its escape sign"),
            },
            '[' if !is_in_brackets => {
                is_in_brackets = true;
                regex.push('[');
            }
            ']' if is_in_brackets => {
                is_in_brackets = false;
                regex.push(']');
            }
            '[' if chars.as_str().starts_with(':') => match chars.as_str().split_once(":]") {
                Some((class, after)) => {
                    regex.extend(["[", class, ":]"]);
                    chars = after.chars();
                }
                None => regex.push_str(r"\["),
            },
            // What has a meaning of its own only to the regular expressions below.
            '\\' | '[' | '&' | '~' if is_in_brackets => regex.extend(['\\', c]),
            c if is_in_brackets => regex.push(c),
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' | '.' | '^' | '$' => regex.extend(['\\', c]),
            c => regex.push(c),
        }
    }
    regex.push_str(r")\z");
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        let check = |text: &str, pattern: &str| {
            compiled(&as_regex(pattern, Some('\\')).unwrap())
                .unwrap()
                .is_match(text)
        };
        assert!(check("abc", "a%"));
        assert!(check("a\nc", "a_c"));
        assert!(!check("abc", "b"));
        assert!(check("abc", "(a|x)b[c-e]"));
        assert!(!check("abc", "a.c"));
        assert!(check("a.c", "a.c"));
        assert!(check("a%c", r"a\%c"));
        assert!(!check("abc", r"a\%c"));
        assert!(check("5", "[[:digit:]]"));
        assert!(check("a^", "a^"));
        assert!(check("aab", "a{2}b"));
    }
}
