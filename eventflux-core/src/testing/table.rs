//! Text tables.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::util::display::array_value_to_string;

use crate::batch::{EventBatch, RowKind};
use crate::element::{StreamElement, WATERMARK_MAX};

/// A schema from `name type` pairs: `"key text, n bigint, at timestamp"`. All columns may be NULL.
///
/// # Panics
/// The text is no such list.
pub fn schema(text: &str) -> SchemaRef {
    let fields = text
        .split(',')
        .filter(|field| !field.trim().is_empty())
        .map(|field| {
            let (name, data_type) = field
                .trim()
                .split_once(' ')
                .unwrap_or_else(|| panic!("no type: {field}"));
            let data_type = match data_type.trim() {
                "text" => DataType::Utf8,
                "bigint" => DataType::Int64,
                "int" => DataType::Int32,
                "double" => DataType::Float64,
                "boolean" => DataType::Boolean,
                "date" => DataType::Date32,
                "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
                "decimal" => DataType::Decimal128(20, 2),
                other => panic!("no type {other}"),
            };
            Field::new(name, data_type, true)
        });
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

/// Elements from a text table. Rows between two watermarks make one batch; a row without a time has that of the row
/// before it, at first 0.
///
/// # Panics
/// A line does not fit the schema.
pub fn batches(schema: &SchemaRef, text: &str) -> Vec<StreamElement> {
    let mut elements = Vec::new();
    let mut rows = Rows::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(watermark) = line.strip_prefix("watermark ") {
            rows.finish(schema, &mut elements);
            let watermark = if watermark == "max" {
                WATERMARK_MAX
            } else {
                number(watermark)
            };
            elements.push(StreamElement::Watermark(watermark));
        } else {
            rows.push(line, schema);
        }
    }
    rows.finish(schema, &mut elements);
    elements
}

fn number(text: &str) -> i64 {
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("not a number: {text}"))
}

#[derive(Default)]
struct Rows {
    cells: Vec<Vec<Option<String>>>,
    kinds: Vec<RowKind>,
    times: Vec<i64>,
    time: i64,
}

impl Rows {
    fn push(&mut self, line: &str, schema: &SchemaRef) {
        let mut cells = split(line);
        let kind = cells
            .first()
            .and_then(|cell| RowKind::from_symbol(cell.as_deref()?));
        if kind.is_some() {
            cells.remove(0);
        }
        if let Some(Some(time)) = cells.last()
            && let Some(time) = time.strip_prefix('@')
        {
            self.time = number(time);
            cells.pop();
        }
        assert_eq!(cells.len(), schema.fields().len(), "cells of: {line}");
        self.cells.push(cells);
        self.kinds.push(kind.unwrap_or(RowKind::Insert));
        self.times.push(self.time);
    }

    fn finish(&mut self, schema: &SchemaRef, elements: &mut Vec<StreamElement>) {
        if self.cells.is_empty() {
            return;
        }
        let columns = schema.fields().iter().enumerate().map(|(index, field)| {
            let text = self
                .cells
                .iter()
                .map(|cells| cells[index].as_deref())
                .collect::<StringArray>();
            column(&text, field.data_type())
        });
        let options = RecordBatchOptions::new().with_row_count(Some(self.cells.len()));
        let rows = RecordBatch::try_new_with_options(schema.clone(), columns.collect(), &options);
        let rows = rows.unwrap_or_else(|error| panic!("{error}"));
        let batch = EventBatch::new(rows, std::mem::take(&mut self.times).into());
        let batch = batch.and_then(|batch| batch.with_kinds(Some(std::mem::take(&mut self.kinds).into())));
        elements.push(StreamElement::Batch(
            batch.unwrap_or_else(|error| panic!("{error}")),
        ));
        self.cells.clear();
    }
}

fn column(text: &StringArray, data_type: &DataType) -> ArrayRef {
    let between = match data_type {
        DataType::Timestamp(..) => cast(text, &DataType::Int64),
        _ => Ok(Arc::new(text.clone()) as ArrayRef),
    };
    let column = between
        .and_then(|between| cast(&between, data_type))
        .unwrap_or_else(|error| panic!("{error}"));
    for row in 0..text.len() {
        assert_eq!(
            column.is_null(row),
            text.is_null(row),
            "{} is no {data_type}",
            text.value(row)
        );
    }
    column
}

/// Cells of a line; NULL is `None`.
fn split(line: &str) -> Vec<Option<String>> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (cell, after) = match rest.strip_prefix('\'') {
            Some(quoted) => {
                let (cell, after) = quoted.split_once('\'').unwrap_or((quoted, ""));
                (Some(cell.to_owned()), after)
            }
            None => {
                let (cell, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (Some(cell.to_owned()).filter(|cell| cell != "NULL"), after)
            }
        };
        cells.push(cell);
        rest = after.trim_start();
    }
    cells
}

/// Elements as a text table: a line per row, its kind and cells, and one per watermark. Timestamps are microseconds.
pub fn render(elements: &[StreamElement]) -> String {
    let mut text = String::new();
    for element in elements {
        match element {
            StreamElement::Batch(batch) => render_batch(batch, &mut text),
            StreamElement::Watermark(WATERMARK_MAX) => text.push_str("watermark max\n"),
            StreamElement::Watermark(watermark) => {
                let _ = writeln!(text, "watermark {watermark}");
            }
            other => {
                let _ = writeln!(text, "{other:?}");
            }
        }
    }
    text
}

fn render_batch(batch: &EventBatch, text: &mut String) {
    for row in 0..batch.num_rows() {
        text.push_str(batch.kind(row).symbol());
        for column in batch.rows().columns() {
            let cell = if column.is_null(row) {
                "NULL".to_owned()
            } else if matches!(column.data_type(), DataType::Timestamp(..)) {
                let micros = cast(column, &DataType::Int64).unwrap_or_else(|error| panic!("{error}"));
                micros.as_primitive::<Int64Type>().value(row).to_string()
            } else {
                array_value_to_string(column, row).unwrap_or_else(|error| panic!("{error}"))
            };
            let is_plain = !cell.is_empty() && !cell.contains(char::is_whitespace);
            let _ = if is_plain {
                write!(text, " {cell}")
            } else {
                write!(text, " '{cell}'")
            };
        }
        text.push('\n');
    }
}
