//! Small batches that wait to be sent as one.

use eventflux_core::batch::EventBatch;
use eventflux_core::time::micros;

use crate::transport::config::Coalesce;

/// The rows that a channel is to send next.
///
/// ```text
/// empty ──add──► waiting ──enough rows or bytes, due, or anything that must not overtake them──► empty
/// ```
#[derive(Debug)]
pub struct Coalescer {
    config: Coalesce,
    pieces: Vec<EventBatch>,
    row_count: usize,
    bytes: usize,
    due_us: Option<i64>,
}

impl Coalescer {
    /// Nothing waits.
    pub fn new(config: Coalesce) -> Self {
        Self {
            config,
            pieces: Vec::new(),
            row_count: 0,
            bytes: 0,
            due_us: None,
        }
    }

    /// Takes a piece, and gives what there is once it is enough.
    pub fn add(&mut self, now_us: i64, piece: EventBatch, bytes: usize) -> Option<Vec<EventBatch>> {
        if piece.num_rows() == 0 {
            return None;
        }
        let delay_us = micros(self.config.delay_max);
        self.due_us.get_or_insert(now_us.saturating_add(delay_us));
        self.row_count += piece.num_rows();
        self.bytes += bytes;
        self.pieces.push(piece);
        let is_enough = self.row_count >= self.config.rows_max || self.bytes >= self.config.bytes_max;
        (is_enough || delay_us == 0).then(|| self.take())
    }

    /// When what waits is to be sent at the latest.
    pub fn due_us(&self) -> Option<i64> {
        self.due_us
    }

    /// Gives what waits.
    pub fn take(&mut self) -> Vec<EventBatch> {
        self.row_count = 0;
        self.bytes = 0;
        self.due_us = None;
        std::mem::take(&mut self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    fn rows(count: i64) -> EventBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
        EventBatch::at(RecordBatch::try_from_iter([("n", column)]).unwrap(), 0)
    }

    fn count(pieces: &[EventBatch]) -> Vec<usize> {
        pieces.iter().map(EventBatch::num_rows).collect()
    }

    #[test]
    fn rows_wait_until_there_are_enough() {
        let mut coalescer = Coalescer::new(Coalesce::default());
        assert!(coalescer.add(0, rows(1_000), 8_000).is_none());
        assert!(coalescer.add(0, rows(0), 0).is_none());
        assert_eq!(count(&coalescer.add(1, rows(24), 192).unwrap()), [1_000, 24]);
        assert!(coalescer.add(2, rows(1), 65_535).is_none());
        assert_eq!(count(&coalescer.add(3, rows(1), 1).unwrap()), [1, 1]);
    }

    #[test]
    fn the_first_piece_decides_when_they_are_due() {
        let mut coalescer = Coalescer::new(Coalesce::default());
        assert_eq!(coalescer.due_us(), None);
        coalescer.add(100, rows(1), 8);
        coalescer.add(4_000, rows(1), 8);
        assert_eq!(coalescer.due_us(), Some(5_100));
        assert_eq!(count(&coalescer.take()), [1, 1]);
        assert_eq!(coalescer.due_us(), None);
    }

    #[test]
    fn without_a_delay_nothing_waits() {
        let mut coalescer = Coalescer::new(Coalesce {
            delay_max: Duration::ZERO,
            ..Coalesce::default()
        });
        assert_eq!(count(&coalescer.add(0, rows(1), 8).unwrap()), [1]);
    }
}
