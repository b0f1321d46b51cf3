//! Standard input and output: one stream of bytes each for the whole process.

mod stdin;
mod stdout;

pub use stdin::Stdin;
pub use stdout::Stdout;

/// What is read and written unless the user says otherwise.
const DEFAULT_FORMAT: &str = "json";
