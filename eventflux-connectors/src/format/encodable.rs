//! What every encoder checks of its columns when it is planned.

use arrow::array::RecordBatch;
use eventflux_core::batch::json::JsonRows;
use eventflux_core::connector::{EncodeRequest, OptionError};

/// Checks that all columns can be written as text.
pub fn check_columns(format: &str, request: &EncodeRequest<'_>) -> Result<(), OptionError> {
    let empty = RecordBatch::new_empty(request.schema.clone());
    match JsonRows::new(&empty) {
        Ok(_) => Ok(()),
        Err(error) => Err(OptionError::new("format", format!("{format}: {error}"))),
    }
}

/// Checks that there is a key.
pub fn check_key(format: &str, request: &EncodeRequest<'_>) -> Result<(), OptionError> {
    if request.key.is_empty() {
        let error = OptionError::new("format", format!("{format} needs a key, and the table has none"));
        return Err(error.with_help("declare PRIMARY KEY (…)"));
    }
    Ok(())
}
