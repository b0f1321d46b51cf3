//! Pages of the documentation that are made from what the code declares.

use std::path::Path;

/// Compares a page with what it has to be; with `EVENTFLUX_UPDATE_DOCS=1` in the environment, writes it. `command` is the
/// command of the test, for who has to write it anew.
///
/// # Panics
/// The page is not what it has to be, or cannot be written.
pub fn assert_page(path: &Path, wanted: &str, command: &str) {
    let page = path.display();
    if std::env::var_os("EVENTFLUX_UPDATE_DOCS").is_some() {
        std::fs::write(path, wanted).unwrap_or_else(|error| panic!("{page}: {error}"));
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let differs = found
        .lines()
        .zip(wanted.lines())
        .find(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{page} is out of date, at {differs:?}: `EVENTFLUX_UPDATE_DOCS=1 {command}` writes it anew"
    );
}
