//! Rows that were evaluated together.

use arrow::array::{BooleanBufferBuilder, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::concat_batches;

use crate::error::Error;

/// What became of a range of a batch's rows.
pub(super) struct Piece {
    /// How many rows of the batch it stands for.
    pub(super) row_count: usize,
    /// Which of them are in `rows`; `None` if all are.
    pub(super) kept: Option<BooleanBuffer>,
    /// The result.
    pub(super) rows: RecordBatch,
}

/// What became of a batch.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    /// The number of each bad row in the batch, ascending, and why it is bad.
    pub(super) bad: Vec<(usize, Error)>,
    row_count: usize,
}

impl Pieces {
    /// The next rows have a result.
    pub(super) fn push(&mut self, piece: Piece) {
        self.row_count += piece.row_count;
        self.pieces.push(piece);
    }

    /// The next row has none.
    pub(super) fn push_bad(&mut self, error: Error, no_rows: RecordBatch) {
        self.bad.push((self.row_count, error));
        self.push(Piece {
            row_count: 1,
            kept: Some(BooleanBuffer::new_unset(1)),
            rows: no_rows,
        });
    }

    /// Which rows of the batch are in the result; `None` if all are.
    pub(super) fn kept(&self) -> Option<BooleanBuffer> {
        match &self.pieces[..] {
            [only] => only.kept.clone(),
            pieces if pieces.iter().all(|piece| piece.kept.is_none()) => None,
            pieces => {
                let mut kept = BooleanBufferBuilder::new(self.row_count);
                for piece in pieces {
                    match &piece.kept {
                        Some(buffer) => kept.append_buffer(buffer),
                        None => kept.append_n(piece.row_count, true),
                    }
                }
                Some(kept.finish())
            }
        }
    }

    /// The result in one piece, or in several where they do not fit in one: a column's text has at most 2 GiB.
    pub(super) fn into_rows(self) -> Vec<RecordBatch> {
        let mut rows: Vec<RecordBatch> = self.pieces.into_iter().map(|piece| piece.rows).collect();
        rows.retain(|rows| rows.num_rows() > 0);
        match &rows[..] {
            [] | [_] => rows,
            [first, ..] => concat_batches(&first.schema(), &rows).map_or(rows, |all| vec![all]),
        }
    }
}
