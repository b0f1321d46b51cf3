//! What sinks need to make an epoch visible.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::object_name::NOTES;
use super::serial::base64_bytes;
use crate::connector::CommitNote;
use crate::error::{Error, Result};
use crate::state::checksum::is_intact;
use crate::state::store::CheckpointStore;

/// What one sink subtask pre-committed in one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkNote {
    /// The sink.
    pub operator_id: String,
    /// Which copy of it, from 0.
    pub subtask: u32,
    /// The epoch.
    pub epoch: u64,
    /// The connector's own encoding.
    pub content: NoteContent,
}

/// Where a note is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NoteContent {
    /// In the manifest.
    #[serde(with = "base64_bytes")]
    Inline(Bytes),
    /// In an object of its own.
    Object {
        /// Its name.
        name: String,
        /// Its size.
        size_bytes: u64,
        /// Its checksum.
        crc32c: u32,
    },
}

/// Notes up to this size are kept in the manifest.
const INLINE_BYTES_MAX: usize = 1024;

impl SinkNote {
    /// The note for a manifest; a large one is stored first, under a name that no other content has.
    pub async fn store(
        store: &dyn CheckpointStore,
        generation: u64,
        operator_id: &str,
        note: &CommitNote,
    ) -> Result<Self> {
        let content = if note.note.len() <= INLINE_BYTES_MAX {
            NoteContent::Inline(note.note.clone())
        } else {
            let (epoch, subtask, hash) = (note.epoch, note.subtask, xxh3_128(&note.note));
            let sink = xxh3_128(operator_id.as_bytes()) as u64;
            let name = format!("{NOTES}{epoch:020}-{generation:010}-{sink:016x}-{subtask}-{hash:032x}.note");
            let object = NoteContent::Object {
                name: name.clone(),
                size_bytes: note.note.len() as u64,
                crc32c: crc32c::crc32c(&note.note),
            };
            store.put_if_absent(&name, note.note.clone().into()).await?;
            object
        };
        Ok(Self {
            operator_id: operator_id.to_owned(),
            subtask: u32::try_from(note.subtask)
                .map_err(|_| Error::Bug(format!("{operator_id} has a subtask {}", note.subtask)))?,
            epoch: note.epoch,
            content,
        })
    }

    /// The note as its sink wrote it.
    pub async fn load(&self, store: &dyn CheckpointStore) -> Result<CommitNote> {
        let note = match &self.content {
            NoteContent::Inline(note) => note.clone(),
            NoteContent::Object {
                name,
                size_bytes,
                crc32c,
            } => {
                let bytes = store
                    .get(name)
                    .await?
                    .ok_or_else(|| Error::damaged(name, format!("it is missing in {store}")))?;
                if bytes.len() as u64 != *size_bytes {
                    let message = format!("it has {} bytes in place of {size_bytes}", bytes.len());
                    return Err(Error::damaged(name, message));
                }
                if !is_intact(&bytes, *crc32c) {
                    return Err(Error::damaged(name, "its checksum does not fit"));
                }
                bytes
            }
        };
        Ok(CommitNote {
            epoch: self.epoch,
            subtask: self.subtask as usize,
            note,
        })
    }

    /// The object that it is in, if it is in one.
    pub fn object_name(&self) -> Option<&str> {
        match &self.content {
            NoteContent::Inline(_) => None,
            NoteContent::Object { name, .. } => Some(name),
        }
    }
}
