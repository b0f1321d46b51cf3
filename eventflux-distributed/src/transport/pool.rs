//! Memory for bodies, used again and again.
//!
//! Bodies are large, come at a high rate, and are let go of on other threads. An allocator gives such memory back to the system and gets
//! it again page by page, which costs more than the bytes that are put there.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Pieces of memory grow in such steps.
const STEP_BYTES: usize = 16 << 10;

/// What is kept for use at the most.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// Memory that is free. Clones share it.
///
/// **Invariants** A piece belongs either to the pool or to one [`Pooled`]. The pool keeps at most 1 MiB.
#[derive(Debug, Clone, Default)]
pub(in crate::transport) struct Pool(Arc<Mutex<Free>>);

#[derive(Debug, Default)]
struct Free {
    pieces: Vec<Box<[u8]>>,
    bytes: usize,
}

/// Some bytes of memory; what they are is what was there before. Dropped, they go back to their pool.
#[derive(Debug)]
pub(in crate::transport) struct Pooled {
    piece: Box<[u8]>,
    length: usize,
    pool: Pool,
}

impl Pool {
    /// Memory of this length, never more than twice as much and a step.
    pub(in crate::transport) fn take(&self, length: usize) -> Pooled {
        let fits = |bytes: usize| (length..=2 * length + STEP_BYTES).contains(&bytes);
        let kept = {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = free.pieces.iter().rposition(|piece| fits(piece.len()));
            let kept = place.map(|place| free.pieces.swap_remove(place));
            free.bytes -= kept.as_ref().map_or(0, |piece| piece.len());
            kept
        };
        Pooled {
            piece: kept.unwrap_or_else(|| vec![0; length.next_multiple_of(STEP_BYTES)].into()),
            length,
            pool: self.clone(),
        }
    }
}

impl Pooled {
    /// To be filled.
    pub(in crate::transport) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.piece[..self.length]
    }

    /// Bytes that can be shared; the memory goes back when the last of them are gone.
    pub(in crate::transport) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.piece[..self.length]
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        let mut free = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.bytes + piece.len() <= KEPT_BYTES_MAX {
            free.bytes += piece.len();
            free.pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pool: &Pool) -> (usize, usize) {
        let free = pool.0.lock().unwrap();
        (free.pieces.len(), free.bytes)
    }

    #[test]
    fn memory_that_was_let_go_of_is_used_again() {
        let pool = Pool::default();
        let mut first = pool.take(40_000);
        first.as_mut().fill(7);
        let place = first.as_ref().as_ptr();
        let (first, second) = (first.freeze(), pool.take(40_000).freeze());
        assert_ne!(second.as_ptr(), place);
        let part = first.slice(10..20);
        drop((first, second));
        assert_eq!(kept(&pool), (1, 49_152), "a part of the first is in use");
        assert_eq!(&part[..], [7; 10]);
        drop(part);
        assert_eq!(kept(&pool), (2, 98_304));
        let third = pool.take(45_000);
        assert_eq!((third.as_ref().as_ptr(), third.as_ref().len()), (place, 45_000));
    }

    #[test]
    fn what_is_small_does_not_take_what_is_large() {
        let pool = Pool::default();
        drop(pool.take(500_000));
        assert_eq!(kept(&pool), (1, 507_904));
        assert!(pool.take(20_000).piece.len() <= 32_768);
        assert!(pool.take(600_000).piece.len() >= 600_000);
    }

    #[test]
    fn no_more_than_a_mebibyte_is_kept() {
        let pool = Pool::default();
        let all: Vec<Pooled> = (0..100).map(|_| pool.take(STEP_BYTES)).collect();
        drop(all);
        assert_eq!(kept(&pool), (64, KEPT_BYTES_MAX));
        drop(pool.take(2 << 20));
        assert_eq!(kept(&pool), (64, KEPT_BYTES_MAX));
    }
}
