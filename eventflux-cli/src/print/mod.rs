//! How rows of streams without a sink reach stdout, one format per file; and tables of commands.

mod columns;
mod csv;
mod harmless;
mod json;
mod printer;
mod stdout;
mod table;

pub use columns::columns;
#[cfg(feature = "cluster")]
pub use harmless::harmless;
pub use json::write_envelope;
pub use printer::{Printer, RowPrinter};
pub use stdout::to_stdout;
