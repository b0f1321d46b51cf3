//! Columns under construction: values are appended one by one, a bad row's are taken off again.

mod column;
mod finish;
mod misfit;
mod name;
mod nulls;
mod text;
mod values;

pub use column::{Column, ColumnRules};
pub use misfit::{Misfit, excerpt};
pub use name::sql_name;
pub use values::{Text, Values};
