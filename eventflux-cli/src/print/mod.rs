//! How rows of streams without a sink reach stdout, one format per file; and tables of commands.

#[cfg(feature = "cluster")]
mod columns;
mod csv;
#[cfg(feature = "cluster")]
mod harmless;
mod json;
mod printer;
mod table;

#[cfg(feature = "cluster")]
pub use columns::columns;
#[cfg(feature = "cluster")]
pub use harmless::harmless;
pub use json::write_envelope;
pub use printer::{Printer, RowPrinter};
