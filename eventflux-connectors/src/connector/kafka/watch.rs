//! Whether the brokers answer, told while they do not.
//!
//! librdkafka says when it has lost a broker, not when it has one again: so once it has lost one, the brokers are asked
//! until one answers.

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::runtime::TroubleReport;
use rdkafka::error::KafkaResult;
use tokio::task::AbortHandle;

use super::client::Reports;

/// How long one question waits for its answer.
const ATTEMPT: Duration = Duration::from_secs(2);

/// How long to wait before the next question.
const PAUSE: Duration = Duration::from_secs(1);

/// A task that watches, for as long as this lives.
pub struct Watch(AbortHandle);

impl Watch {
    /// Starts the task. `ask` waits so long at the most for an answer of any broker; `None`: the client is gone.
    pub fn start(
        tokio: &tokio::runtime::Handle,
        reports: Arc<Reports>,
        trouble: TroubleReport,
        ask: impl Fn(Duration) -> Option<KafkaResult<()>> + Send + Sync + 'static,
    ) -> Self {
        let ask = Arc::new(ask);
        let task = tokio.spawn(async move {
            loop {
                reports.lost().await;
                loop {
                    let ask = Arc::clone(&ask);
                    // Asking blocks; the client is dropped where that may block too.
                    let answer = tokio::task::spawn_blocking(move || ask(ATTEMPT)).await;
                    match answer {
                        Ok(Some(Ok(()))) => break,
                        Ok(Some(Err(_))) => trouble.begin(format!("no broker answers: {}", reports.last())),
                        Ok(None) | Err(_) => return,
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                trouble.end();
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
