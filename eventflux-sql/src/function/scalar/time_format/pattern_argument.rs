//! The argument that is a pattern.

use datafusion_common::{Result, ScalarValue};
use datafusion_expr::ReturnFieldArgs;

use super::time_pattern::{Piece, parse};
use crate::catalog::TypeName;
use crate::function::ArgumentError;

const FIELDS: &str = "a pattern has fields such as YYYY, MM, DD, HH24, MI, SS, MS, US, Mon, Month, Dy, Day, AM and TZ; \
                      other words stand in double quotes";
const NOT_STRFTIME: &str =
    "patterns with `%` are those of other systems: `%Y-%m-%d %H:%M:%S` is `YYYY-MM-DD HH24:MI:SS`";

/// Looks at a pattern when the query is planned: at its type, and at its fields if it stands there.
pub(super) fn check_pattern(args: &ReturnFieldArgs<'_>, index: usize) -> Result<()> {
    check_type(args, index)?;
    let Some(pattern) = literal(args, index) else {
        return Ok(());
    };
    match parse(pattern) {
        Ok(_) => Ok(()),
        Err(error) => {
            let help = if pattern.contains('%') {
                NOT_STRFTIME
            } else {
                FIELDS
            };
            Err(ArgumentError::new(index, error.to_string())
                .with_help(help)
                .into())
        }
    }
}

/// A pattern is text.
pub(super) fn check_type(args: &ReturnFieldArgs<'_>, index: usize) -> Result<()> {
    match args.arg_fields.get(index).map(|pattern| pattern.data_type()) {
        Some(other) if !(other.is_string() || other.is_null()) => {
            Err(ArgumentError::new(index, format!("a pattern is STRING, not {}", TypeName(other))).into())
        }
        _ => Ok(()),
    }
}

/// The text at this place, if it stands in the query.
pub(super) fn literal<'a>(args: &ReturnFieldArgs<'a>, index: usize) -> Option<&'a str> {
    args.scalar_arguments
        .get(index)
        .copied()
        .flatten()
        .and_then(ScalarValue::try_as_str)
        .flatten()
}

/// The pattern that was used last: rows usually share one.
#[derive(Default)]
pub(super) struct LastPattern<'a> {
    last: Option<(&'a str, Vec<Piece>)>,
}

impl<'a> LastPattern<'a> {
    /// The pieces of a pattern.
    ///
    /// **Errors** It has letters that are no field.
    pub(super) fn pieces(&mut self, pattern: &'a str) -> Result<&[Piece]> {
        let pieces = match self.last.take() {
            Some((known, pieces)) if known == pattern => pieces,
            _ => parse(pattern).map_err(|error| ArgumentError::new(1, error.to_string()))?,
        };
        Ok(&self.last.insert((pattern, pieces)).1)
    }
}
