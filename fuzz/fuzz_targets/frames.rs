//! See `src/frames.rs`, which the tests run, too, on what is kept in `seeds/`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/frames.rs"]
mod frames;

fuzz_target!(|bytes: &[u8]| frames::run(bytes));
