//! `json`: objects by column name, straight into columns.
//!
//! **Shapes** A line (or message) goes in; [`cursor`] moves over its text, [`fields`] says which column a key is for,
//! [`value`] appends to the column under construction. Values that no column takes are checked and skipped; nothing is built
//! for them.
//!
//! **Errors** Whatever is wrong with a record takes the whole record out, and only it.

mod cursor;
mod decoder;
mod encoder;
mod fault;
mod fields;
mod format;
mod node;
mod options;
mod path;
mod pattern;
mod string;
mod text;
mod value;

pub use format::Json;
pub use text::read_text;
pub use value::ValueReader;
