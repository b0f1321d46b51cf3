//! A configuration file is read or refused, and what is refused can be shown.
#![no_main]

use std::io;

use eventflux::connector::ResolveReference;
use eventflux::sql::diagnostic::render::{Colour, full};
use eventflux_cli::config::{Purpose, read};
use libfuzzer_sys::fuzz_target;

/// Nothing is set, and there are no files.
struct Nothing;

impl ResolveReference for Nothing {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fuzz_target!(|text: &str| {
    for purpose in [Purpose::Process, Purpose::Node, Purpose::Inspection] {
        if let Err(refused) = read("fuzz.yaml", text, purpose, &Nothing) {
            for wrong in refused {
                full(&wrong.source, &wrong.diagnostics, Colour::Never);
            }
        }
    }
});
