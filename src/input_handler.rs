//! The handler through which a program sends rows into a stream.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use eventflux_core::runtime::{Input, InputError};

use crate::IntoRow;

/// Sends rows into a stream. Cheap to clone; rows of one handler keep their order.
///
/// A row is one value per column, in the order in which the stream declares them:
///
/// ```
/// # use eventflux::EventFluxAppRuntimeBuilder;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = "CREATE STREAM S (sym STRING NOT NULL, px DOUBLE); SELECT sym FROM S";
/// # let runtime = EventFluxAppRuntimeBuilder::new(app).build()?;
/// let input = runtime.input_handler("S")?;
/// input.send(("IBM", 700.0))?;
/// input.send(("IBM", None::<f64>))?;
/// assert!(input.send((None::<String>, 700.0)).is_err());
/// # Ok(())
/// # }
/// ```
///
/// Sending waits while the query is behind. Rows that are sent before the start wait for it, and so does the sender once
/// there are more of them than the queue takes.
#[derive(Debug, Clone)]
pub struct InputHandler {
    input: Input,
}

impl InputHandler {
    pub(crate) fn new(input: Input) -> Self {
        Self { input }
    }

    /// The stream's name.
    pub fn stream(&self) -> &str {
        self.input.stream()
    }

    /// The stream's columns.
    pub fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    /// Sends a row; blocks the thread while the query is behind.
    ///
    /// **Errors** The row does not fit the stream's columns, or the stream has ended; the row is not sent then.
    pub fn send(&self, row: impl IntoRow) -> Result<(), InputError> {
        self.input.send_row(row.into_values().as_ref())
    }

    /// Sends a row; see [`InputHandler::send`].
    pub async fn send_async(&self, row: impl IntoRow) -> Result<(), InputError> {
        let values = row.into_values();
        self.input.send_row_async(values.as_ref()).await
    }

    /// Sends rows as columns, those of [`InputHandler::schema`] in their order; blocks the thread while the query is behind.
    ///
    /// **Errors** The columns are not the stream's, or the stream has ended; nothing is sent then.
    pub fn send_batch(&self, rows: RecordBatch) -> Result<(), InputError> {
        self.input.send_batch(rows)
    }

    /// Sends rows as columns; see [`InputHandler::send_batch`].
    pub async fn send_batch_async(&self, rows: RecordBatch) -> Result<(), InputError> {
        self.input.send_batch_async(rows).await
    }

    /// Ends the stream: no handler of it takes more rows, and its windows close.
    pub fn end(&self) {
        self.input.end();
    }
}
