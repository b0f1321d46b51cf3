//! Failed input and output as the engine's error.

use std::io;
use std::sync::Arc;

use eventflux_core::{Error, ErrorKind};

/// The error for something that cannot be opened, read or written. What a path or its content is to blame for is the
/// user's input, everything else the surroundings.
pub fn io_failed(connector: &'static str, object: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            ErrorKind::Input
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            ErrorKind::Input
        }
        _ => ErrorKind::Environment,
    };
    let (object, message) = (object.to_owned(), io_message(&error));
    Error::Connector {
        connector,
        object,
        message,
        kind,
        source: Some(Arc::new(error)),
    }
}

/// The system's words in our style: lower case, without the number.
pub fn io_message(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file or directory".to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_the_users_fault_and_a_full_disk_is_not() {
        let missing = io_failed("file", "a.json", io::Error::from_raw_os_error(2));
        assert_eq!(missing.to_string(), "file `a.json`: no such file or directory");
        assert_eq!(missing.kind(), ErrorKind::Input);
        let full = io_failed("file", "a.json", io::ErrorKind::StorageFull.into());
        assert_eq!(full.to_string(), "file `a.json`: no storage space");
        assert_eq!(full.kind(), ErrorKind::Environment);
    }
}
