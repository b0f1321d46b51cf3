//! What is kept in `fuzz/seeds/` goes through the fuzz targets: what was found once is not found again.

#[path = "../../../fuzz/src/commands.rs"]
mod commands;
#[path = "../../../fuzz/src/control.rs"]
mod control;
#[path = "../../../fuzz/src/frames.rs"]
mod frames;
#[path = "../../../fuzz/src/rows.rs"]
mod rows;

use std::fs;
use std::path::Path;

/// Each input, and each with its end missing.
fn replay(target: &str, run: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/seeds")
        .join(target);
    let mut count = 0;
    for seed in fs::read_dir(&seeds).unwrap() {
        let bytes = fs::read(seed.unwrap().path()).unwrap();
        run(&bytes);
        (0..bytes.len())
            .step_by(7)
            .for_each(|length| run(&bytes[..length]));
        count += 1;
    }
    assert!(count > 0, "{} is empty", seeds.display());
}

#[test]
fn commands_of_the_corpus_are_applied_or_refused() {
    replay("commands", commands::run);
}

#[test]
fn control_messages_of_the_corpus_are_understood_or_refused() {
    replay("control", control::run);
}

#[test]
fn frames_of_the_corpus_are_read_or_refused() {
    replay("frames", frames::run);
}

#[test]
fn rows_of_the_corpus_are_decoded_or_refused() {
    replay("rows", rows::run);
}
