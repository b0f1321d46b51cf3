//! Functions that the application brings along.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::DataType;
use datafusion_common::{Result, exec_datafusion_err, internal_err, plan_datafusion_err};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use eventflux_core::expr::{ArgumentTypes, ScalarFunction};

/// Why a function of the application cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// Calls could mean either.
    #[error("there is a function `{name}` already")]
    Taken {
        /// The name.
        name: String,
    },
    /// No unquoted call would find it.
    #[error("`{name}` is no name of a function: lower-case letters, digits and `_` are")]
    Name {
        /// The name.
        name: String,
    },
}

/// Whether an unquoted name in a query can be this one.
pub(super) fn is_function_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// A function of the application as the planner sees it.
#[derive(Debug)]
pub(super) struct UserFunction {
    function: Arc<dyn ScalarFunction>,
    signature: Signature,
}

impl UserFunction {
    pub(super) fn new(function: Arc<dyn ScalarFunction>) -> Self {
        let volatility = match function.is_deterministic() {
            true => Volatility::Immutable,
            false => Volatility::Volatile,
        };
        let signature = match function.arguments() {
            ArgumentTypes::Exact(types) if types.is_empty() => Signature::nullary(volatility),
            ArgumentTypes::Exact(types) => Signature::exact(types, volatility),
            ArgumentTypes::Variadic(data_type) => Signature::variadic(vec![data_type], volatility),
            ArgumentTypes::Any(0) => Signature::nullary(volatility),
            ArgumentTypes::Any(count) => Signature::any(count, volatility),
        };
        Self { function, signature }
    }
}

impl ScalarUDFImpl for UserFunction {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let name = self.name();
        self.function
            .return_type(arguments)
            .map_err(|error| plan_datafusion_err!("{name}: {error}"))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let row_count = args.number_rows;
        let arguments = args
            .args
            .into_iter()
            .map(|argument| argument.into_array(row_count))
            .collect::<Result<Vec<_>>>()?;
        let result = self
            .function
            .invoke(&arguments, row_count)
            .map_err(|error| exec_datafusion_err!("{error}"))?;
        if result.len() != row_count || result.data_type() != args.return_field.data_type() {
            let (name, wanted) = (self.name(), args.return_field.data_type());
            return internal_err!(
                "the function {name} gave {} values of type {} for {row_count} rows of type {wanted}",
                result.len(),
                result.data_type()
            );
        }
        Ok(ColumnarValue::Array(result))
    }
}

impl PartialEq for UserFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function)
    }
}

impl Eq for UserFunction {}

impl Hash for UserFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;
    use datafusion_common::{DFSchema, ScalarValue};
    use datafusion_expr::{ScalarUDF, col, lit};
    use eventflux_core::expr::{FunctionError, RowFunction};

    use super::*;
    use crate::function::compile_expression;

    fn rows() -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
        RecordBatch::try_from_iter_with_nullable([("n", column, true)]).unwrap()
    }

    fn evaluate(
        function: impl ScalarFunction + 'static,
        arguments: Vec<datafusion_expr::Expr>,
    ) -> eventflux_core::Result<ArrayRef> {
        let call = ScalarUDF::from(UserFunction::new(Arc::new(function))).call(arguments);
        let schema = DFSchema::try_from(rows().schema()).unwrap();
        compile_expression(&call, &schema).unwrap().evaluate(&rows())
    }

    #[test]
    fn columns_and_constants_are_arguments() {
        let sum = RowFunction::new("plus", |a: i64, b: i64| a + b);
        let result = evaluate(sum, vec![col("n"), lit(10i64)]).unwrap();
        assert_eq!(
            result.as_primitive::<Int64Type>(),
            &Int64Array::from(vec![Some(11), None, Some(13)])
        );
    }

    #[test]
    fn errors_bear_the_words_of_the_function() {
        let fails = RowFunction::new("no", |n: i64| Err::<i64, _>(format!("no {n}")));
        assert_eq!(
            evaluate(fails, vec![col("n")]).unwrap_err().to_string(),
            "expression `no(n)`: no 1"
        );
    }

    #[test]
    fn a_result_of_another_length_or_type_is_found() {
        #[derive(Debug)]
        struct Short;
        impl ScalarFunction for Short {
            fn name(&self) -> &str {
                "short"
            }
            fn arguments(&self) -> ArgumentTypes {
                ArgumentTypes::Any(1)
            }
            fn return_type(&self, _: &[DataType]) -> Result<DataType, FunctionError> {
                Ok(DataType::Int64)
            }
            fn invoke(&self, _: &[ArrayRef], _: usize) -> Result<ArrayRef, FunctionError> {
                Ok(ScalarValue::Int64(Some(1)).to_array_of_size(2)?)
            }
        }
        let error = evaluate(Short, vec![col("n")]).unwrap_err().to_string();
        assert!(
            error.contains("gave 2 values of type BIGINT for 3 rows of type BIGINT"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_deterministic_is_not_computed_while_planning() {
        #[derive(Debug)]
        struct Dice;
        impl ScalarFunction for Dice {
            fn name(&self) -> &str {
                "dice"
            }
            fn arguments(&self) -> ArgumentTypes {
                ArgumentTypes::Exact(vec![])
            }
            fn return_type(&self, _: &[DataType]) -> Result<DataType, FunctionError> {
                Ok(DataType::Int64)
            }
            fn invoke(&self, _: &[ArrayRef], row_count: usize) -> Result<ArrayRef, FunctionError> {
                Ok(ScalarValue::Int64(Some(4)).to_array_of_size(row_count)?)
            }
            fn is_deterministic(&self) -> bool {
                false
            }
        }
        assert_eq!(
            UserFunction::new(Arc::new(Dice)).signature().volatility,
            Volatility::Volatile
        );
        assert_eq!(evaluate(Dice, vec![]).unwrap().len(), 3);
    }
}
