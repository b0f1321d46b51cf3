//! AND and OR that look at the right side only for rows whose left side does not decide.
//!
//! DataFusion's own operators do so depending on how many rows of the batch are decided: right for expressions that cannot
//! fail, but `price <> 0 AND 100 / price > 1` would fail for a row or not depending on the rows around it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{and_kleene, filter_record_batch, or_kleene};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::{Result, internal_err};
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr_common::utils::scatter;

use super::columns::{columns_of, move_columns};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Logical {
    And,
    Or,
}

impl Logical {
    /// The value of the left side that decides.
    fn decisive(self) -> bool {
        self == Logical::Or
    }
}

/// `left AND right` or `left OR right`, by the rules of three-valued logic.
///
/// **Invariants** The right side is evaluated for exactly the rows whose left side is not decisive: for AND those where it is
/// true or NULL, for OR those where it is false or NULL.
#[derive(Debug)]
pub(super) struct LazyLogical {
    operator: Logical,
    left: Arc<dyn PhysicalExpr>,
    right: Arc<dyn PhysicalExpr>,
    /// The right side over the columns that it reads, and those columns: the others need not be filtered for it.
    narrow: (Arc<dyn PhysicalExpr>, Vec<usize>),
}

impl LazyLogical {
    pub(super) fn new(
        operator: Logical,
        left: Arc<dyn PhysicalExpr>,
        right: Arc<dyn PhysicalExpr>,
    ) -> Result<Self> {
        let columns = columns_of(&right);
        let place = |column: usize| columns.iter().position(|index| *index == column);
        let narrow = (move_columns(Arc::clone(&right), place)?, columns);
        Ok(Self {
            operator,
            left,
            right,
            narrow,
        })
    }

    fn combine(&self, left: &BooleanArray, right: &BooleanArray) -> Result<ColumnarValue> {
        let combined = match self.operator {
            Logical::And => and_kleene(left, right)?,
            Logical::Or => or_kleene(left, right)?,
        };
        Ok(ColumnarValue::Array(Arc::new(combined)))
    }

    /// The rows for which the left side does not decide.
    fn undecided(&self, left: &BooleanArray) -> BooleanBuffer {
        let decided = match self.operator.decisive() {
            true => left.values().clone(),
            false => !left.values(),
        };
        match left.nulls() {
            Some(nulls) => !&(&decided & nulls.inner()),
            None => !&decided,
        }
    }
}

impl PhysicalExpr for LazyLogical {
    fn data_type(&self, _input_schema: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, input_schema: &Schema) -> Result<bool> {
        Ok(self.left.nullable(input_schema)? || self.right.nullable(input_schema)?)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let row_count = batch.num_rows();
        let left = self.left.evaluate(batch)?.into_array(row_count)?;
        let left = boolean(&left)?;
        let undecided = self.undecided(left);
        let undecided_count = undecided.count_set_bits();
        if undecided_count == 0 {
            return Ok(ColumnarValue::Array(Arc::new(left.clone())));
        }
        if undecided_count == row_count {
            let right = self.right.evaluate(batch)?.into_array(row_count)?;
            return self.combine(left, boolean(&right)?);
        }
        let undecided = BooleanArray::new(undecided, None);
        let (right, columns) = &self.narrow;
        let chosen = filter_record_batch(&batch.project(columns)?, &undecided)?;
        let right = right.evaluate(&chosen)?.into_array(undecided_count)?;
        // Where the left side decides, the right one is NULL: it makes no difference.
        let right = scatter(&undecided, right.as_ref())?;
        self.combine(left, boolean(&right)?)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match <[_; 2]>::try_from(children) {
            Ok([left, right]) => Ok(Arc::new(Self::new(self.operator, left, right)?)),
            Err(_) => internal_err!("{self} has two children"),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.left.fmt_sql(f)?;
        write!(f, " {} ", self.operator)?;
        self.right.fmt_sql(f)
    }
}

// `narrow` follows from the rest.
impl PartialEq for LazyLogical {
    fn eq(&self, other: &Self) -> bool {
        self.operator == other.operator && self.left.eq(&other.left) && self.right.eq(&other.right)
    }
}

impl Eq for LazyLogical {}

impl Hash for LazyLogical {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operator.hash(state);
        self.left.hash(state);
        self.right.hash(state);
    }
}

impl fmt::Display for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Logical::And => "AND",
            Logical::Or => "OR",
        })
    }
}

impl fmt::Display for LazyLogical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} {} {})", self.left, self.operator, self.right)
    }
}

fn boolean(array: &ArrayRef) -> Result<&BooleanArray> {
    match array.as_boolean_opt() {
        Some(array) => Ok(array),
        None => internal_err!("{} where a BOOLEAN is needed", array.data_type()),
    }
}
