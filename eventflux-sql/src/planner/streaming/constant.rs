//! Rows that the text gives: VALUES, and SELECT without FROM.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::{DFSchema, DFSchemaRef, DataFusionError, Result};
use datafusion_expr::{EmptyRelation, Expr, Values};
use eventflux_core::plan::{ChangelogMode, OperatorSpec, Parallelism, SourceKind, SourceSpec};

use super::expression::compile_over;
use super::graph::NewNode;
use super::rel::{Bounds, Changes, Lateness, PendingCalc, Place, Rel};
use super::stream::default_route;
use super::translator::Translator;
use crate::diagnostic::{Code, Diagnostic};

impl Translator<'_> {
    /// VALUES.
    pub(super) fn values(&mut self, values: &Values) -> Result<Rel> {
        if values.values.iter().flatten().any(Expr::is_volatile) {
            let message = "VALUES are rows of constants";
            let span = self.span.unwrap_or_default();
            self.report(
                Diagnostic::error(Code::NotSupported, span, message)
                    .with_help("write `INSERT INTO … SELECT …`"),
            );
            return Err(DataFusionError::Plan(message.to_owned()));
        }
        let schema = plain_schema(&values.schema);
        let columns = (0..schema.fields().len()).map(|column| {
            let cells = values.values.iter().map(|row| constant_value(&row[column]));
            let cells = cells.collect::<Result<Vec<ArrayRef>>>()?;
            let parts: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
            Ok(concat(&parts)?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        Ok(self.rows(batch, &values.schema))
    }

    /// One row without columns, or none at all.
    pub(super) fn empty(&mut self, empty: &EmptyRelation) -> Result<Rel> {
        if empty.produce_one_row {
            return Ok(self.rows(one_row()?, &empty.schema));
        }
        Ok(self.no_rows(&empty.schema))
    }

    /// No rows of these columns.
    pub(super) fn no_rows(&mut self, schema: &DFSchemaRef) -> Rel {
        self.rows(RecordBatch::new_empty(plain_schema(schema)), schema)
    }

    fn rows(&mut self, batch: RecordBatch, schema: &DFSchemaRef) -> Rel {
        let errors = default_route();
        let spec = SourceSpec {
            stream: "values".to_owned(),
            columns: Vec::new(),
            declared: batch.schema(),
            kind: SourceKind::Values(batch.clone()),
            computed: Vec::new(),
            event_time: None,
            idle_timeout_us: self.idle_timeout_us,
            error_policy: errors.policy,
        };
        let node = self.graph.add(NewNode {
            operator_id: self.operator_id("values"),
            name: "values".to_owned(),
            spec: OperatorSpec::Source(SourceSpec {
                columns: source_columns(&batch.schema()),
                ..spec
            }),
            schema: batch.schema(),
            changelog: ChangelogMode::Append,
            parallelism: Parallelism::AtMost(1),
            span: self.span,
        });
        Rel {
            node,
            schema: Arc::clone(schema),
            columns: (0..schema.fields().len()).map(Place::Slot).collect(),
            calc: PendingCalc::default(),
            window: None,
            bounds: Bounds::default(),
            time: None,
            changes: Changes::Append,
            parallelism: Parallelism::AtMost(1),
            errors,
            lateness: Lateness::default(),
        }
    }
}

fn source_columns(schema: &SchemaRef) -> Vec<eventflux_core::plan::SourceColumn> {
    let column = |field: &Arc<Field>| eventflux_core::plan::SourceColumn {
        field: Arc::clone(field),
        metadata: None,
    };
    schema.fields().iter().map(column).collect()
}

/// The value of a constant expression.
pub(crate) fn constant_value(expr: &Expr) -> Result<ArrayRef> {
    let compiled = compile_over(expr, &DFSchema::empty(), |_| None)?;
    compiled.physical().evaluate(&one_row()?)?.into_array(1)
}

/// A row without columns has to have one, or it would not be counted.
fn one_row() -> Result<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![Field::new("row", DataType::Boolean, true)]));
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    Ok(RecordBatch::try_new_with_options(
        schema,
        vec![new_null_array(&DataType::Boolean, 1)],
        &options,
    )?)
}

fn plain_schema(schema: &DFSchemaRef) -> SchemaRef {
    Arc::clone(schema.inner())
}
