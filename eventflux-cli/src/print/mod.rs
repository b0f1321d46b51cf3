//! How rows of streams without a sink reach stdout, one format per file.

mod csv;
mod json;
mod printer;
mod table;

pub use json::write_envelope;
pub use printer::{Printer, RowPrinter};
