//! Where bytes come from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::pipe::Pipe;

/// Bytes that are at hand at once (a regular file), or come when they come (a pipe).
pub enum ByteInput {
    /// Reading does not wait for anybody else.
    AtHand(Box<dyn SkipRead>),
    /// Reading may wait.
    Piped(Pipe),
}

/// What came of an attempt to read.
pub enum Fill {
    /// So many bytes; 0 is the end.
    Bytes(usize),
    /// Nothing is there yet: [`ByteInput::wait`].
    Pending,
}

/// A reader that can leave bytes out.
pub trait SkipRead: Read + Send {
    /// Leaves out the next bytes; fewer, if the stream ends before.
    fn skip(&mut self, byte_count: u64) -> io::Result<()>;
}

impl SkipRead for File {
    fn skip(&mut self, byte_count: u64) -> io::Result<()> {
        let at = self.stream_position()?;
        self.seek(SeekFrom::Start(at.saturating_add(byte_count)))
            .map(drop)
    }
}

impl ByteInput {
    /// Reads what is there.
    pub fn try_read(&mut self, space: &mut [u8]) -> io::Result<Fill> {
        match self {
            ByteInput::AtHand(reader) => loop {
                match reader.read(space) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result.map(Fill::Bytes),
                }
            },
            ByteInput::Piped(pipe) => pipe.try_read(space),
        }
    }

    /// Leaves out the next bytes.
    pub fn skip(&mut self, byte_count: u64) -> io::Result<()> {
        match self {
            ByteInput::AtHand(reader) => reader.skip(byte_count),
            ByteInput::Piped(_) => Err(io::Error::new(
                io::ErrorKind::NotSeekable,
                "a pipe cannot be resumed",
            )),
        }
    }

    /// Waits until there is something to read. Cancel-safe.
    pub async fn wait(&mut self) -> io::Result<()> {
        match self {
            ByteInput::AtHand(_) => Ok(()),
            ByteInput::Piped(pipe) => pipe.wait().await,
        }
    }
}
