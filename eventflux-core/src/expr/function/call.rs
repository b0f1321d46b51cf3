//! Closures by the number of their arguments.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::{Argument, FunctionError, Outcome, Value};

/// A closure that a [`RowFunction`](super::RowFunction) can be made of: of one to six [`Argument`]s, giving an [`Outcome`].
/// `Arguments` is the tuple of their types.
pub trait RowCall<Arguments>: Send + Sync + 'static {
    /// The types of the arguments.
    fn argument_types() -> Vec<DataType>;

    /// The type of the result.
    fn return_type() -> DataType;

    /// The results of all rows.
    fn call_rows(&self, arguments: &[ArrayRef], row_count: usize) -> Result<ArrayRef, FunctionError>;
}

macro_rules! row_call {
    ($count:literal: $($argument:ident $column:ident),+) => {
        impl<F, R, $($argument),+> RowCall<($($argument,)+)> for F
        where
            F: Fn($($argument),+) -> R + Send + Sync + 'static,
            R: Outcome,
            $($argument: Argument,)+
        {
            fn argument_types() -> Vec<DataType> {
                vec![$($argument::TYPE),+]
            }

            fn return_type() -> DataType {
                <R::Value as Value>::TYPE
            }

            fn call_rows(&self, arguments: &[ArrayRef], row_count: usize) -> Result<ArrayRef, FunctionError> {
                let [$($column),+] = arguments else {
                    return Err(format!("{} arguments where {} are needed", arguments.len(), $count).into());
                };
                $(let $column = $argument::column($column).ok_or_else(|| not_of_type($column, $argument::TYPE))?;)+
                let call = |row| {
                    $(let Some($column) = $argument::read(&$column, row) else { return Ok(None) };)+
                    self($($column),+).outcome()
                };
                R::Value::collect((0..row_count).map(call))
            }
        }
    };
}

row_call!(1: A a);
row_call!(2: A a, B b);
row_call!(3: A a, B b, C c);
row_call!(4: A a, B b, C c, D d);
row_call!(5: A a, B b, C c, D d, E e);
row_call!(6: A a, B b, C c, D d, E e, G g);

fn not_of_type(array: &ArrayRef, data_type: DataType) -> FunctionError {
    format!(
        "an argument of type {} where {data_type} is needed",
        array.data_type()
    )
    .into()
}
