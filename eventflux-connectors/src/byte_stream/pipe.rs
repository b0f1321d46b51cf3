//! A reader that may wait, on a thread of its own, so that the loop never does.

use std::io::{self, Read};
use std::thread;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::CHUNK_BYTES;
use super::byte_input::Fill;

/// Chunks that may be waiting to be taken; together with their size this bounds the memory.
const CHUNKS_MAX: usize = 4;

/// Bytes read by a thread of its own. The thread ends when the input ends, or at the first chunk after the pipe is dropped.
pub struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    /// Bytes of `chunk` that are taken.
    taken: usize,
    has_ended: bool,
}

impl Pipe {
    /// Starts the thread; `open` is called on it, since opening a named pipe waits for its writer.
    ///
    /// **Errors** There can be no more threads.
    pub fn start<R: Read>(
        name: &str,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
        thread::Builder::new()
            .name(format!("read {name}"))
            .spawn(move || match open() {
                Ok(reader) => read_all(reader, &sender),
                // Nobody waits for the error any more if it cannot be sent.
                Err(error) => drop(sender.blocking_send(Err(error))),
            })?;
        Ok(Self {
            chunks,
            chunk: Vec::new(),
            taken: 0,
            has_ended: false,
        })
    }

    pub(super) fn try_read(&mut self, space: &mut [u8]) -> io::Result<Fill> {
        if self.is_empty() && !self.has_ended {
            match self.chunks.try_recv() {
                Ok(chunk) => self.put(chunk)?,
                Err(mpsc::error::TryRecvError::Empty) => return Ok(Fill::Pending),
                Err(mpsc::error::TryRecvError::Disconnected) => self.has_ended = true,
            }
        }
        let rest = &self.chunk[self.taken..];
        let byte_count = rest.len().min(space.len());
        space[..byte_count].copy_from_slice(&rest[..byte_count]);
        self.taken += byte_count;
        Ok(Fill::Bytes(byte_count))
    }

    pub(super) async fn wait(&mut self) -> io::Result<()> {
        if self.is_empty() && !self.has_ended {
            match self.chunks.recv().await {
                Some(chunk) => self.put(chunk)?,
                None => self.has_ended = true,
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.taken == self.chunk.len()
    }

    fn put(&mut self, chunk: io::Result<Vec<u8>>) -> io::Result<()> {
        self.chunk = chunk?;
        self.taken = 0;
        Ok(())
    }
}

fn read_all(mut reader: impl Read, chunks: &Sender<io::Result<Vec<u8>>>) {
    let mut space = vec![0; CHUNK_BYTES];
    loop {
        let chunk = match reader.read(&mut space) {
            Ok(0) => return,
            Ok(byte_count) => Ok(space[..byte_count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let has_failed = chunk.is_err();
        if chunks.blocking_send(chunk).is_err() || has_failed {
            return;
        }
    }
}
