//! Panics are bugs of ours: a user reads one line about them, not a trace.

use std::panic::{PanicHookInfo, set_hook, take_hook};

use crate::report;

/// Says from now on of every panic, on whatever thread, that it is a bug, and where. With `RUST_BACKTRACE` set, the trace
/// follows.
pub fn report_as_bugs() {
    let default = take_hook();
    set_hook(Box::new(move |info| {
        report::mistake(line(info));
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default(info);
        }
    }));
}

fn line(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info
        .location()
        .map(|location| format!(" ({}:{})", location.file(), location.line()))
        .unwrap_or_default();
    format!("this is a bug in eventflux, please report it: {message}{place}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_panic_is_one_line_with_its_place() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&lines);
        let default = take_hook();
        set_hook(Box::new(move |info| taken.lock().unwrap().push(line(info))));
        let _ = std::panic::catch_unwind(|| panic!("{} is not {}", 1, 2));
        set_hook(default);
        let lines = lines.lock().unwrap();
        assert!(
            lines[0].starts_with(
                "this is a bug in eventflux, please report it: 1 is not 2 (eventflux-cli/src/panic.rs:"
            ),
            "{lines:?}"
        );
    }
}
