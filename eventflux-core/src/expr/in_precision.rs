//! Decimals that must have no more digits than their type.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Schema};
use datafusion_common::{Result, internal_err};
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;

/// An expression of decimals as it is.
///
/// **Errors** A value has more digits than its type.
#[derive(Debug, Clone, Eq)]
pub(super) struct InPrecision {
    value: Arc<dyn PhysicalExpr>,
}

// By hand, since the derived forms do not compile for `Arc<dyn …>` (rust-lang/rust#78808).
impl PartialEq for InPrecision {
    fn eq(&self, other: &Self) -> bool {
        self.value.eq(&other.value)
    }
}

impl Hash for InPrecision {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl InPrecision {
    /// Checks the values of this expression.
    pub(super) fn new(value: Arc<dyn PhysicalExpr>) -> Self {
        Self { value }
    }
}

impl PhysicalExpr for InPrecision {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.value.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.value.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let value = self.value.evaluate(batch)?;
        match &value {
            ColumnarValue::Array(array) => check(array)?,
            ColumnarValue::Scalar(scalar) => check(&scalar.to_array()?)?,
        }
        Ok(value)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.value]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match <[_; 1]>::try_from(children) {
            Ok([value]) => Ok(Arc::new(Self::new(value))),
            Err(children) => internal_err!("{} children for a check of decimals", children.len()),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt_sql(f)
    }
}

impl fmt::Display for InPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

fn check(values: &ArrayRef) -> Result<()> {
    match values.data_type() {
        DataType::Decimal128(precision, _) => {
            values
                .as_primitive::<Decimal128Type>()
                .validate_decimal_precision(*precision)?;
        }
        DataType::Decimal256(precision, _) => {
            values
                .as_primitive::<Decimal256Type>()
                .validate_decimal_precision(*precision)?;
        }
        _ => {}
    }
    Ok(())
}
