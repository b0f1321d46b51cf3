//! The functions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion_common::{Result, internal_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};
use eventflux_core::batch::json::mark_json;

use super::super::builtin::Builtin;
use super::document::{Kind, Part, Step};
use super::path::{parse_sql_path, parse_text_array};
use crate::function::reference::Chapter;

/// All functions over JSON.
pub(in crate::function::scalar) fn functions() -> Vec<Arc<ScalarUDF>> {
    let step = || {
        let types =
            [DataType::Utf8, DataType::Int64].map(|step| TypeSignature::Exact(vec![DataType::Utf8, step]));
        Signature::one_of(types.to_vec(), Volatility::Immutable)
    };
    let text = |count: usize| Signature::exact(vec![DataType::Utf8; count], Volatility::Immutable);
    let path = || {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        let types = [DataType::Utf8, list].map(|path| TypeSignature::Exact(vec![DataType::Utf8, path]));
        Signature::one_of(types.to_vec(), Volatility::Immutable)
    };
    let functions = [
        Builtin::new("json_get", step(), json_field, |args| json_at(args, key_steps)).documented(
            Chapter::Json,
            "json_get(json, key)",
            "The member of an object, or the element of an array (from 0, from the end if negative), as JSON; the operator `->`. \
             NULL if there is none.",
            r#"json_get('{"a": [1, 2]}', 'a') => [1, 2]"#,
        ),
        Builtin::new("json_get_text", step(), text_field, |args| text_at(args, key_steps)).documented(
            Chapter::Json,
            "json_get_text(json, key)",
            "As `json_get`, but as text: without the quotes of a string, and NULL for `null`; the operator `->>`.",
            r#"json_get_text('{"a": "x"}', 'a') => x"#,
        ),
        Builtin::new("json_get_path", path(), json_field, |args| json_at(args, array_steps)).documented(
            Chapter::Json,
            "json_get_path(json, path)",
            "The part that a path of keys and indices leads to, as JSON; the operator `#>`. The path is an array of text, or \
             text as in `{a,0}`.",
            r#"json_get_path('{"a": [1, 2]}', '{a,1}') => 2"#,
        ),
        Builtin::new("json_get_path_text", path(), text_field, |args| text_at(args, array_steps)).documented(
            Chapter::Json,
            "json_get_path_text(json, path)",
            "As `json_get_path`, but as text; the operator `#>>`.",
            r#"json_get_path_text('{"a": ["x"]}', '{a,0}') => x"#,
        ),
        Builtin::new("json_value", text(2), text_field, value).documented(
            Chapter::Json,
            "json_value(json, path)",
            "The string, number or boolean at a path like `$.a[0]`, as text. NULL if there is none, or if it is an object or \
             an array.",
            r#"json_value('{"a": [1, 2]}', '$.a[0]') => 1"#,
        ),
        Builtin::new("json_query", text(2), json_field, |args| json_at(args, path_steps)).documented(
            Chapter::Json,
            "json_query(json, path)",
            "The part at a path like `$.a[0]`, as JSON. NULL if there is none.",
            r#"json_query('{"a": [1, 2]}', '$.a') => [1, 2]"#,
        ),
        Builtin::new("json_exists", text(2), boolean_field, exists).documented(
            Chapter::Json,
            "json_exists(json, path)",
            "Whether there is something at a path like `$.a[0]`, be it `null`.",
            r#"json_exists('{"a": null}', '$.a') => true"#,
        ),
        Builtin::new("json_array_length", text(1), integer_field, array_length).documented(
            Chapter::Json,
            "json_array_length(json)",
            "How many elements an array has. NULL if it is none.",
            "json_array_length('[1, 2]') => 2",
        ),
        Builtin::new("json_typeof", text(1), text_field, type_of).documented(
            Chapter::Json,
            "json_typeof(json)",
            "What the JSON is: `object`, `array`, `string`, `number`, `boolean` or `null`.",
            "json_typeof('[1, 2]') => array",
        ),
    ];
    functions.into_iter().map(Builtin::udf).collect()
}

// What is not there is NULL, so every result may be.

fn json_field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    check_path(name, args)?;
    Ok(Arc::new(mark_json(Field::new(name, DataType::Utf8, true))))
}

fn text_field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    check_path(name, args)?;
    Ok(Arc::new(Field::new(name, DataType::Utf8, true)))
}

fn boolean_field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    check_path(name, args)?;
    Ok(Arc::new(Field::new(name, DataType::Boolean, true)))
}

fn integer_field(name: &'static str, _args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(Arc::new(Field::new(name, DataType::Int64, true)))
}

/// A path that stands in the query is looked at when the query is planned.
fn check_path(name: &str, args: &ReturnFieldArgs<'_>) -> Result<()> {
    let takes_path = matches!(name, "json_value" | "json_query" | "json_exists");
    match args.scalar_arguments.get(1) {
        Some(Some(path)) if takes_path => path
            .try_as_str()
            .flatten()
            .map_or(Ok(()), |path| parse_sql_path(path).map(drop)),
        _ => Ok(()),
    }
}

fn json_at(args: ScalarFunctionArgs, read: ReadSteps) -> Result<ColumnarValue> {
    texts(args, read, |part| Some(part.as_json().to_owned()))
}

fn text_at(args: ScalarFunctionArgs, read: ReadSteps) -> Result<ColumnarValue> {
    texts(args, read, |part| part.as_text())
}

fn value(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    texts(args, path_steps, |part| match part.kind() {
        Kind::Object | Kind::Array => None,
        _ => part.as_text(),
    })
}

fn type_of(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let name = |kind| match kind {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Null => "null",
    };
    texts(args, no_steps, |part| Some(name(part.kind()).to_owned()))
}

fn exists(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let mut results = BooleanBuilder::new();
    for_each_part(args, path_steps, |found| {
        results.append_option(found.map(|part| part.is_some()))
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn array_length(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let mut results = Int64Builder::new();
    for_each_part(args, no_steps, |found| {
        let array = found.flatten().filter(|part| part.kind() == Kind::Array);
        results.append_option(array.map(|array| array.element_count() as i64));
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

fn texts(
    args: ScalarFunctionArgs,
    read: ReadSteps,
    text: impl Fn(Part<'_>) -> Option<String>,
) -> Result<ColumnarValue> {
    let mut results = StringBuilder::new();
    for_each_part(args, read, |found| {
        results.append_option(found.flatten().and_then(&text))
    })?;
    Ok(ColumnarValue::Array(Arc::new(results.finish())))
}

/// Reads the steps that a cell says; it is not NULL.
type ReadSteps = fn(&ArrayRef, usize) -> Result<Vec<Step>>;

/// Calls `each` with the part of each row that its steps lead to, or `None` where the document or the steps are NULL.
fn for_each_part(
    args: ScalarFunctionArgs,
    read: ReadSteps,
    mut each: impl FnMut(Option<Option<Part<'_>>>),
) -> Result<()> {
    let row_count = args.number_rows;
    let (documents, steps) = match args.args.as_slice() {
        [documents] => (documents, Steps::One(Some(Vec::new()))),
        [documents, ColumnarValue::Scalar(constant)] => {
            let constant = constant.to_array()?;
            let steps = if constant.is_null(0) {
                None
            } else {
                Some(read(&constant, 0)?)
            };
            (documents, Steps::One(steps))
        }
        [documents, ColumnarValue::Array(array)] => (documents, Steps::Each(Arc::clone(array))),
        arguments => return internal_err!("{} arguments for a JSON function", arguments.len()),
    };
    let documents = documents.clone().into_array(row_count)?;
    let documents = documents.as_string::<i32>();
    for row in 0..row_count {
        let own;
        let steps = match &steps {
            Steps::One(steps) => steps.as_deref(),
            Steps::Each(array) if array.is_null(row) => None,
            Steps::Each(array) => {
                own = read(array, row)?;
                Some(own.as_slice())
            }
        };
        match steps {
            Some(steps) if documents.is_valid(row) => {
                let document = Part::document(documents.value(row))?;
                each(Some(
                    steps.iter().try_fold(document, |part, step| part.step(step)),
                ));
            }
            _ => each(None),
        }
    }
    Ok(())
}

enum Steps {
    One(Option<Vec<Step>>),
    Each(ArrayRef),
}

fn no_steps(_array: &ArrayRef, _row: usize) -> Result<Vec<Step>> {
    Ok(Vec::new())
}

fn key_steps(array: &ArrayRef, row: usize) -> Result<Vec<Step>> {
    Ok(vec![match array.as_primitive_opt::<Int64Type>() {
        Some(indices) => Step::Index(indices.value(row)),
        None => Step::Key(array.as_string::<i32>().value(row).to_owned()),
    }])
}

fn path_steps(array: &ArrayRef, row: usize) -> Result<Vec<Step>> {
    parse_sql_path(array.as_string::<i32>().value(row))
}

fn array_steps(array: &ArrayRef, row: usize) -> Result<Vec<Step>> {
    let Some(lists) = array.as_list_opt::<i32>() else {
        return parse_text_array(array.as_string::<i32>().value(row));
    };
    let keys = lists.value(row);
    // A NULL in the path leads nowhere, as does a key that no document has.
    let step = |key: Option<&str>| key.map_or(Step::Index(i64::MAX), |key| Step::Either(key.to_owned()));
    Ok(keys.as_string::<i32>().iter().map(step).collect())
}
