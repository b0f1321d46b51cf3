//! The sink with checkpoints: bodies in each checkpoint, sent once it is durable, each with a key of its own.

use async_trait::async_trait;
use bytes::Bytes;
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    CommitContext, CommitNote, ExactlyOncePlan, Message, PreCommit, SinkCommitter, SinkContext, StagingSink,
};

use super::endpoint::Poster;
use super::rows::Body;
use super::sink::HttpSinkPlan;
use crate::connector::output_log::{self, LogOwner, OutputLog};

impl ExactlyOncePlan for HttpSinkPlan {
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>> {
        let endpoint = self.endpoint()?;
        Ok(Box::new(HttpCommitter {
            name: endpoint.name.clone(),
            sink: format!("{}/{}", context.app_id, self.stream),
            poster: Poster::new(endpoint, context.clock.clone())?,
            next: Place::default(),
        }))
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn StagingSink>> {
        Ok(Box::new(HttpStagingSink {
            name: self.endpoint()?.name,
            body: self.body(),
            log: OutputLog::default(),
        }))
    }
}

fn owner(name: &str) -> LogOwner<'_> {
    LogOwner {
        connector: "http",
        object: name,
    }
}

/// Which body: they are sent in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    epoch: u64,
    subtask: usize,
    number: usize,
}

/// Sends the bodies of all subtasks.
struct HttpCommitter {
    /// The endpoint's.
    name: String,
    /// What keys begin with.
    sink: String,
    poster: Poster,
    /// All before it have been taken, as far as this process knows.
    next: Place,
}

#[async_trait]
impl SinkCommitter for HttpCommitter {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        // Everything is read before anything is sent, so that damage leaves no half of it outside.
        let mut bodies = Vec::new();
        for note in notes {
            let logged = output_log::read(owner(&self.name), note)?;
            for (number, body) in logged.into_iter().enumerate() {
                let place = Place {
                    epoch: note.epoch,
                    subtask: note.subtask,
                    number,
                };
                bodies.push((place, note.note.slice_ref(body.value.unwrap_or_default())));
            }
        }
        for (place, body) in bodies {
            if place < self.next {
                continue;
            }
            let Place {
                epoch,
                subtask,
                number,
            } = place;
            let key = format!("{}/{epoch}/{subtask}/{number}", self.sink);
            self.poster.post(&body, Some(&key)).await?;
            self.next = Place {
                number: number + 1,
                ..place
            };
        }
        Ok(())
    }
}

/// One subtask, which sends nothing.
struct HttpStagingSink {
    name: String,
    body: Body,
    log: OutputLog,
}

impl HttpStagingSink {
    fn end_body(&mut self) -> Result<()> {
        let Some(body) = self.body.end() else {
            return Ok(());
        };
        let message = Message {
            row: 0,
            key: None,
            value: Some(&body),
        };
        self.log.push(owner(&self.name), message, None)
    }
}

#[async_trait]
impl StagingSink for HttpStagingSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        let mut first = 0;
        while first < batch.num_rows() {
            first += self.body.take_in(batch, first)?;
            if self.body.is_full() {
                self.end_body()?;
            }
        }
        Ok(())
    }

    async fn pre_commit(&mut self, _epoch: u64) -> Result<PreCommit> {
        self.end_body()?;
        let note: Bytes = self.log.take();
        Ok(note.into())
    }

    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
