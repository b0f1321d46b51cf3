//! One file that is followed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use eventflux_core::Result;
use eventflux_core::connector::Decode;
use eventflux_core::operator::BadRow;

use super::bookmark::{Bookmark, HEAD_BYTES};
use super::identity::{Identity, read_at};
use crate::byte_stream::{RecordReader, io_failed};

/// A followed file.
///
/// ```text
///   reading ── no more bytes ──> waiting ── bytes come ──> reading
///                                   │
///                                   ├─ its content was replaced ──> the old content ends, reading from 0
///                                   └─ close() ──> the content ends, closed
/// ```
///
/// **Invariants** The last record is decoded only when its end has come, or the content has ended.
pub struct Tail {
    path: PathBuf,
    name: String,
    file: File,
    identity: Identity,
    reader: RecordReader,
    /// Where the next bytes are read.
    read_offset: u64,
    /// The first bytes of the content.
    head: Vec<u8>,
    is_waiting: bool,
    is_closing: bool,
    /// When bytes last came, microseconds.
    quiet_since_us: i64,
}

impl Tail {
    /// Opens a file and goes on at an offset. `None`: it is not there any more, or no regular file.
    pub fn open(path: &Path, decoder: Box<dyn Decode>, offset: u64, now_us: i64) -> Result<Option<Self>> {
        let name = path.display().to_string();
        let mut head = vec![0; HEAD_BYTES];
        let opened = File::open(path).and_then(|file| {
            let metadata = file.metadata()?;
            let byte_count = if metadata.is_file() {
                read_at(&file, &mut head, 0)?
            } else {
                0
            };
            Ok((file, metadata, byte_count))
        });
        let (file, metadata) = match opened {
            Ok((file, metadata, byte_count)) if metadata.is_file() => {
                head.truncate(byte_count);
                (file, metadata)
            }
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_failed("file", &name, error)),
        };
        Ok(Some(Self {
            path: path.to_owned(),
            name,
            file,
            identity: Identity::of(&metadata),
            reader: RecordReader::new(decoder, offset),
            read_offset: 0,
            head,
            is_waiting: false,
            is_closing: false,
            quiet_since_us: now_us,
        }))
    }

    /// The name under which it was found.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which file it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Where it is left.
    pub fn bookmark(&self) -> Bookmark {
        let offset = self.reader.offset();
        let head_hash = Bookmark::hash(&self.head, offset);
        Bookmark {
            path: self.path.clone(),
            identity: self.identity,
            offset,
            head_hash,
        }
    }

    /// Since when it waits for bytes; `None` while there are some.
    pub fn waiting_since_us(&self) -> Option<i64> {
        self.is_waiting.then_some(self.quiet_since_us)
    }

    /// Nobody writes to it any more: what is there is all.
    pub fn close(&mut self) {
        self.is_closing = true;
        self.reader.finish();
    }

    /// Whether it was closed and all of it has been handed on.
    pub fn is_closed(&self) -> bool {
        self.is_closing && self.reader.has_ended()
    }

    /// The next rows; `None`: there are none for now.
    pub fn next(&mut self, rows_max: usize, now_us: i64) -> Result<Option<(RecordBatch, Vec<BadRow>)>> {
        loop {
            if self.reader.decode(rows_max)? {
                return self.take();
            }
            if self.is_closing {
                return self.take();
            }
            if self.reader.has_ended() {
                // The content that was replaced has been decoded.
                let rows = self.take()?;
                self.reader.restart(0);
                self.read_offset = 0;
                self.head.clear();
                if rows.is_some() {
                    return Ok(rows);
                }
            }
            self.read_offset += self.reader.take_skip();
            match self.read(now_us) {
                Ok(true) => {}
                Ok(false) => return self.take(),
                Err(error) => return Err(io_failed("file", &self.name, error)),
            }
        }
    }

    /// Reads more bytes, or sees that the content was replaced; `false` if there is nothing.
    fn read(&mut self, now_us: i64) -> io::Result<bool> {
        if self.is_waiting && self.is_replaced()? {
            tracing::warn!(
                file = self.name,
                offset = self.read_offset,
                "the file was truncated and is read from its beginning"
            );
            self.is_waiting = false;
            self.reader.finish();
            return Ok(true);
        }
        let space = self.reader.space();
        let byte_count = read_at(&self.file, space, self.read_offset)?;
        if self.read_offset < HEAD_BYTES as u64 {
            // What goes on where the known head ends.
            let known = self.head.len().saturating_sub(self.read_offset as usize);
            let room = HEAD_BYTES - self.head.len();
            self.head
                .extend(space[..byte_count].iter().skip(known).take(room));
        }
        self.reader.advance(byte_count);
        self.read_offset += byte_count as u64;
        self.is_waiting = byte_count == 0;
        if byte_count > 0 {
            self.quiet_since_us = now_us;
        }
        Ok(byte_count > 0)
    }

    /// Whether what was read is not what is there: the file is shorter, or it has grown and begins with other bytes.
    fn is_replaced(&self) -> io::Result<bool> {
        let byte_count = self.file.metadata()?.len();
        if byte_count <= self.read_offset || self.head.is_empty() {
            return Ok(byte_count < self.read_offset);
        }
        let mut head = [0; HEAD_BYTES];
        let head = &mut head[..self.head.len()];
        let read = read_at(&self.file, head, 0)?;
        Ok(head[..read] != self.head[..])
    }

    fn take(&mut self) -> Result<Option<(RecordBatch, Vec<BadRow>)>> {
        let Some((rows, mut bad)) = self.reader.take()? else {
            return Ok(None);
        };
        for row in &mut bad {
            row.partition = Some(self.name.clone());
        }
        Ok(Some((rows, bad)))
    }
}

/// The offset after the last line break: where a reader begins that wants only what comes.
pub fn end_of_records(file: &File) -> io::Result<u64> {
    let byte_count = file.metadata()?.len();
    let mut space = vec![0; 64 << 10];
    let from = byte_count.saturating_sub(space.len() as u64);
    let read = read_at(file, &mut space, from)?;
    Ok(match memchr::memrchr(b'\n', &space[..read]) {
        Some(index) => from + index as u64 + 1,
        None => from,
    })
}
