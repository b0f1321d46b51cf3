//! Random texts.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::event::Events;
use crate::generator::{Draws, RowRun};

/// Letters, five bits each: the first six come twice as often.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyzabcdef";

/// The shortest text.
const LENGTH_MIN: u64 = 3;

/// A column of texts; `write` appends one event's text.
pub fn texts(
    events: &Events,
    run: RowRun,
    column: &str,
    mut write: impl FnMut(u64, Draws, &mut StringBuilder),
) -> ArrayRef {
    let draws = events.draws(column);
    let mut builder = StringBuilder::with_capacity(run.count, run.count * 16);
    for id in events.ids(run) {
        write(id, draws.at(id), &mut builder);
        builder.append_value("");
    }
    Arc::new(builder.finish())
}

/// Appends literal text. What is appended belongs to the row that is ended next.
pub fn push(builder: &mut StringBuilder, text: &str) {
    // Writing to memory does not fail.
    let _ = builder.write_str(text);
}

/// Appends one of the words.
pub fn push_one_of(builder: &mut StringBuilder, draws: &mut Draws, words: &[&str]) {
    push(builder, words[draws.below(words.len() as u64) as usize]);
}

/// Appends text of 3 to `length_max - 1` letters.
pub fn push_text(builder: &mut StringBuilder, draws: &mut Draws, length_max: u64) {
    let length = LENGTH_MIN + draws.below(length_max - LENGTH_MIN);
    push_letters(builder, draws, length);
}

/// Appends letters.
pub fn push_letters(builder: &mut StringBuilder, draws: &mut Draws, length: u64) {
    let mut left = length as usize;
    let mut letters = [0; 12];
    while left > 0 {
        let mut bits = draws.bits();
        for letter in &mut letters {
            *letter = LETTERS[(bits & 31) as usize];
            bits >>= 5;
        }
        let count = left.min(letters.len());
        // They are ASCII.
        push(
            builder,
            std::str::from_utf8(&letters[..count]).unwrap_or_default(),
        );
        left -= count;
    }
}

/// Appends what fills an event up to about its average size: a fifth more or less of what the other columns leave.
pub fn push_extra(builder: &mut StringBuilder, draws: &mut Draws, average: u64, others: u64) {
    let wanted = average.saturating_sub(others);
    let spread = wanted / 5;
    let length = wanted - spread + draws.below(2 * spread + 1);
    push_letters(builder, draws, length);
}
