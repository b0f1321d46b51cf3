//! Which field of a record is which column.

use arrow::datatypes::Schema;
use eventflux_core::{Error, Result};

use super::dialect::{Dialect, FieldEnd, QuoteFault};

/// Reads the record that begins here; its fields and where the next one begins.
pub fn read_names(dialect: Dialect, bytes: &[u8], start: usize) -> Result<(Vec<String>, usize), QuoteFault> {
    let (mut names, mut at) = (Vec::new(), start);
    loop {
        let (name, end) = if bytes.get(at) == Some(&dialect.quote) {
            let (text, end) = dialect.quoted_field(bytes, at)?;
            (String::from_utf8_lossy(&text).trim().to_owned(), end)
        } else {
            let (text, end) = dialect.bare_field(bytes, at);
            (String::from_utf8_lossy(text).trim().to_owned(), end)
        };
        names.push(name);
        match end {
            FieldEnd::Field(next) => at = next,
            FieldEnd::Record(next) => return Ok((names, next)),
        }
    }
}

/// The place of a column among the names: of its exact name, otherwise of the only one that is equal in ASCII lower case.
pub fn place_of(column: &str, names: &[String]) -> Result<usize> {
    let places = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names
            .iter()
            .enumerate()
            .filter(|(_, name)| is_it(name))
            .map(|(place, _)| place)
            .collect()
    };
    let exact = places(&|name| name == column);
    let found = match exact.is_empty() {
        true => places(&|name| name.eq_ignore_ascii_case(column)),
        false => exact,
    };
    let message = match found[..] {
        [place] => return Ok(place),
        [] => format!(
            "column `{column}` is not in the header, which has {}",
            names.join(", ")
        ),
        _ => format!("column `{column}` is in the header more than once"),
    };
    Err(Error::Option {
        key: "csv.header".to_owned(),
        message,
    })
}

/// Checks that every declared column is there.
pub fn check(declared: &Schema, names: &[String]) -> Result<()> {
    declared
        .fields()
        .iter()
        .try_for_each(|field| place_of(field.name(), names).map(|_| ()))
}
