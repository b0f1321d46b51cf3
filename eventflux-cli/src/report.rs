//! Messages on stderr.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;

/// An error with its causes: `error: …`, one line each. Nothing is written to a stderr that is gone.
pub fn error(error: &dyn Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // A cause that its parent already quotes says nothing new.
        if !text.contains(&message) {
            text.push_str("\n  because: ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    line("error", text);
}

/// A mistake in what was given.
pub fn mistake(message: impl Display) {
    line("error", message);
}

/// Something that a user should know.
pub fn warning(message: impl Display) {
    line("warning", message);
}

/// Something that is as it should be, and that a user may not expect.
pub fn note(message: impl Display) {
    line("note", message);
}

/// Any text, as it stands.
pub fn plain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

fn line(label: &str, message: impl Display) {
    let _ = writeln!(anstream::stderr(), "{label}: {message}");
}
