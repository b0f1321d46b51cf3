//! The handler through which this process sends rows into a stream.

use std::future::poll_fn;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::InputQueue;
use super::blocking::block_on;
use crate::batch::Value;
use crate::error::Error;

/// Rows that a stream does not take.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The stream takes no more rows: it was closed, or the run is over.
    #[error("the stream has ended")]
    Ended,
    /// The row does not fit the stream's columns.
    #[error(transparent)]
    Row(#[from] Error),
}

/// Sends rows into a stream. Cheap to clone; rows of one handler keep their order.
///
/// Sending waits while the queue is full, which is how a slow query slows its senders down. The plain forms block the
/// thread; the `_async` forms may be awaited on any runtime.
#[derive(Debug, Clone)]
pub struct Input {
    stream: Arc<str>,
    schema: SchemaRef,
    queues: Arc<[Arc<InputQueue>]>,
}

impl Input {
    /// An input that every queue gets the rows of. All queues have the stream's schema.
    pub(crate) fn new(stream: &str, schema: SchemaRef, queues: Vec<Arc<InputQueue>>) -> Self {
        Self {
            stream: stream.into(),
            schema,
            queues: queues.into(),
        }
    }

    /// The stream's name.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The stream's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Sends a row: one value per column, in their order.
    ///
    /// **Errors** The stream has ended, or a value does not fit its column; then the row is not sent.
    pub fn send_row(&self, row: &[Value]) -> Result<(), InputError> {
        block_on(self.send_row_async(row))
    }

    /// Sends a row; see [`Input::send_row`].
    pub async fn send_row_async(&self, row: &[Value]) -> Result<(), InputError> {
        for queue in self.queues.iter() {
            poll_fn(|context| queue.poll_send_row(row, context)).await?;
        }
        Ok(())
    }

    /// Sends the rows of a batch. Its columns are the stream's, in their order; nullability and metadata may differ, but a
    /// NULL in a NOT NULL column is refused.
    ///
    /// **Errors** The stream has ended, or the columns are not the stream's; then nothing is sent.
    pub fn send_batch(&self, batch: RecordBatch) -> Result<(), InputError> {
        block_on(self.send_batch_async(batch))
    }

    /// Sends the rows of a batch; see [`Input::send_batch`].
    pub async fn send_batch_async(&self, batch: RecordBatch) -> Result<(), InputError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = self.fit(batch)?;
        for queue in self.queues.iter() {
            poll_fn(|context| queue.poll_send_batch(&batch, context)).await?;
        }
        Ok(())
    }

    /// Ends the stream: its event time goes to the end, so that windows close. Other handlers of it are closed, too.
    pub fn end(&self) {
        self.queues.iter().for_each(|queue| queue.end());
    }

    fn fit(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        if batch.schema_ref() == &self.schema {
            return Ok(batch);
        }
        let stream = &self.stream;
        if batch.num_columns() != self.schema.fields().len() {
            return Err(Error::Columns(format!(
                "{stream} has {} columns, the batch has {}",
                self.schema.fields().len(),
                batch.num_columns()
            )));
        }
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            let name = field.name();
            if field.data_type() != column.data_type() {
                let (wanted, given) = (field.data_type(), column.data_type());
                return Err(Error::Columns(format!(
                    "column `{name}` of {stream} has type {wanted}, not {given}"
                )));
            }
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(Error::Columns(format!(
                    "column `{name}` of {stream} must not be null"
                )));
            }
        }
        Ok(RecordBatch::try_new(
            Arc::clone(&self.schema),
            batch.columns().to_vec(),
        )?)
    }
}
