//! What zstd works with: large, and costly to make, so a thread keeps its own.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

/// Higher levels cost more than they save on rows of state.
const LEVEL: i32 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Puts the bytes, compressed, in place of what `compressed` has.
pub(super) fn compress(bytes: &[u8], compressed: &mut Vec<u8>) -> io::Result<()> {
    compressed.clear();
    compressed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        compressor.compress_to_buffer(bytes, compressed)?;
        Ok(())
    })
}

/// Fills the beginning of `bytes`, and says how much of it.
pub(super) fn decompress(compressed: &[u8], bytes: &mut [u8]) -> io::Result<usize> {
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = match decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new()?),
        };
        decompressor.decompress_to_buffer(compressed, bytes)
    })
}
