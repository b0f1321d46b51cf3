//! One expression over the columns of a batch.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use datafusion_physical_expr::PhysicalExpr;

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
        self.physical
            .downcast_ref::<datafusion_physical_expr::expressions::Column>()
            .map(|column| column.index())
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
