//! See `src/rows.rs`, which the tests run, too, on what is kept in `seeds/`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/rows.rs"]
mod rows;

fuzz_target!(|bytes: &[u8]| rows::run(bytes));
