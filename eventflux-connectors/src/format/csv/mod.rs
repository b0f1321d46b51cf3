//! `csv`: fields between delimiters, straight into columns.
//!
//! **Shapes** A record ends at a line break outside of quotes. Fields that no column takes are only stepped over.
//!
//! **Errors** A value that does not fit takes out its record; quotes that do not match take out one line, and reading goes on
//! behind it.
//!
//! **Source** RFC 4180.

mod decoder;
mod dialect;
mod encoder;
mod field;
mod format;
mod header;
mod options;

pub use format::Csv;
