//! Small stored objects as text, with a title and a checksum.
//!
//! ```text
//! TITLE VERSION\n        what it is, and the format's version
//! {…}\n                  the content as JSON
//! crc32c 89abcdef\n      the checksum of everything before this line
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::state::checksum;

/// A kind of object.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) title: &'static str,
    /// The version that is written, and the only one that is read.
    pub(super) version: u32,
}

/// `crc32c 89abcdef\n`.
const LAST_LINE_BYTES: usize = 16;

pub(super) fn encode(envelope: &Envelope, content: &impl Serialize) -> Result<Vec<u8>> {
    let Envelope { title, version } = envelope;
    let mut bytes = format!("{title} {version}\n").into_bytes();
    serde_json::to_writer_pretty(&mut bytes, content)
        .map_err(|error| Error::Bug(format!("{title} cannot be written: {error}")))?;
    bytes.push(b'\n');
    let last_line = last_line(&bytes);
    bytes.extend_from_slice(last_line.as_bytes());
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(envelope: &Envelope, object: &str, bytes: &[u8]) -> Result<T> {
    let damaged = |message: &str| Error::damaged(object, message);
    let (content, end) = bytes
        .len()
        .checked_sub(LAST_LINE_BYTES)
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or_else(|| damaged(&format!("it has only {} bytes", bytes.len())))?;
    if end != last_line(content).as_bytes() && !checksum::is_ignored() {
        return Err(damaged("its checksum does not fit its content"));
    }
    let content = std::str::from_utf8(content).map_err(|_| damaged("it is not text"))?;
    let (title, json) = content
        .split_once('\n')
        .ok_or_else(|| damaged("it has one line only"))?;
    let version = title
        .strip_prefix(envelope.title)
        .and_then(|version| version.strip_prefix(' '))
        .and_then(|version| version.parse::<u32>().ok())
        .ok_or_else(|| damaged(&format!("it does not begin with `{}`", envelope.title)))?;
    if version != envelope.version {
        return Err(Error::UnknownFormat {
            object: object.to_owned(),
            version,
            newest: envelope.version,
        });
    }
    serde_json::from_str(json).map_err(|error| damaged(&error.to_string()))
}

pub(super) fn last_line(content: &[u8]) -> String {
    format!("crc32c {:08x}\n", crc32c::crc32c(content))
}
