//! Text that is JSON: the operators `->`, `->>`, `#>`, `#>>` and the functions behind them.
//!
//! **Errors** Text that is not JSON makes its row bad. What is not there is NULL.

mod document;
mod function;
mod operator;
mod path;

pub(super) use function::functions;
pub(in crate::function) use operator::JsonOperators;
