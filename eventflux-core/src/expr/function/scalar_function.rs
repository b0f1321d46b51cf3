//! The trait.

use std::fmt;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::ArgumentTypes;

/// Why a function has no result.
pub type FunctionError = Box<dyn std::error::Error + Send + Sync>;

/// A function from the values of one row to one value, over whole columns.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, AsArray, Float64Array};
/// use arrow::datatypes::{DataType, Float64Type};
/// use eventflux_core::expr::{ArgumentTypes, FunctionError, ScalarFunction};
///
/// /// `celsius(fahrenheit)`
/// #[derive(Debug)]
/// struct Celsius;
///
/// impl ScalarFunction for Celsius {
///     fn name(&self) -> &str {
///         "celsius"
///     }
///
///     fn arguments(&self) -> ArgumentTypes {
///         ArgumentTypes::Exact(vec![DataType::Float64])
///     }
///
///     fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, FunctionError> {
///         Ok(DataType::Float64)
///     }
///
///     fn invoke(&self, arguments: &[ArrayRef], _row_count: usize) -> Result<ArrayRef, FunctionError> {
///         let fahrenheit = arguments[0].as_primitive::<Float64Type>();
///         let celsius: Float64Array = fahrenheit.unary(|degrees| (degrees - 32.0) / 1.8);
///         Ok(Arc::new(celsius))
///     }
/// }
/// ```
pub trait ScalarFunction: fmt::Debug + Send + Sync {
    /// The name in SQL, lower case.
    fn name(&self) -> &str;

    /// What it may be called with.
    fn arguments(&self) -> ArgumentTypes;

    /// The type of the result for arguments of these types.
    ///
    /// **Errors** It cannot be called with them.
    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, FunctionError>;

    /// The results for all rows: an array of `row_count` values of the return type.
    ///
    /// **Errors** Some row has no result. The text becomes the reason of the bad row.
    fn invoke(&self, arguments: &[ArrayRef], row_count: usize) -> Result<ArrayRef, FunctionError>;

    /// Whether equal arguments always give equal results. Calls with constants are then computed once, when the query is
    /// planned. A function for which this is false makes a replay or a recovery give other rows than the first run.
    fn is_deterministic(&self) -> bool {
        true
    }
}
