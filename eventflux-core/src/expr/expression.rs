//! One expression over the columns of a batch.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::internal_datafusion_err;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;
use datafusion_physical_expr::utils::collect_columns;

use super::fallible::can_fail;
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

    /// The values for all rows.
    ///
    /// **Errors** The evaluation of some row fails; which one is found by evaluating slices.
    pub fn evaluate(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        self.physical
            .evaluate(rows)
            .and_then(|value| value.into_array(rows.num_rows()))
            .map_err(|error| Error::Expression {
                expression: self.text.clone(),
                message: plain_message(&error),
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
        let columns: BTreeSet<usize> = collect_columns(&self.physical)
            .iter()
            .map(Column::index)
            .collect();
        columns.into_iter().collect()
    }

    /// The same expression over rows that have only these columns, in this order.
    ///
    /// **Errors** It reads a column that is not among them.
    pub fn over(&self, columns: &[usize]) -> Result<Self> {
        let physical = Arc::clone(&self.physical).transform_up(|node| {
            let Some(column) = node.downcast_ref::<Column>() else {
                return Ok(Transformed::no(node));
            };
            let position = columns.iter().position(|index| *index == column.index());
            let position =
                position.ok_or_else(|| internal_datafusion_err!("no column {}", column.index()))?;
            Ok(Transformed::yes(Arc::new(Column::new(column.name(), position))))
        });
        let physical = physical.map_err(|error| Error::Bug(plain_message(&error)))?.data;
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

fn plain_message(error: &datafusion_common::DataFusionError) -> String {
    error.strip_backtrace()
}
