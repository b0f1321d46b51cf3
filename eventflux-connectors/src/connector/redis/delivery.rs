//! Deliveries: the messages of checkpoints and their marker, a chunk at a time.
//!
//! ```text
//! open: fence whoever wrote before, read the marker ─► deliver: chunk and marker, chunk and marker, … ─► deliver …
//!                                                         │ failed: nobody knows whether it was written
//!                                                         └──► deliver the same again: the marker tells
//! ```
//!
//! **Invariants** The messages of an epoch have the same order whenever they come: that of the subtasks, and within each that
//! of its rows. So a count tells which of them are there.

use ::redis::{Cmd, Connection};
use eventflux_core::connector::CommitNote;
use eventflux_core::{Error, ErrorKind, Result};

use super::script;
use super::target::Target;
use crate::connector::output_log::{self, Logged};

/// Messages of one call of the script, at the most.
const CHUNK_MESSAGES_MAX: usize = 1_000;

/// Bytes of one call of the script, unless one message is larger.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// A sink of an app.
#[derive(Clone)]
pub struct Slot {
    /// Where it writes.
    pub target: Target,
    /// The app.
    pub app_id: String,
    /// The run.
    pub generation: u64,
}

/// How far a sink has come: the first `count` messages of `epoch`, and all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    epoch: u64,
    count: u64,
}

/// A place that has been taken from its predecessors.
pub struct Session {
    slot: Slot,
    /// What the server has acknowledged.
    position: Position,
    /// Absent after a failure.
    connection: Option<Connection>,
}

impl Session {
    /// Takes the slot over: whoever had it before can write nothing any more.
    pub fn open(slot: Slot, restored_epoch: Option<u64>) -> Result<Self> {
        let target = &slot.target;
        let restored = restored_epoch.unwrap_or(0);
        let claim = || {
            let mut connection = target.open()?;
            let mut command = slot.script(script::CLAIM, &[&target.marker_key()]);
            command.arg(restored);
            let answer = slot.ask(&command, &mut connection)?;
            Ok((answer, connection))
        };
        let (answer, connection) = target.insist(claim)?;
        let (word, position) = answer;
        match word.as_str() {
            "newer" => {
                let from = match restored_epoch {
                    Some(epoch) => format!("goes on from checkpoint {epoch}"),
                    None => "begins anew".to_owned(),
                };
                let message = format!(
                    "it holds the rows of checkpoint {}, and this run {from}: they would come twice",
                    position.epoch
                );
                Err(target.failure(ErrorKind::Input, message))
            }
            word => {
                slot.check(word, position)?;
                Ok(Self {
                    connection: Some(connection),
                    position,
                    slot,
                })
            }
        }
    }

    /// Delivers what the marker does not know yet. After an error of the environment it may be tried again.
    pub fn deliver(&mut self, notes: &[CommitNote]) -> Result<()> {
        let owner = self.slot.target.log_owner();
        let mut epochs = Vec::new();
        // Everything is read before anything is written, so that damage leaves no half of it outside.
        for notes in notes.chunk_by(|before, note| before.epoch == note.epoch) {
            let mut messages = Vec::new();
            for note in notes {
                messages.extend(output_log::read(owner, note)?);
            }
            epochs.extend(notes.first().map(|note| (note.epoch, messages)));
        }
        for (epoch, messages) in epochs {
            self.deliver_epoch(epoch, &messages)?;
        }
        Ok(())
    }

    fn deliver_epoch(&mut self, epoch: u64, messages: &[Logged<'_>]) -> Result<()> {
        loop {
            let there = match epoch.cmp(&self.position.epoch) {
                std::cmp::Ordering::Less => return Ok(()),
                std::cmp::Ordering::Equal => self.position.count,
                std::cmp::Ordering::Greater => 0,
            };
            let rest = usize::try_from(there)
                .ok()
                .and_then(|there| messages.get(there..));
            let Some(rest) = rest else {
                let message = format!(
                    "it holds {there} rows of checkpoint {epoch}, which has {}",
                    messages.len()
                );
                return Err(self.slot.target.failure(ErrorKind::Input, message));
            };
            if rest.is_empty() {
                return Ok(());
            }
            let chunk = &rest[..chunk_length(rest)];
            let from = Position { epoch, count: there };
            let command = self.slot.delivery(self.position, from, chunk);
            // A connection that failed is not used again: an answer may still be under way.
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.slot.target.connect()?,
            };
            let (word, position) = self.slot.ask(&command, &mut connection)?;
            self.slot.check(&word, position)?;
            (self.connection, self.position) = (Some(connection), position);
        }
    }
}

impl Slot {
    /// What markers call it.
    fn name(&self) -> String {
        format!("{}/{}", self.app_id, self.target.stream)
    }

    /// A call of a script, with the arguments that all have.
    fn script(&self, text: &str, keys: &[&str]) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(text).arg(keys.len()).arg(keys);
        command.arg(self.name()).arg(self.generation);
        command
    }

    fn delivery(&self, known: Position, from: Position, messages: &[Logged<'_>]) -> Cmd {
        let target = &self.target;
        let mut command = self.script(script::DELIVER, &[&target.marker_key(), &target.key]);
        command.arg(known.epoch).arg(known.count);
        command.arg(from.epoch).arg(from.count);
        command.arg(target.structure.name());
        command.arg(
            target
                .max_length
                .map(|length| length.to_string())
                .unwrap_or_default(),
        );
        for message in messages {
            let parts = match (message.key, message.value) {
                (Some(_), Some(_)) => "kv",
                (Some(_), None) => "k",
                (None, _) => "v",
            };
            command.arg(parts);
            command
                .arg(message.key.unwrap_or_default())
                .arg(message.value.unwrap_or_default());
        }
        command
    }

    fn ask(&self, command: &Cmd, connection: &mut Connection) -> Result<(String, Position)> {
        let (word, epoch, count) = command
            .query(connection)
            .map_err(|error| self.target.failed(error))?;
        Ok((word, Position { epoch, count }))
    }

    /// The error for a script that did nothing.
    fn check(&self, word: &str, found: Position) -> Result<()> {
        let target = &self.target;
        let failure = |message| Err(target.failure(ErrorKind::Runtime, message));
        match word {
            "ok" => Ok(()),
            "taken" => failure(format!(
                "another run of the same app writes `{}` now",
                target.stream
            )),
            "lost" => failure(format!(
                "Redis has lost what it had acknowledged: it knows {} rows of checkpoint {} and no later ones",
                found.count, found.epoch
            )),
            "damaged" => failure(format!(
                "the marker `{}` in `{}` is damaged, or of a later version",
                self.name(),
                target.marker_key()
            )),
            word => Err(Error::Bug(format!("a script answered `{word}`"))),
        }
    }
}

/// How many messages go in one call.
fn chunk_length(messages: &[Logged<'_>]) -> usize {
    let bytes = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    let mut byte_count = 0;
    let fitting = messages.iter().take(CHUNK_MESSAGES_MAX).take_while(|message| {
        byte_count += bytes(message.key) + bytes(message.value);
        byte_count <= CHUNK_BYTES_MAX
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(value: &[u8]) -> Logged<'_> {
        Logged {
            key: None,
            value: Some(value),
            time_ms: None,
        }
    }

    #[test]
    fn a_chunk_is_bounded_in_rows_and_bytes() {
        let (small, half, large) = (
            vec![0; 1],
            vec![0; CHUNK_BYTES_MAX / 2],
            vec![0; CHUNK_BYTES_MAX + 1],
        );
        let length = |values: &[&Vec<u8>]| {
            let messages: Vec<_> = values.iter().map(|value| message(value)).collect();
            chunk_length(&messages)
        };
        assert_eq!(length(&[&small; 999]), 999);
        assert_eq!(length(&[&small; 1_001]), 1_000);
        assert_eq!(length(&[&half, &half, &small]), 2);
        assert_eq!(length(&[&large, &small]), 1);
        assert_eq!(length(&[&small, &large]), 1);
    }
}
