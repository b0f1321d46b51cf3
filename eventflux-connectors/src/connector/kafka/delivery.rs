//! What becomes of the messages that were handed to librdkafka.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use tokio::sync::Notify;

use super::client::Reports;

/// Counts messages on their way, and keeps the first failure. Called on the thread that polls the producer.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// What the client tells besides.
    pub reports: std::sync::Arc<Reports>,
    on_their_way: AtomicU64,
    failure: Mutex<Option<KafkaError>>,
    progress: Notify,
}

impl Deliveries {
    /// A message is handed over.
    pub fn begin(&self) {
        self.on_their_way.fetch_add(1, Ordering::AcqRel);
    }

    /// It was not taken after all.
    pub fn cancel(&self) {
        self.on_their_way.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether all have arrived or failed.
    pub fn is_done(&self) -> bool {
        self.on_their_way.load(Ordering::Acquire) == 0
    }

    /// The first failure.
    pub fn failure(&self) -> Option<KafkaError> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until another message has arrived or failed; at once, if one has since the last call.
    pub async fn progress(&self) {
        self.progress.notified().await;
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.reports.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| error.clone());
        }
        self.on_their_way.fetch_sub(1, Ordering::AcqRel);
        self.progress.notify_one();
    }
}
