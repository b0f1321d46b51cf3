//! The rows of an output, to be awaited.

use std::pin::Pin;
use std::task::{Context, Poll};

use eventflux_core::runtime::OutputStream;
use futures_core::Stream;

use crate::Rows;

/// The rows of an output stream, in order, until the run is over. While its reader is behind, the query waits.
///
/// It is a [`Stream`] and works on any async runtime; without one, use [`RowStream::next_blocking`].
#[derive(Debug)]
pub struct RowStream {
    stream: OutputStream,
}

impl RowStream {
    pub(crate) fn new(stream: OutputStream) -> Self {
        Self { stream }
    }

    /// The next rows; `None` when the run is over. Cancel-safe.
    pub async fn next(&mut self) -> Option<Rows> {
        self.stream.next().await.map(Rows::from)
    }

    /// The next rows; blocks the thread until there are some.
    pub fn next_blocking(&mut self) -> Option<Rows> {
        self.stream.next_blocking().map(Rows::from)
    }

    /// The next rows, if there are some already.
    pub fn try_next(&mut self) -> Option<Rows> {
        self.stream.try_next().map(Rows::from)
    }
}

impl Stream for RowStream {
    type Item = Rows;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Rows>> {
        self.stream.poll_next(context).map(|batch| batch.map(Rows::from))
    }
}
