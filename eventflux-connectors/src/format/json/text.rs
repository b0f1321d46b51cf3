//! JSON as a value of another format: lists, maps and structs in CSV.

use super::cursor::Cursor;
use super::value::ValueReader;
use crate::format::column::{Column, Misfit};

/// Reads text that is one JSON value into a column.
///
/// **Invariants** The text is UTF-8. If there is an error, the caller takes off what was appended.
pub fn read_text(text: &[u8], reader: &mut ValueReader, column: &mut Column) -> Result<(), Misfit> {
    let mut cursor = Cursor::of_message(text);
    cursor.skip_blanks();
    reader
        .read(&mut cursor, column, 0)
        .map_err(|fault| Misfit::new(fault.into_reason(0)))?;
    cursor.skip_blanks();
    if cursor.rest().is_empty() {
        Ok(())
    } else {
        Err(column.misfit(text))
    }
}
