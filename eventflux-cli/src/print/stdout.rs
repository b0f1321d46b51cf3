//! What a command has to say.

use std::io::Write;

/// Text to stdout. A closed pipe is a reader that has seen enough.
pub fn to_stdout(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
