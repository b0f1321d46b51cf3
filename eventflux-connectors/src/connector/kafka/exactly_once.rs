//! The sink with checkpoints: an output log in each checkpoint, delivered in a transaction once the checkpoint is durable.

use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    CommitContext, CommitNote, Encode, ExactlyOncePlan, Messages, PreCommit, SinkCommitter, SinkContext,
    StagingSink,
};
use eventflux_core::{Error, ErrorKind, Result};

use super::client::{failure, log_owner};
use super::sink::KafkaSinkPlan;
use super::sink_options::MessageTime;
use super::transaction::{Session, Slot};
use crate::connector::output_log::OutputLog;

impl ExactlyOncePlan for KafkaSinkPlan {
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>> {
        let slot = Slot {
            target: self.target.clone(),
            app_id: context.app_id.clone(),
            generation: context.generation,
        };
        let session = Session::open(&slot)?;
        let restored = context.restored_epoch.unwrap_or(0);
        if let Some(marker) = session.marker
            && marker.epoch > restored
        {
            let from = match context.restored_epoch {
                Some(epoch) => format!("goes on from checkpoint {epoch}"),
                None => "begins anew".to_owned(),
            };
            let message = format!(
                "it holds the rows of checkpoint {}, and this run {from}: they would come twice",
                marker.epoch
            );
            return Err(failure(&self.target.topic, ErrorKind::Input, message));
        }
        Ok(Box::new(KafkaCommitter {
            slot,
            session: Some(session),
        }))
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn StagingSink>> {
        Ok(Box::new(KafkaStagingSink {
            topic: self.target.topic.clone(),
            timestamp: self.timestamp,
            encoder: (self.encoder)(),
            messages: Messages::default(),
            log: OutputLog::default(),
        }))
    }
}

/// Delivers the logs of all subtasks. Calls of transactions block, so they have a thread of their own.
struct KafkaCommitter {
    slot: Slot,
    /// Absent after a failure.
    session: Option<Session>,
}

#[async_trait]
impl SinkCommitter for KafkaCommitter {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        let (slot, session, notes) = (self.slot.clone(), self.session.take(), notes.to_vec());
        let deliver = move || {
            let mut session = match session {
                Some(session) => session,
                None => Session::open(&slot)?,
            };
            session.deliver(&slot, &notes).map(|()| session)
        };
        let delivered = tokio::task::spawn_blocking(deliver).await;
        let session = delivered.map_err(|error| Error::Bug(format!("a delivery did not end: {error}")))??;
        self.session = Some(session);
        Ok(())
    }
}

/// One subtask, which writes nothing.
struct KafkaStagingSink {
    topic: String,
    timestamp: MessageTime,
    encoder: Box<dyn Encode>,
    messages: Messages,
    log: OutputLog,
}

#[async_trait]
impl StagingSink for KafkaStagingSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        self.messages.clear();
        self.encoder.encode_messages(batch, &mut self.messages)?;
        for message in self.messages.iter() {
            let time_ms = self.timestamp.of(batch, message.row);
            self.log.push(log_owner(&self.topic), message, time_ms)?;
        }
        Ok(())
    }

    async fn pre_commit(&mut self, _epoch: u64) -> Result<PreCommit> {
        Ok(self.log.take().into())
    }

    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
