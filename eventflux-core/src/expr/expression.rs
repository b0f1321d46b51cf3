//! One expression over the columns of a batch.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;

use super::columns::{columns_of, move_columns};
use super::fallible::can_fail;
use super::harden::harden;
use super::message::error_message;
use crate::error::{Error, Result};

/// A compiled expression with the text that stands for it in plans.
///
/// **Shapes** A batch of the schema that it was compiled against goes in; one array of as many rows comes out.
#[derive(Clone)]
pub struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    text: String,
    data_type: DataType,
}

impl Expression {
    /// An expression as the compiler made it. `text` is deterministic: it takes part in the plan's fingerprint.
    pub fn new(physical: Arc<dyn PhysicalExpr>, text: impl Into<String>, data_type: DataType) -> Self {
        Self {
            physical,
            text: text.into(),
            data_type,
        }
    }

    /// An expression made safe for streams: whether and how a row fails depends on nothing but the row, and integers do not
    /// wrap around. `schema` is that of the rows it will be evaluated over.
    ///
    /// **Errors** The expression does not fit the schema.
    pub fn hardened(
        physical: Arc<dyn PhysicalExpr>,
        text: impl Into<String>,
        schema: &Schema,
    ) -> datafusion_common::Result<Self> {
        let physical = harden(physical, schema)?;
        let data_type = physical.data_type(schema)?;
        Ok(Self::new(physical, text, data_type))
    }

    /// The values for all rows.
    ///
    /// **Errors** The evaluation of some row fails; which one is found by evaluating slices.
    pub fn evaluate(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        self.physical
            .evaluate(rows)
            .and_then(|value| value.into_array(rows.num_rows()))
            .map_err(|error| Error::Expression {
                expression: self.text.clone(),
                message: error_message(&error),
            })
    }

    /// The expression as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The type of its values.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The index of the column, if the expression is nothing but a column.
    pub fn as_column(&self) -> Option<usize> {
        self.physical.downcast_ref::<Column>().map(Column::index)
    }

    /// The indices of the columns that it reads, ascending.
    pub fn columns(&self) -> Vec<usize> {
        columns_of(&self.physical)
    }

    /// The same expression over rows that have only these columns, in this order.
    ///
    /// **Errors** It reads a column that is not among them.
    pub fn over(&self, columns: &[usize]) -> Result<Self> {
        self.move_columns(|column| columns.iter().position(|index| *index == column))
    }

    /// The same expression over other rows: `place` says where a column is in them.
    ///
    /// **Errors** A column that it reads has no place.
    pub fn move_columns(&self, place: impl Fn(usize) -> Option<usize>) -> Result<Self> {
        let physical = move_columns(Arc::clone(&self.physical), place);
        let physical = physical.map_err(|error| Error::Bug(error_message(&error)))?;
        Ok(Self {
            physical,
            text: self.text.clone(),
            data_type: self.data_type.clone(),
        })
    }

    /// Whether the evaluation of some row of this schema can fail.
    pub fn can_fail(&self, schema: &Schema) -> bool {
        can_fail(self.physical.as_ref(), schema)
    }

    /// The compiled form, for rewrites at build time.
    pub fn physical(&self) -> &Arc<dyn PhysicalExpr> {
        &self.physical
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.text, self.data_type)
    }
}
