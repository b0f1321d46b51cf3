//! `lpad`, `rpad`: text filled up to a length, or cut off there.

use std::sync::Arc;

use arrow::array::StringBuilder;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::super::limit::{Budget, ROW_BYTES_MAX};
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let signature = || {
        let two = TypeSignature::Exact(vec![DataType::Utf8, DataType::Int64]);
        let three = TypeSignature::Exact(vec![DataType::Utf8, DataType::Int64, DataType::Utf8]);
        Signature::one_of(vec![two, three], Volatility::Immutable)
    };
    let functions = [
        Builtin::new("lpad", signature(), field, |args| pad("lpad", args, true)).documented(
            Chapter::Text,
            "lpad(text, length[, fill])",
            "The text filled up on the left to so many characters, with spaces or with `fill` over and over. A longer text is \
             cut off on the right.",
            "lpad('7', 3, '0') => 007",
        ),
        Builtin::new("rpad", signature(), field, |args| pad("rpad", args, false)).documented(
            Chapter::Text,
            "rpad(text, length[, fill])",
            "The text filled up on the right to so many characters, with spaces or with `fill` over and over. A longer text \
             is cut off on the right.",
            "rpad('ab', 4, '-') => ab--",
        ),
    ];
    functions.into_iter().map(Builtin::udf).collect()
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Utf8, args))
}

fn pad(name: &'static str, args: ScalarFunctionArgs, is_left: bool) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let (texts, lengths) = (arguments.text(0)?, arguments.integer(1)?);
    let fills = if arguments.len() > 2 {
        Some(arguments.text(2)?)
    } else {
        None
    };
    let mut budget = Budget::new(name, ROW_BYTES_MAX);
    let mut results = StringBuilder::new();
    let mut padded = String::new();
    for row in 0..arguments.row_count {
        if !arguments.are_valid(row) {
            results.append_null();
            continue;
        }
        let (text, fill) = (texts.value(row), fills.map_or(" ", |fills| fills.value(row)));
        let length = usize::try_from(lengths.value(row)).unwrap_or(0);
        if let Some((end, _)) = text.char_indices().nth(length) {
            results.append_value(&text[..end]);
            continue;
        }
        let missing = length - text.chars().count();
        if missing == 0 || fill.is_empty() {
            results.append_value(text);
            continue;
        }
        budget.take(length, 4, "characters")?;
        padded.clear();
        if !is_left {
            padded.push_str(text);
        }
        padded.extend(fill.chars().cycle().take(missing));
        if is_left {
            padded.push_str(text);
        }
        results.append_value(&padded);
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}
