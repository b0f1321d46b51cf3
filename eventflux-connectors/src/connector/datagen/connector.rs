//! The `datagen` source.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use eventflux_core::Result;
use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, SourceConnector, SourcePlan, SourceRequest,
};

use super::field::FieldRule;
use super::options::DatagenOptions;
use crate::generator::{GeneratorPlan, RowGenerator, RowRun};
use crate::metadata_column::MetadataColumns;

/// The connector.
pub struct Datagen;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "datagen",
    summary: "Makes up rows, each column after a rule of its own.",
    details: "\
A value depends on nothing but the row's number, the seed and the column's name: the rows are the same in every run and at \
every parallelism, and only the columns that are used are made. Integers, decimals, floats, booleans, strings, binary, \
dates, times and timestamps can be made. Without options a number is random from 0 to 1000 (a float from 0 to 1), a \
string 8 random letters, a date within 2024, and timestamps follow each other from 2024-01-01 on.

Values of `choice` and `zipf` are read as the column's type. A sequence that has come to the end of its type begins again. \
A restart goes on with the next row, also at another parallelism.",
    source_options: Some(DatagenOptions::SET.docs),
    sink_options: None,
    metadata: &[],
    format: FormatOption::Unused,
    example: "\
CREATE STREAM trades (at TIMESTAMP, symbol STRING, price DOUBLE, WATERMARK FOR at AS at)
WITH ('connector' = 'datagen', 'rows' = '100000',
      'fields.at.step' = '10ms',
      'fields.symbol.kind' = 'zipf', 'fields.symbol.values' = 'ACME, INIT, CODE',
      'fields.price.min' = '10', 'fields.price.max' = '20');
SELECT window_start, symbol, avg(price) FROM TUMBLE(trades, at, INTERVAL '1' MINUTE)
GROUP BY window_start, window_end, symbol;",
};

impl SourceConnector for Datagen {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let options = DatagenOptions::parse(request.options)?;
        MetadataColumns::plan(request, &[])?;
        check_names(request, &options)?;
        let mut fields = Vec::new();
        if request.options.is_resolved() {
            if options.rows_per_second.is_some_and(|rows| rows <= 0.0) {
                return Err(OptionError::new("rows_per_second", "has to be above 0"));
            }
            // Also those that are not used: their options are to be right too.
            let rules = request
                .declared
                .fields()
                .iter()
                .map(|field| FieldRule::new(field, &options));
            let mut rules = rules.collect::<Result<Vec<_>, _>>()?;
            for column in request.columns {
                let index = rules.iter().position(|rule| rule.name() == column.field.name());
                fields.extend(index.map(|index| rules.swap_remove(index)));
            }
        }
        Ok(Box::new(GeneratorPlan {
            row_count: options.rows,
            rows_per_second: options.rows_per_second,
            generator: Arc::new(DatagenRows {
                schema: request.schema(),
                fields,
            }),
        }))
    }
}

/// Every `fields.<column>.…` names a declared column.
fn check_names(request: &SourceRequest<'_>, options: &DatagenOptions) -> Result<(), OptionError> {
    let DatagenOptions {
        kind,
        min,
        max,
        step,
        values,
        exponent,
        null_rate,
        ..
    } = options;
    let names = [
        ("kind", kind.keys().collect::<Vec<_>>()),
        ("min", min.keys().collect()),
        ("max", max.keys().collect()),
        ("step", step.keys().collect()),
        ("values", values.keys().collect()),
        ("exponent", exponent.keys().collect()),
        ("null_rate", null_rate.keys().collect()),
    ];
    let declared = || request.declared.fields().iter().map(|field| field.name());
    for (option, names) in names {
        if let Some(name) = names
            .iter()
            .find(|name| !declared().any(|known| known.eq_ignore_ascii_case(name)))
        {
            let known = declared().map(String::as_str).collect::<Vec<_>>().join(", ");
            let error = OptionError::new(
                format!("fields.{name}.{option}"),
                format!("there is no column `{name}`"),
            );
            return Err(error.with_help(format!("the columns are {known}")));
        }
    }
    Ok(())
}

struct DatagenRows {
    schema: SchemaRef,
    fields: Vec<FieldRule>,
}

impl RowGenerator for DatagenRows {
    fn rows(&self, run: RowRun) -> Result<RecordBatch> {
        let columns = self
            .fields
            .iter()
            .map(|field| field.array(run))
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(run.count));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}
