//! Where the rows of an output stream leave to: callbacks and row streams.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;

use super::OutputStream;
use crate::batch::EventBatch;
use crate::element::StreamElement;
use crate::error::Result;
use crate::runtime::edge::Mailbox;
use crate::runtime::task::{Drive, Task};

/// An output stream of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outlet {
    stream: Arc<str>,
    schema: SchemaRef,
    readers: Arc<Mutex<Readers>>,
    /// Held by the loop that delivers: several queries may insert into one stream.
    delivery: Arc<Mutex<()>>,
}

/// The list is replaced, never changed, so that nothing is locked while a loop waits for a reader.
#[derive(Debug, Default)]
struct Readers {
    list: Arc<Vec<Arc<Reader>>>,
    has_ended: bool,
}

type Callback = Box<dyn FnMut(&EventBatch) + Send>;

enum Reader {
    Callback(Mutex<Callback>),
    Stream(Arc<Mailbox>),
}

impl Outlet {
    pub(crate) fn new(stream: &str, schema: SchemaRef) -> Self {
        Self {
            stream: stream.into(),
            schema,
            readers: Arc::default(),
            delivery: Arc::default(),
        }
    }

    /// The stream's name.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The stream's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether anybody reads it now.
    pub fn has_readers(&self) -> bool {
        !lock(&self.readers).list.is_empty()
    }

    /// Calls a function with every batch from now on. The loop waits for it: it should be quick.
    pub fn add_callback(&self, callback: impl FnMut(&EventBatch) + Send + 'static) {
        self.add(Reader::Callback(Mutex::new(Box::new(callback))));
    }

    /// Every batch from now on, to be read at leisure; when the reader is this many bytes behind, the loop waits.
    pub fn open_stream(&self, bytes_max: usize) -> OutputStream {
        let mailbox = Arc::new(Mailbox::new(1, bytes_max));
        self.add(Reader::Stream(Arc::clone(&mailbox)));
        OutputStream::new(mailbox)
    }

    /// Gives a batch to all readers.
    pub(crate) fn deliver(&self, batch: &EventBatch, task: &Task) -> Result<()> {
        let _delivery = lock(&self.delivery);
        let readers = Arc::clone(&lock(&self.readers).list);
        let mut is_any_gone = false;
        for reader in readers.iter() {
            match reader.as_ref() {
                Reader::Callback(callback) => lock(callback)(batch),
                Reader::Stream(mailbox) => {
                    let bytes = batch.memory_bytes();
                    if matches!(task.drive, Drive::Threads(_)) {
                        task.wait_downstream(poll_fn(|context| mailbox.poll_credit(0, bytes, context)))?;
                    }
                    mailbox.push(0, StreamElement::Batch(batch.clone()), bytes);
                    is_any_gone |= mailbox.is_closed();
                }
            }
        }
        if is_any_gone {
            self.change(|list| list.retain(|reader| !reader.is_gone()));
        }
        Ok(())
    }

    /// No more rows will come: row streams end.
    pub(crate) fn end(&self) {
        let readers = {
            let mut readers = lock(&self.readers);
            readers.has_ended = true;
            std::mem::take(&mut readers.list)
        };
        readers.iter().for_each(|reader| reader.end());
    }

    fn add(&self, reader: Reader) {
        let reader = Arc::new(reader);
        self.change(|list| list.push(Arc::clone(&reader)));
        if lock(&self.readers).has_ended {
            reader.end();
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Reader>>)) {
        let mut readers = lock(&self.readers);
        let mut list = readers.list.as_ref().clone();
        change(&mut list);
        readers.list = Arc::new(list);
    }
}

impl Reader {
    fn is_gone(&self) -> bool {
        matches!(self, Reader::Stream(mailbox) if mailbox.is_closed())
    }

    fn end(&self) {
        if let Reader::Stream(mailbox) = self {
            mailbox.push(0, StreamElement::EndOfInput, 0);
        }
    }
}

/// A callback that panicked ends the run; what it left behind is not used again.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reader::Callback(_) => "callback",
            Reader::Stream(_) => "row stream",
        })
    }
}
