//! Columns that a connector fills from what it knows about a row, put among the decoded ones.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, SchemaRef};
use eventflux_core::Result;
use eventflux_core::connector::{OptionError, SourceRequest};

/// Where each column of a source's rows comes from.
#[derive(Debug, Clone)]
pub struct MetadataColumns {
    schema: SchemaRef,
    origins: Vec<Origin>,
}

#[derive(Debug, Clone)]
enum Origin {
    /// The next payload column.
    Payload,
    /// The connector's metadata of this index.
    Metadata(usize),
}

impl MetadataColumns {
    /// Matches the requested metadata columns to what the connector has: keys and the types in which it gives them.
    ///
    /// **Errors** An unknown key, or a declared type that the metadata cannot be cast to.
    pub fn plan(
        request: &SourceRequest<'_>,
        known: &[(&'static str, DataType)],
    ) -> Result<Self, OptionError> {
        let origin = |column: &eventflux_core::plan::SourceColumn| {
            let Some(key) = &column.metadata else {
                return Ok(Origin::Payload);
            };
            let found = known.iter().position(|(name, _)| name == key);
            let index = found.ok_or_else(|| unknown_key(key, known))?;
            let (given, declared) = (&known[index].1, column.field.data_type());
            if !can_cast_types(given, declared) {
                let message = format!("metadata of type {given} cannot become {declared}");
                return Err(OptionError::new(key, message));
            }
            Ok(Origin::Metadata(index))
        };
        let origins = request.columns.iter().map(origin).collect::<Result<_, _>>()?;
        Ok(Self {
            schema: request.schema(),
            origins,
        })
    }

    /// Indices of the metadata that is asked for, each with whether a NULL in it makes a bad row.
    #[cfg(feature = "kafka")]
    pub fn used(&self) -> impl Iterator<Item = (usize, bool)> {
        self.origins
            .iter()
            .zip(self.schema.fields())
            .filter_map(|(origin, field)| match origin {
                Origin::Payload => None,
                Origin::Metadata(index) => Some((*index, !field.is_nullable())),
            })
    }

    /// Rows in the requested columns: `payload` and, by their index, the connector's arrays of the same length.
    pub fn assemble(&self, payload: RecordBatch, array: impl Fn(usize) -> ArrayRef) -> Result<RecordBatch> {
        let row_count = payload.num_rows();
        let mut decoded = payload.columns().iter();
        let mut columns = Vec::with_capacity(self.origins.len());
        for (origin, field) in self.origins.iter().zip(self.schema.fields()) {
            match origin {
                Origin::Payload => columns.extend(decoded.next().cloned()),
                Origin::Metadata(index) => columns.push(cast(&array(*index), field.data_type())?),
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(row_count));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

fn unknown_key(key: &str, known: &[(&'static str, DataType)]) -> OptionError {
    let error = OptionError::new(key, "there is no metadata of this name");
    match known.iter().map(|(name, _)| *name).collect::<Vec<_>>().as_slice() {
        [] => error.with_help("this connector has no metadata"),
        names => error.with_help(format!("metadata keys are {}", names.join(", "))),
    }
}
