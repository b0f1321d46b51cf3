//! The sink with checkpoints: an output log in each checkpoint, delivered by a script once the checkpoint is durable.

use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    CommitContext, CommitNote, Encode, ExactlyOncePlan, Messages, PreCommit, SinkCommitter, SinkContext,
    StagingSink,
};
use eventflux_core::{Error, Result};

use super::delivery::{Session, Slot};
use super::sink::RedisSinkPlan;
use super::target::Target;
use crate::connector::output_log::OutputLog;

impl ExactlyOncePlan for RedisSinkPlan {
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>> {
        let slot = Slot {
            target: self.target.clone(),
            app_id: context.app_id.clone(),
            generation: context.generation,
        };
        Ok(Box::new(RedisCommitter {
            session: Some(Session::open(slot, context.restored_epoch)?),
        }))
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn StagingSink>> {
        Ok(Box::new(RedisStagingSink {
            target: self.target.clone(),
            encoder: (self.encoder)(),
            messages: Messages::default(),
            log: OutputLog::default(),
        }))
    }
}

/// Delivers the logs of all subtasks. Calls block, so they have a thread of their own.
struct RedisCommitter {
    /// Absent while a delivery is under way.
    session: Option<Session>,
}

#[async_trait]
impl SinkCommitter for RedisCommitter {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        let notes = notes.to_vec();
        let Some(mut session) = self.session.take() else {
            return Err(Error::Bug(
                "a delivery was given up while it was under way".to_owned(),
            ));
        };
        let deliver = move || {
            let result = session.deliver(&notes);
            (session, result)
        };
        let delivered = tokio::task::spawn_blocking(deliver).await;
        let (session, result) =
            delivered.map_err(|error| Error::Bug(format!("a delivery did not end: {error}")))?;
        self.session = Some(session);
        result
    }
}

/// One subtask, which writes nothing.
struct RedisStagingSink {
    target: Target,
    encoder: Box<dyn Encode>,
    messages: Messages,
    log: OutputLog,
}

#[async_trait]
impl StagingSink for RedisStagingSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        self.messages.clear();
        self.encoder.encode_messages(batch, &mut self.messages)?;
        for message in self.messages.iter() {
            self.log.push(self.target.log_owner(), message, None)?;
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
