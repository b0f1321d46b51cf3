//! The process' randomness, from the seed.
//!
//! The standard library (hash maps), tokio (`select!`) and the crates `rand` and `getrandom` (Raft's timeouts) all ask the C
//! library's `getrandom`, which this one stands in front of. Each thread has a sequence of its own, so that it does not matter
//! which of them asks first.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::Random;

static SEED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SEQUENCE: RefCell<Option<Random>> = const { RefCell::new(None) };
}

/// Everything that is random from now on follows from the seed.
pub fn begin(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
    SEQUENCE.with_borrow_mut(|sequence| *sequence = None);
}

/// From 0 to one below `bound`, of this thread's sequence.
pub fn below(bound: u64) -> u64 {
    with_sequence(|random| random.next() % bound).unwrap_or_default()
}

/// A thread that ends has none.
fn with_sequence<T>(take: impl FnOnce(&mut Random) -> T) -> Option<T> {
    let taken = SEQUENCE.try_with(|sequence| {
        let mut sequence = sequence.borrow_mut();
        take(sequence.get_or_insert_with(|| Random::new(SEED.load(Ordering::Relaxed) ^ 0x5eed)))
    });
    taken.ok()
}

/// Stands in front of the C library's.
///
/// # Safety
/// As `getrandom(2)`: `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    let filled = with_sequence(|random| {
        for piece in bytes.chunks_mut(8) {
            let number = random.next().to_le_bytes();
            piece.copy_from_slice(&number[..piece.len()]);
        }
    });
    match filled {
        Some(()) => length as isize,
        None => -1,
    }
}
