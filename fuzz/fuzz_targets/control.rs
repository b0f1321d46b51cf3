//! See `src/control.rs`, which the tests run, too, on what is kept in `seeds/`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/control.rs"]
mod control;

fuzz_target!(|bytes: &[u8]| control::run(bytes));
