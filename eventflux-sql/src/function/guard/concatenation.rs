//! Text put together by `||`, within bounds.

use arrow::compute::kernels::concat_elements::concat_elements_dyn;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, internal_err};
use datafusion_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::binary::{result_field, result_type};
use crate::function::scalar::check_concatenation;

/// `||` of text or bytes; NULL if one side is.
///
/// **Errors** The result of a row would be larger than the language allows.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct Concatenation {
    signature: Signature,
}

impl Concatenation {
    /// Both sides put together.
    pub(super) fn call(left: Expr, right: Expr) -> Expr {
        let signature = Signature::any(2, Volatility::Immutable);
        ScalarUDF::from(Self { signature }).call(vec![left, right])
    }
}

impl ScalarUDFImpl for Concatenation {
    fn name(&self) -> &str {
        "concatenate"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [left, right] => Ok(format!("{} || {}", left.schema_name(), right.schema_name())),
            _ => internal_err!("|| takes two arguments"),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        result_type(&Operator::StringConcat, types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        result_field(self.name(), &Operator::StringConcat, &args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return internal_err!("|| takes two arguments");
        };
        check_concatenation(left, right, args.number_rows)?;
        let (left, right) = (
            left.to_array(args.number_rows)?,
            right.to_array(args.number_rows)?,
        );
        Ok(ColumnarValue::Array(concat_elements_dyn(&left, &right)?))
    }
}
