//! The rows of an epoch as messages, in a checkpoint until they are delivered.
//!
//! ```text
//! version u8 = 1 | message … | message_count u64 | xxh3 u64 of everything before it
//!
//! message: flags u8 (1 has a key, 2 has a value, 4 has a time) | time i64? | key? | value?
//! key, value: length u32 | bytes                                           all numbers big-endian
//! ```
//!
//! **Units** Times are milliseconds since the epoch.

use bytes::Bytes;
use eventflux_core::connector::{CommitNote, Message};
use eventflux_core::{Error, ErrorKind, Result};
use xxhash_rust::xxh3::xxh3_64;

/// The layout.
const VERSION: u8 = 1;

/// Bytes behind the messages.
const TRAILER_BYTES: usize = 16;

/// What an epoch may hold, since it is kept in memory until its checkpoint: 1 GiB.
pub const LOG_BYTES_MAX: usize = 1 << 30;

const HAS_KEY: u8 = 1;
const HAS_VALUE: u8 = 2;
const HAS_TIME: u8 = 4;

/// Whose messages they are: what errors name.
#[derive(Debug, Clone, Copy)]
pub struct LogOwner<'a> {
    /// The connector.
    pub connector: &'static str,
    /// What it writes to.
    pub object: &'a str,
}

impl LogOwner<'_> {
    fn failure(self, kind: ErrorKind, message: String) -> Error {
        Error::Connector {
            connector: self.connector,
            object: self.object.to_owned(),
            message,
            kind,
            source: None,
        }
    }
}

/// Messages that wait for their checkpoint.
#[derive(Debug, Default)]
pub struct OutputLog {
    bytes: Vec<u8>,
    message_count: u64,
}

impl OutputLog {
    /// Adds a message.
    ///
    /// **Errors** There are too many.
    pub fn push(&mut self, owner: LogOwner<'_>, message: Message<'_>, time_ms: Option<i64>) -> Result<()> {
        let part_bytes = |part: Option<&[u8]>| part.map_or(0, |part| 4 + part.len());
        let byte_count = 9 + part_bytes(message.key) + part_bytes(message.value);
        if self.bytes.len() + byte_count > LOG_BYTES_MAX {
            let text = "more than 1 GiB of messages have come since the last checkpoint: take checkpoints more often";
            return Err(owner.failure(ErrorKind::Runtime, text.to_owned()));
        }
        if self.bytes.is_empty() {
            self.bytes.push(VERSION);
        }
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        let flags = flag(message.key.is_some(), HAS_KEY)
            | flag(message.value.is_some(), HAS_VALUE)
            | flag(time_ms.is_some(), HAS_TIME);
        self.bytes.push(flags);
        if let Some(time_ms) = time_ms {
            self.bytes.extend_from_slice(&time_ms.to_be_bytes());
        }
        for part in [message.key, message.value].into_iter().flatten() {
            // Below the limit above.
            self.bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            self.bytes.extend_from_slice(part);
        }
        self.message_count += 1;
        Ok(())
    }

    /// The note of the epoch; empty without messages. The next epoch begins.
    pub fn take(&mut self) -> Bytes {
        let Self {
            mut bytes,
            message_count,
        } = std::mem::take(self);
        if message_count > 0 {
            bytes.extend_from_slice(&message_count.to_be_bytes());
            let hash = xxh3_64(&bytes);
            bytes.extend_from_slice(&hash.to_be_bytes());
        }
        Bytes::from(bytes)
    }
}

/// A message of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged<'a> {
    /// Its key, if there is one.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its time; `None`: when it is written.
    pub time_ms: Option<i64>,
}

/// Reads a note whole.
///
/// **Errors** It is damaged, or of another version.
pub fn read<'a>(owner: LogOwner<'_>, note: &'a CommitNote) -> Result<Vec<Logged<'a>>> {
    if note.note.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |what: &str| {
        let message = format!("the rows of checkpoint {} {what}", note.epoch);
        owner.failure(ErrorKind::Input, message)
    };
    let Some((covered, hash)) = note.note.split_last_chunk::<8>() else {
        return Err(wrong("are damaged"));
    };
    if u64::from_be_bytes(*hash) != xxh3_64(covered) {
        return Err(wrong("are damaged"));
    }
    if covered[0] != VERSION {
        return Err(wrong(&format!(
            "have layout {}, and this program knows {VERSION}",
            covered[0]
        )));
    }
    parse(covered).ok_or_else(|| wrong("are damaged"))
}

/// The messages between version and hash.
fn parse(covered: &[u8]) -> Option<Vec<Logged<'_>>> {
    let end = covered.len().checked_sub(TRAILER_BYTES - 8)?;
    let (mut rest, count) = covered.get(1..)?.split_at_checked(end.checked_sub(1)?)?;
    let mut messages = Vec::new();
    while let Some((flags, after)) = rest.split_first() {
        rest = after;
        let time_ms = match flags & HAS_TIME {
            0 => None,
            _ => Some(i64::from_be_bytes(*take::<8>(&mut rest)?)),
        };
        messages.push(Logged {
            time_ms,
            key: part(&mut rest, flags & HAS_KEY != 0)?,
            value: part(&mut rest, flags & HAS_VALUE != 0)?,
        });
    }
    (messages.len() as u64 == u64::from_be_bytes(count.try_into().ok()?)).then_some(messages)
}

/// The outer `None`: the bytes end too early.
fn part<'a>(rest: &mut &'a [u8], is_there: bool) -> Option<Option<&'a [u8]>> {
    if !is_there {
        return Some(None);
    }
    let length = u32::from_be_bytes(*take::<4>(rest)?);
    let (part, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(part))
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: LogOwner<'_> = LogOwner {
        connector: "kafka",
        object: "t",
    };

    fn note(bytes: &[u8]) -> CommitNote {
        CommitNote {
            epoch: 3,
            subtask: 0,
            note: Bytes::copy_from_slice(bytes),
        }
    }

    fn written() -> Bytes {
        let mut log = OutputLog::default();
        let message = |key, value| Message { row: 0, key, value };
        log.push(OWNER, message(Some(b"k"), Some(b"value")), Some(-5))
            .unwrap();
        log.push(OWNER, message(None, Some(b"")), None).unwrap();
        log.push(OWNER, message(Some(b""), None), None).unwrap();
        log.take()
    }

    #[test]
    fn messages_are_read_as_they_were_written() {
        let note = note(&written());
        let message = |key, value, time_ms| Logged { key, value, time_ms };
        assert_eq!(
            read(OWNER, &note).unwrap(),
            [
                message(Some(b"k".as_slice()), Some(b"value".as_slice()), Some(-5)),
                message(None, Some(b"".as_slice()), None),
                message(Some(b"".as_slice()), None, None),
            ]
        );
        let mut log = OutputLog::default();
        assert!(log.take().is_empty() && read(OWNER, &self::note(&[])).unwrap().is_empty());
    }

    #[test]
    fn the_layout_stays_as_it_is() {
        let expected = [
            &[1][..],
            &[
                7, 255, 255, 255, 255, 255, 255, 255, 251, 0, 0, 0, 1, b'k', 0, 0, 0, 5,
            ],
            b"value",
            &[2, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 3],
        ]
        .concat();
        let bytes = written();
        assert_eq!(bytes[..bytes.len() - 8], expected);
    }

    #[test]
    fn damage_is_found_wherever_it_is() {
        let whole = written();
        for at in 0..whole.len() {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 0x10;
            assert!(read(OWNER, &note(&flipped)).is_err(), "byte {at} flipped");
            if at > 0 {
                assert!(read(OWNER, &note(&whole[..at])).is_err(), "cut at {at}");
            }
        }
        // Also where the hash is right, which whoever made it up can see to.
        for cut in 1..whole.len() - 8 {
            let mut bytes = whole[..cut].to_vec();
            bytes.extend_from_slice(&xxh3_64(&bytes).to_be_bytes());
            let _ = read(OWNER, &note(&bytes));
        }
        let mut later = whole[..whole.len() - 8].to_vec();
        later[0] = 2;
        later.extend_from_slice(&xxh3_64(&later).to_be_bytes());
        assert_eq!(
            read(OWNER, &note(&later)).unwrap_err().to_string(),
            "kafka `t`: the rows of checkpoint 3 have layout 2, and this program knows 1"
        );
    }
}
