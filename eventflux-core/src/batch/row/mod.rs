//! Single rows: values, columns built from them, and values read back from columns.
//!
//! For handlers and callbacks of a process. Nothing inside the engine works row by row.

mod column_builder;
mod fit;
mod read;
mod row_builder;
mod value;

pub use row_builder::RowBuilder;
pub use value::Value;

#[cfg(test)]
mod row_test;
