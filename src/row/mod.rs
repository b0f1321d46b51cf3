//! Rows as programs see them: values going in, values coming out.

mod from_value;
mod into_row;
mod rows;

pub use from_value::FromValue;
pub use into_row::IntoRow;
pub use rows::{Row, RowError, Rows};
