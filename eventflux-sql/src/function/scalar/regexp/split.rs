//! `regexp_split_to_array`.

use std::sync::Arc;

use arrow::array::{ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, Volatility};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::cache::compiled;
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let signature = Signature::exact(vec![DataType::Utf8; 2], Volatility::Immutable);
    vec![
        Builtin::new("regexp_split_to_array", signature, field, split)
            .documented(
                Chapter::Regex,
                "regexp_split_to_array(text, pattern)",
                "The parts of a text between the matches of a regular expression.",
                "regexp_split_to_array('a1b22c', '[0-9]+') => [\"a\",\"b\",\"c\"]",
            )
            .udf(),
    ]
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    let item = Field::new("item", DataType::Utf8, true);
    Ok(strict(name, DataType::List(Arc::new(item)), args))
}

fn split(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?;
    let (texts, patterns) = (arguments.text(0)?, arguments.text(1)?);
    let mut results = ListBuilder::new(StringBuilder::new());
    for row in 0..arguments.row_count {
        if arguments.are_valid(row) {
            let regex = compiled(patterns.value(row))?;
            let text = texts.value(row);
            let mut end = 0;
            for found in regex.find_iter(text) {
                // As in PostgreSQL, nothing parts nothing at the ends.
                if found.is_empty() && (found.start() == 0 || found.end() == text.len()) {
                    continue;
                }
                results.values().append_value(&text[end..found.start()]);
                end = found.end();
            }
            results.values().append_value(&text[end..]);
        }
        results.append(arguments.are_valid(row));
    }
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}
