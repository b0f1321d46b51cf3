//! A value that has to be there: NULL makes the row a bad row.

use std::sync::{Arc, LazyLock};

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The value, if it is not NULL. `what` says in errors what cannot be NULL.
pub(crate) fn not_null(value: Expr, what: &str) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(NotNull::new())));
    FUNCTION.call(vec![value, Expr::Literal(ScalarValue::from(what), None)])
}

/// The value under the check, if a call is one.
pub(crate) fn checked_value(call: &ScalarFunction) -> Option<&Expr> {
    call.func.inner().downcast_ref::<NotNull>()?;
    call.args.first()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NotNull {
    signature: Signature,
}

impl NotNull {
    fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for NotNull {
    fn name(&self) -> &str {
        "not_null"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        arg_types
            .first()
            .cloned()
            .ok_or_else(|| DataFusionError::Internal("not_null has no argument".to_owned()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let value = args.arg_fields.first();
        let value = value.ok_or_else(|| DataFusionError::Internal("not_null has no argument".to_owned()))?;
        let field = Field::new(self.name(), value.data_type().clone(), false);
        Ok(Arc::new(field.with_metadata(value.metadata().clone())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut values = args.args.into_iter();
        let (value, what) = (values.next(), values.next());
        let value = value.ok_or_else(|| DataFusionError::Internal("not_null has no argument".to_owned()))?;
        let is_null = match &value {
            ColumnarValue::Array(array) => array.logical_null_count() > 0,
            ColumnarValue::Scalar(scalar) => scalar.is_null(),
        };
        if !is_null {
            return Ok(value);
        }
        let what = match what {
            Some(ColumnarValue::Scalar(ScalarValue::Utf8(Some(what)))) => what,
            _ => "the value".to_owned(),
        };
        Err(DataFusionError::Execution(format!("{what} is NULL")))
    }
}
