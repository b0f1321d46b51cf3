//! See `src/commands.rs`, which the tests run, too, on what is kept in `seeds/`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../src/commands.rs"]
mod commands;

fuzz_target!(|bytes: &[u8]| commands::run(bytes));
