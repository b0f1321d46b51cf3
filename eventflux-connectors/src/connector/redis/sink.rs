//! The sink. Without checkpoints rows are sent a pipeline at a time, at least once.

use ::redis::{Connection, Pipeline};
use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    ChosenEncoder, Encode, EncoderMaker, ExactlyOncePlan, Messages, OptionError, Sink, SinkContext,
    SinkInput, SinkPlan,
};
use eventflux_core::{Error, Result};

use super::sink_options::RedisSinkOptions;
use super::target::Target;
use crate::connector::promise::Delivery;

/// Commands that wait for a flush, at the most.
const PIPELINE_COMMANDS_MAX: usize = 1_000;

/// Bytes that wait for a flush, about.
const PIPELINE_BYTES_MAX: usize = 1 << 20;

/// The sink with its options parsed.
pub struct RedisSinkPlan {
    /// Where it writes.
    pub target: Target,
    /// What makes encoders.
    pub encoder: EncoderMaker,
    input: SinkInput,
    delivery: Option<Delivery>,
}

impl RedisSinkPlan {
    /// A plan for the rows of a stream.
    ///
    /// **Errors** Options that cannot be used.
    pub fn new(
        stream: &str,
        options: RedisSinkOptions,
        encoder: ChosenEncoder,
        is_resolved: bool,
    ) -> Result<Self, OptionError> {
        let target = Target {
            stream: stream.to_owned(),
            key: options.key,
            structure: options.structure,
            max_length: options.max_length,
            connect_timeout: options.connect_timeout,
            url: options.url,
        };
        if is_resolved {
            target.check()?;
        }
        Ok(Self {
            target,
            encoder: encoder.maker,
            input: encoder.input,
            delivery: options.delivery,
        })
    }
}

impl SinkPlan for RedisSinkPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn Sink>> {
        let target = self.target.clone();
        Delivery::check_without_checkpoints(self.delivery, &self.target.stream)?;
        let connection = target.insist(|| target.open())?;
        Ok(Box::new(RedisSink {
            encoder: (self.encoder)(),
            messages: Messages::default(),
            outbox: Outbox {
                target,
                connection: Some(connection),
                pipeline: Pipeline::new(),
                byte_count: 0,
            },
        }))
    }

    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        Delivery::is_exactly_once(self.delivery).then_some(self as &dyn ExactlyOncePlan)
    }
}

/// What waits to be sent.
struct Outbox {
    target: Target,
    /// Absent after a failure.
    connection: Option<Connection>,
    pipeline: Pipeline,
    byte_count: usize,
}

impl Outbox {
    fn is_full(&self) -> bool {
        self.pipeline.len() >= PIPELINE_COMMANDS_MAX || self.byte_count >= PIPELINE_BYTES_MAX
    }

    /// Sends everything and waits for the acknowledgement; calls block, so they have a thread of their own.
    async fn send(&mut self) -> Result<()> {
        if self.pipeline.is_empty() {
            return Ok(());
        }
        let pipeline = std::mem::take(&mut self.pipeline);
        self.byte_count = 0;
        let (target, mut connection) = (self.target.clone(), self.connection.take());
        let send = move || {
            target.insist(|| {
                // A connection that failed is not used again: answers may still be under way.
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => target.connect()?,
                };
                pipeline.exec(&mut open).map_err(|error| target.failed(error))?;
                Ok(open)
            })
        };
        let sent = tokio::task::spawn_blocking(send).await;
        let open = sent.map_err(|error| Error::Bug(format!("sending did not end: {error}")))??;
        self.connection = Some(open);
        Ok(())
    }
}

/// One subtask.
struct RedisSink {
    encoder: Box<dyn Encode>,
    messages: Messages,
    outbox: Outbox,
}

#[async_trait]
impl Sink for RedisSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        let Self {
            encoder,
            messages,
            outbox,
        } = self;
        messages.clear();
        encoder.encode_messages(batch, messages)?;
        for message in messages.iter() {
            outbox.byte_count += message.key.map_or(0, <[u8]>::len) + message.value.map_or(0, <[u8]>::len);
            outbox
                .pipeline
                .add_command(outbox.target.command(message))
                .ignore();
            if outbox.is_full() {
                outbox.send().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.outbox.send().await
    }

    async fn close(&mut self) -> Result<()> {
        self.outbox.send().await
    }
}
