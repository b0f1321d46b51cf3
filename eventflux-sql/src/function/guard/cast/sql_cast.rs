//! The cast as a function.

use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, internal_err};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::round::cast_rounded;
use super::rule::{Rule, rule};
use super::text::cast_text;

/// `CAST(x AS t)` or `TRY_CAST(x AS t)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct SqlCast {
    to: DataType,
    rule: Rule,
    is_try: bool,
    signature: Signature,
}

impl SqlCast {
    /// The cast of an expression of this type, if it is not DataFusion's.
    ///
    /// **Errors** The cast has no meaning.
    pub(in crate::function) fn call(
        operand: Expr,
        from: &DataType,
        to: &DataType,
        is_try: bool,
    ) -> Result<Result<Expr, Expr>> {
        let Some(rule) = rule(from, to)? else {
            return Ok(Err(operand));
        };
        let cast = Self {
            to: to.clone(),
            rule,
            is_try,
            signature: Signature::any(1, Volatility::Immutable),
        };
        Ok(Ok(ScalarUDF::from(cast).call(vec![operand])))
    }

    /// What it casts to.
    pub(in crate::function) fn to(&self) -> &DataType {
        &self.to
    }

    fn cast(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let options = CastOptions {
            safe: self.is_try,
            ..CastOptions::default()
        };
        match self.rule {
            Rule::Round => Ok(cast_rounded(values, &self.to, &options)?),
            Rule::Text => Ok(cast_with_options(&cast_text(values)?, &self.to, &options)?),
        }
    }
}

impl ScalarUDFImpl for SqlCast {
    fn name(&self) -> &str {
        if self.is_try { "try_cast" } else { "cast" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(self.cast(values)?)),
            [ColumnarValue::Scalar(value)] => {
                let cast = self.cast(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&cast, 0)?))
            }
            _ => internal_err!("{} takes one argument", self.name()),
        }
    }
}
