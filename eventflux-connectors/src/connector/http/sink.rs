//! The sink. Without checkpoints bodies are sent as they come.

use async_trait::async_trait;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    ChosenEncoder, EncoderMaker, ExactlyOncePlan, OptionError, Sink, SinkContext, SinkInput, SinkPlan,
    SinkPromise,
};
use eventflux_core::{Error, Result};

use super::endpoint::{Endpoint, Poster};
use super::rows::Body;
use super::sink_options::HttpSinkOptions;

/// The sink with its options parsed.
pub struct HttpSinkPlan {
    /// The stream or table whose rows it takes.
    pub stream: String,
    /// Where they are sent; absent while options are unknown.
    endpoint: Option<Endpoint>,
    encoder: EncoderMaker,
    input: SinkInput,
    rows_max: usize,
}

impl HttpSinkPlan {
    /// A plan for the rows of a stream.
    ///
    /// **Errors** Options that cannot be used.
    pub fn new(
        stream: &str,
        options: HttpSinkOptions,
        encoder: ChosenEncoder,
        content_type: &'static str,
        is_resolved: bool,
    ) -> Result<Self, OptionError> {
        if is_resolved && options.batch_rows == 0 {
            return Err(OptionError::new("batch.rows", "has to be 1 at least"));
        }
        let endpoint = is_resolved.then(|| Endpoint::new(&options, content_type));
        Ok(Self {
            stream: stream.to_owned(),
            endpoint: endpoint.transpose()?,
            encoder: encoder.maker,
            input: encoder.input,
            rows_max: usize::try_from(options.batch_rows).unwrap_or(usize::MAX),
        })
    }

    /// Where rows are sent.
    pub fn endpoint(&self) -> Result<Endpoint> {
        let unknown = || Error::Bug(format!("`{}` runs with options that are not known", self.stream));
        self.endpoint.clone().ok_or_else(unknown)
    }

    /// An empty body.
    pub fn body(&self) -> Body {
        Body::new((self.encoder)(), self.rows_max)
    }
}

impl SinkPlan for HttpSinkPlan {
    fn input(&self) -> SinkInput {
        self.input
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn Sink>> {
        Ok(Box::new(HttpSink {
            poster: Poster::new(self.endpoint()?, context.clock.clone())?,
            body: self.body(),
        }))
    }

    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        Some(self)
    }

    fn promise(&self) -> SinkPromise {
        SinkPromise::KeyedAtLeastOnce
    }
}

/// One subtask.
struct HttpSink {
    poster: Poster,
    body: Body,
}

#[async_trait]
impl Sink for HttpSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        let mut first = 0;
        while first < batch.num_rows() {
            first += self.body.take_in(batch, first)?;
            if self.body.is_full() {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        match self.body.end() {
            Some(body) => self.poster.post(&body, None).await,
            None => Ok(()),
        }
    }

    async fn close(&mut self) -> Result<()> {
        self.flush().await
    }
}
