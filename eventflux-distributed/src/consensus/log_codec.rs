//! The records of the log, so that no flipped bit looks like a record that is not complete.
//!
//! `raft-log` cuts a log where its last record ends too early, which is right for a record that was being written when the
//! process died. A record's own length and kind are part of what may be damaged, though, and a longer kind would look cut off.
//! So every item bears a mark of its kind and a checksum of its own, and lengths have theirs: what is damaged is told apart
//! from what is missing.
//!
//! ```text
//! log id     "LOGI" term:8 index:8 crc32c:4
//! vote       "VOTE" term:8 node:8 committed:1 crc32c:4
//! payload    "PAYL" length:4 crc32c(mark, length):4 protobuf crc32c(protobuf):4     numbers are big-endian
//! ```

use std::cmp::Ordering;
use std::io::{self, Read, Write};

use bytes::Bytes;
use prost::Message;
use raft_log::codeq::{Decode, Encode};

use super::proto;
use super::type_config::{LogId, Vote};
use super::{log_store::Flushed, message};

/// What `raft-log` stores.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct LogTypes;

impl raft_log::Types for LogTypes {
    type LogId = StoredLogId;
    type LogPayload = StoredPayload;
    type Vote = StoredVote;
    type Callback = Flushed;
    /// Never written.
    type UserData = StoredLogId;

    fn log_index(log_id: &StoredLogId) -> u64 {
        log_id.index
    }

    fn payload_size(payload: &StoredPayload) -> u64 {
        payload.0.len() as u64
    }
}

/// An entry's term and index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StoredLogId {
    term: u64,
    index: u64,
}

/// A vote. Votes for different nodes in one term cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredVote {
    term: u64,
    node: u64,
    is_committed: bool,
}

/// An entry without its log id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredPayload(Bytes);

/// Entries are smaller than this.
const PAYLOAD_BYTES_MAX: u32 = 256 << 20;

impl From<&LogId> for StoredLogId {
    fn from(log_id: &LogId) -> Self {
        Self {
            term: log_id.leader_id.term,
            index: log_id.index,
        }
    }
}

impl From<&StoredLogId> for LogId {
    fn from(stored: &StoredLogId) -> Self {
        message::from_log_id(&proto::LogId {
            term: stored.term,
            index: stored.index,
        })
    }
}

impl From<&Vote> for StoredVote {
    fn from(vote: &Vote) -> Self {
        let vote = message::to_vote(vote);
        Self {
            term: vote.term,
            node: vote.node,
            is_committed: vote.committed,
        }
    }
}

impl StoredVote {
    pub(super) fn to_vote(self) -> io::Result<Vote> {
        let vote = proto::Vote {
            term: self.term,
            node: self.node,
            committed: self.is_committed,
        };
        message::from_vote(Some(&vote)).map_err(damaged)
    }
}

impl PartialOrd for StoredVote {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.term.cmp(&other.term) {
            Ordering::Equal if self.node == other.node => self.is_committed.partial_cmp(&other.is_committed),
            // A committed vote is of a leader that was elected, whoever was voted for before.
            Ordering::Equal if self.is_committed != other.is_committed => {
                self.is_committed.partial_cmp(&other.is_committed)
            }
            Ordering::Equal => None,
            unequal => Some(unequal),
        }
    }
}

impl StoredPayload {
    pub(super) fn new(payload: &proto::Payload) -> Self {
        Self(payload.encode_to_vec().into())
    }

    pub(super) fn decode_payload(&self) -> io::Result<proto::Payload> {
        proto::Payload::decode(self.0.clone()).map_err(|error| damaged(&error.to_string()))
    }
}

impl Encode for StoredLogId {
    fn encode<W: Write>(&self, writer: W) -> io::Result<usize> {
        let mut bytes = b"LOGI".to_vec();
        bytes.extend_from_slice(&self.term.to_be_bytes());
        bytes.extend_from_slice(&self.index.to_be_bytes());
        write_checked(writer, bytes)
    }
}

impl Decode for StoredLogId {
    fn decode<R: Read>(reader: R) -> io::Result<Self> {
        let bytes: [u8; 16] = read_checked(reader, b"LOGI")?;
        Ok(Self {
            term: number(&bytes[..8]),
            index: number(&bytes[8..]),
        })
    }
}

impl Encode for StoredVote {
    fn encode<W: Write>(&self, writer: W) -> io::Result<usize> {
        let mut bytes = b"VOTE".to_vec();
        bytes.extend_from_slice(&self.term.to_be_bytes());
        bytes.extend_from_slice(&self.node.to_be_bytes());
        bytes.push(u8::from(self.is_committed));
        write_checked(writer, bytes)
    }
}

impl Decode for StoredVote {
    fn decode<R: Read>(reader: R) -> io::Result<Self> {
        let bytes: [u8; 17] = read_checked(reader, b"VOTE")?;
        Ok(Self {
            term: number(&bytes[..8]),
            node: number(&bytes[8..16]),
            is_committed: bytes[16] != 0,
        })
    }
}

impl Encode for StoredPayload {
    fn encode<W: Write>(&self, mut writer: W) -> io::Result<usize> {
        let length = u32::try_from(self.0.len())
            .ok()
            .filter(|length| *length < PAYLOAD_BYTES_MAX);
        let length =
            length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "an entry is too large"))?;
        let mut head = b"PAYL".to_vec();
        head.extend_from_slice(&length.to_be_bytes());
        let head_bytes = write_checked(&mut writer, head)?;
        writer.write_all(&self.0)?;
        writer.write_all(&crc32c::crc32c(&self.0).to_be_bytes())?;
        Ok(head_bytes + self.0.len() + 4)
    }
}

impl Decode for StoredPayload {
    fn decode<R: Read>(mut reader: R) -> io::Result<Self> {
        let length: [u8; 4] = read_checked(&mut reader, b"PAYL")?;
        let length = u32::from_be_bytes(length);
        if length >= PAYLOAD_BYTES_MAX {
            return Err(damaged("an entry is too large"));
        }
        let mut bytes = vec![0; length as usize];
        reader.read_exact(&mut bytes)?;
        let mut checksum = [0; 4];
        reader.read_exact(&mut checksum)?;
        match u32::from_be_bytes(checksum) == crc32c::crc32c(&bytes) {
            true => Ok(Self(bytes.into())),
            false => Err(damaged("the checksum of an entry does not fit")),
        }
    }
}

fn write_checked<W: Write>(mut writer: W, mut bytes: Vec<u8>) -> io::Result<usize> {
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    writer.write_all(&bytes)?;
    Ok(bytes.len())
}

/// Looks at the mark first: a record of another kind may be shorter.
fn read_checked<R: Read, const LENGTH: usize>(mut reader: R, mark: &[u8; 4]) -> io::Result<[u8; LENGTH]> {
    for expected in mark {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        if byte[0] != *expected {
            return Err(damaged("a record is not what its kind says"));
        }
    }
    let mut bytes = [0; LENGTH];
    reader.read_exact(&mut bytes)?;
    let mut checksum = [0; 4];
    reader.read_exact(&mut checksum)?;
    let expected = crc32c::crc32c_append(crc32c::crc32c(mark), &bytes);
    match u32::from_be_bytes(checksum) == expected {
        true => Ok(bytes),
        false => Err(damaged("the checksum of a record does not fit")),
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn damaged(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
