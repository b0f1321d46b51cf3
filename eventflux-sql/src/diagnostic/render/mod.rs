//! Diagnostics as text: one file per format.
//!
//! A renderer takes diagnostics and the text they are about, and gives a string; it does not print. All are given in
//! the order of their places.

mod concise;
mod full;
mod json;

pub use concise::concise;
pub use full::{Colour, full};
pub use json::json;

use super::Diagnostic;

/// In the order of their places, stable for equal ones.
fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut ordered: Vec<_> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    ordered
}

/// Text of the user's within a message must not steer a terminal.
fn without_control(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
