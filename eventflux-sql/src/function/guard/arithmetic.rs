//! Arithmetic that fails rather than wraps around or passes over a division by zero.

use arrow::array::{Array, ArrayRef, AsArray, Datum};
use arrow::compute::kernels::numeric::{add, div, mul, rem, sub};
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use arrow::error::ArrowError;
use datafusion_common::{Result, internal_err};
use datafusion_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion_physical_expr_common::datum::apply;

use super::binary::{result_field, result_type};

/// `+`, `-` and `*` of integers and decimals, `/` and `%` of floating-point numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct CheckedArithmetic {
    operator: Operator,
    signature: Signature,
}

impl CheckedArithmetic {
    /// The operator applied to two expressions.
    pub(super) fn call(left: Expr, operator: Operator, right: Expr) -> Expr {
        let function = Self {
            operator,
            signature: Signature::any(2, Volatility::Immutable),
        };
        ScalarUDF::from(function).call(vec![left, right])
    }

    /// The operator.
    pub(in crate::function) fn operator(&self) -> Operator {
        self.operator
    }
}

impl ScalarUDFImpl for CheckedArithmetic {
    fn name(&self) -> &str {
        match self.operator {
            Operator::Plus => "checked_add",
            Operator::Minus => "checked_subtract",
            Operator::Multiply => "checked_multiply",
            Operator::Divide => "checked_divide",
            _ => "checked_remainder",
        }
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [left, right] => Ok(format!(
                "{} {} {}",
                left.schema_name(),
                self.operator,
                right.schema_name()
            )),
            _ => internal_err!("{} takes two arguments", self.name()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        result_type(&self.operator, types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        result_field(self.name(), &self.operator, &args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return internal_err!("{} takes two arguments", self.name());
        };
        match self.operator {
            Operator::Plus => apply(left, right, add),
            Operator::Minus => apply(left, right, sub),
            Operator::Multiply => apply(left, right, mul),
            Operator::Divide => apply(left, right, |left, right| divide(left, right, div)),
            _ => apply(left, right, |left, right| divide(left, right, rem)),
        }
    }
}

fn divide(
    dividend: &dyn Datum,
    divisor: &dyn Datum,
    kernel: impl Fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>,
) -> Result<ArrayRef, ArrowError> {
    let quotients = kernel(dividend, divisor)?;
    // A row whose dividend is NULL has no quotient, whatever its divisor.
    let (dividends, dividend_is_one) = dividend.get();
    let (divisors, divisor_is_one) = divisor.get();
    if dividend_is_one && dividends.null_count() == 1 {
        return Ok(quotients);
    }
    let is_zero: Box<dyn Fn(usize) -> bool> = match divisors.data_type() {
        DataType::Float64 => {
            let values = divisors.as_primitive::<Float64Type>().values();
            if !values.contains(&0.0) {
                return Ok(quotients);
            }
            Box::new(|row| values[row] == 0.0)
        }
        DataType::Float32 => {
            let values = divisors.as_primitive::<Float32Type>().values();
            if !values.contains(&0.0) {
                return Ok(quotients);
            }
            Box::new(|row| values[row] == 0.0)
        }
        _ => return Ok(quotients),
    };
    let fails = |row: usize| quotients.is_valid(row) && is_zero(if divisor_is_one { 0 } else { row });
    match (0..quotients.len()).any(fails) {
        true => Err(ArrowError::DivideByZero),
        false => Ok(quotients),
    }
}
