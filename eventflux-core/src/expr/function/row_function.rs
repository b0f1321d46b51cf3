//! A function made of a closure.

use std::fmt;
use std::marker::PhantomData;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::{ArgumentTypes, FunctionError, RowCall, ScalarFunction};

/// A closure over the values of one row as a function.
///
/// Arguments are numbers, `bool`, [`Text`](super::Text) and `Vec<u8>`, or an `Option` of one where NULL is to be seen; the
/// result is a number, `bool`, `String` or `Vec<u8>`, an `Option` of one to give NULL, or a `Result` of either to make a row
/// bad.
///
/// ```
/// use eventflux_core::expr::{RowFunction, ScalarFunction, Text};
///
/// let shout = RowFunction::new("shout", |text: Text, times: i64| match usize::try_from(times) {
///     Ok(times) if times <= 3 => Ok(format!("{}{}", text.to_uppercase(), "!".repeat(times))),
///     _ => Err(format!("cannot shout {times} times")),
/// });
/// assert_eq!(shout.name(), "shout");
/// ```
pub struct RowFunction<C, Arguments> {
    name: String,
    call: C,
    arguments: PhantomData<fn(Arguments)>,
}

impl<C: RowCall<Arguments>, Arguments> RowFunction<C, Arguments> {
    /// A function of this name. Equal arguments must give equal results.
    pub fn new(name: impl Into<String>, call: C) -> Self {
        Self {
            name: name.into(),
            call,
            arguments: PhantomData,
        }
    }
}

impl<C: RowCall<Arguments>, Arguments> ScalarFunction for RowFunction<C, Arguments> {
    fn name(&self) -> &str {
        &self.name
    }

    fn arguments(&self) -> ArgumentTypes {
        ArgumentTypes::Exact(C::argument_types())
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, FunctionError> {
        Ok(C::return_type())
    }

    fn invoke(&self, arguments: &[ArrayRef], row_count: usize) -> Result<ArrayRef, FunctionError> {
        self.call.call_rows(arguments, row_count)
    }
}

impl<C, Arguments> fmt::Debug for RowFunction<C, Arguments> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowFunction({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;
    use crate::expr::Text;

    #[test]
    fn a_closure_is_called_for_rows_without_null() {
        let function = RowFunction::new("pad", |text: Text, width: i64| {
            format!("{text:>0$}", width as usize)
        });
        assert_eq!(
            function.arguments(),
            ArgumentTypes::Exact(vec![DataType::Utf8, DataType::Int64])
        );
        assert_eq!(function.return_type(&[]).unwrap(), DataType::Utf8);
        let text = StringArray::from(vec![Some("x"), Some("a"), None, Some("äö")]);
        let text: ArrayRef = Arc::new(text.slice(1, 3));
        let width: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), Some(3), Some(4)]));
        let padded = function.invoke(&[text, width], 3).unwrap();
        let expected = StringArray::from(vec![Some("  a"), None, Some("  äö")]);
        assert_eq!(padded.as_string::<i32>(), &expected);
    }

    #[test]
    fn an_option_sees_null_and_gives_it() {
        let function = RowFunction::new("swap_null", |x: Option<f64>| match x {
            Some(_) => None,
            None => Some(1.5),
        });
        let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.0), None]));
        let result = function.invoke(&[x], 2).unwrap();
        assert_eq!(
            result.as_primitive::<Float64Type>(),
            &Float64Array::from(vec![None, Some(1.5)])
        );
    }

    #[test]
    fn an_error_is_the_reason_of_the_bad_row() {
        let function = RowFunction::new("half", |x: i64| match x % 2 {
            0 => Ok(x / 2),
            _ => Err(format!("{x} is odd")),
        });
        let even: ArrayRef = Arc::new(Int64Array::from(vec![4]));
        let result = function.invoke(&[even], 1).unwrap();
        assert_eq!(result.as_primitive::<Int64Type>().values().as_ref(), &[2]);
        let odd: ArrayRef = Arc::new(Int64Array::from(vec![4, 5]));
        assert_eq!(function.invoke(&[odd], 2).unwrap_err().to_string(), "5 is odd");
    }

    #[test]
    fn columns_of_other_types_are_refused() {
        let function = RowFunction::new("not", |x: bool| !x);
        let x: ArrayRef = Arc::new(Int64Array::from(vec![4]));
        let error = function.invoke(&[x], 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an argument of type Int64 where Boolean is needed"
        );
    }
}
