//! Which field of a record is which column.

use std::collections::HashMap;

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

/// The names of a header and their places.
pub struct Header<'a> {
    names: &'a [String],
    exact: HashMap<&'a str, Vec<usize>>,
    folded: HashMap<String, Vec<usize>>,
    /// The column that each place was taken by.
    taken: HashMap<usize, String>,
}

impl<'a> Header<'a> {
    /// A header of these names.
    pub fn new(names: &'a [String]) -> Self {
        let (mut exact, mut folded): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for (place, name) in names.iter().enumerate() {
            exact.entry(name.as_str()).or_default().push(place);
            folded.entry(name.to_ascii_lowercase()).or_default().push(place);
        }
        Self {
            names,
            exact,
            folded,
            taken: HashMap::new(),
        }
    }

    /// The place of a column: of its exact name, otherwise of the only one that is equal in ASCII lower case.
    ///
    /// **Errors** There is none, there are several, or another column has taken it.
    pub fn take(&mut self, column: &str) -> Result<usize> {
        let found = self
            .exact
            .get(column)
            .or_else(|| self.folded.get(&column.to_ascii_lowercase()));
        let message = match found.map(Vec::as_slice) {
            Some([place]) => match self.taken.insert(*place, column.to_owned()) {
                None => return Ok(*place),
                Some(other) => format!("columns `{other}` and `{column}` are the same one of the header"),
            },
            None => format!(
                "column `{column}` is not in the header, which has {}",
                self.names.join(", ")
            ),
            Some(_) => format!("column `{column}` is in the header more than once"),
        };
        Err(Error::Option {
            key: "csv.header".to_owned(),
            message,
        })
    }
}
