//! Scalar functions written in Rust.
//!
//! **Shapes** A [`ScalarFunction`] is given whole columns and gives one. [`RowFunction`] makes one of a closure that is
//! given the values of one row.
//!
//! **Errors** An error makes the rows around it be tried again in halves, until the row that fails stands alone: it goes to
//! the error policy, the others go on. A function must therefore have no effect beside its result. A panic ends the run.

mod argument_types;
mod call;
mod row_function;
mod scalar_function;
mod text;
mod value;

pub use argument_types::ArgumentTypes;
pub use call::RowCall;
pub use row_function::RowFunction;
pub use scalar_function::{FunctionError, ScalarFunction};
pub use text::Text;
pub use value::{Argument, Outcome, Value};
