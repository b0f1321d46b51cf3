//! Deliveries: the messages of some checkpoints and their marker in one short transaction.
//!
//! ```text
//! open: fence whoever wrote before ─► read the marker ─► deliver: begin, messages, marker, commit ─► deliver …
//!   ▲                                                       │ failed: nobody knows whether it was committed
//!   └───────────────────────────────────────────────────────┘ the marker will tell
//! ```

use std::time::{Duration, Instant};

use eventflux_core::connector::CommitNote;
use eventflux_core::fail_point::{self, fail_point};
use eventflux_core::{Error, ErrorKind, Result};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::client::{code_text, failed, failure, is_passing, log_owner};
use super::delivery::Deliveries;
use super::marker::{self, Marker};
use super::target::Target;
use crate::connector::output_log::{self, Logged};

/// How long one attempt at a call may last; librdkafka goes on with it when it is made again.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long a transaction is tried before it is given up and begun anew.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait for room.
const ROOM_WAIT: Duration = Duration::from_millis(10);

/// Messages between two looks at what became of those before.
const LOOK_EVERY: usize = 1_000;

/// A sink of an app, whose transactions have one name over all restarts.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Where it writes.
    pub target: Target,
    /// The app.
    pub app_id: String,
    /// The run.
    pub generation: u64,
}

impl Slot {
    /// What markers and transactions call it.
    fn name(&self) -> String {
        format!("eventflux/{}/{}", self.app_id, self.target.stream)
    }
}

/// A producer that has fenced its predecessors, and what they have delivered.
pub struct Session {
    producer: BaseProducer<Deliveries>,
    /// The last delivery.
    pub marker: Option<Marker>,
}

impl Session {
    /// Takes the slot over: whoever had it before can commit nothing any more.
    pub fn open(slot: &Slot) -> Result<Self> {
        let Slot {
            target, generation, ..
        } = slot;
        let name = slot.name();
        let is_new = marker::prepare_topic(target)?;
        let config = target.producer_config(&[("transactional.id", &name)]);
        let producer: KafkaResult<BaseProducer<Deliveries>> =
            config.create_with_context(Deliveries::default());
        let producer = producer.map_err(|error| failed(&target.brokers, &error))?;
        target.check_topic(producer.client(), || producer.poll(Duration::ZERO))?;
        let timeout = target.connect_timeout.max(ATTEMPT);
        insist(target, timeout, |attempt| producer.init_transactions(attempt))?;
        fail_point("kafka.session.fenced", || name.clone())?;
        let marker = if is_new {
            None
        } else {
            marker::read(target, &name)?
        };
        match marker {
            Some(marker) if marker.generation > *generation => Err(fenced(target)),
            _ => Ok(Self { producer, marker }),
        }
    }

    /// Delivers what the marker does not know yet. After an error this session is of no more use.
    pub fn deliver(&mut self, slot: &Slot, notes: &[CommitNote]) -> Result<()> {
        let Slot {
            target, generation, ..
        } = slot;
        let delivered = self.marker.map_or(0, |marker| marker.epoch);
        let new = notes.iter().filter(|note| note.epoch > delivered);
        let mut messages = Vec::new();
        let mut epoch = delivered;
        for note in new {
            messages.extend(output_log::read(log_owner(&target.topic), note)?);
            epoch = epoch.max(note.epoch);
        }
        if messages.is_empty() {
            return Ok(());
        }
        let marker = Marker::new(*generation, epoch, messages.len() as u64);
        let result = self.transact(slot, &messages, marker);
        if result.is_err() {
            // So that readers need not wait until the broker gives it up. What cannot be aborted is fenced by the next session.
            let _ = self.producer.abort_transaction(ATTEMPT);
        }
        result?;
        self.marker = Some(marker);
        Ok(())
    }

    fn transact(&self, slot: &Slot, messages: &[Logged<'_>], marker: Marker) -> Result<()> {
        let target = &slot.target;
        self.producer
            .begin_transaction()
            .map_err(|error| transaction_failed(target, &error))?;
        fail_point("kafka.transaction.begun", || slot.name())?;
        for (index, message) in messages.iter().enumerate() {
            self.send(target, &target.topic, message)?;
            if index % LOOK_EVERY == 0 {
                self.producer.poll(Duration::ZERO);
                self.check_failure(target)?;
            }
        }
        self.reach("kafka.transaction.filled", slot)?;
        let (name, value) = (slot.name(), marker.encode()?);
        let marker = Logged {
            key: Some(name.as_bytes()),
            value: Some(&value),
            time_ms: None,
        };
        self.send(target, &target.control_topic, &marker)?;
        self.reach("kafka.transaction.marked", slot)?;
        let committed = insist(target, TRANSACTION_TIMEOUT, |attempt| {
            self.producer.commit_transaction(attempt)
        });
        committed.map_err(|error| match self.check_failure(target) {
            Err(failure) if failure.kind() != ErrorKind::Environment => failure,
            _ => error,
        })?;
        fail_point("kafka.transaction.committed", || slot.name())
    }

    /// A fail point at which the broker has what was sent. Without fail points nothing is waited for.
    fn reach(&self, name: &str, slot: &Slot) -> Result<()> {
        if fail_point::ARE_BUILT_IN {
            // What has not arrived is no matter here.
            let _ = self.producer.flush(ATTEMPT);
        }
        fail_point(name, || slot.name())
    }

    /// Hands a message over; waits for room.
    fn send(&self, target: &Target, topic: &str, message: &Logged<'_>) -> Result<()> {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic);
        (record.key, record.payload, record.timestamp) = (message.key, message.value, message.time_ms);
        let deliveries = self.producer.context();
        loop {
            deliveries.begin();
            let Err((error, rejected)) = self.producer.send(record) else {
                return Ok(());
            };
            deliveries.cancel();
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(match error {
                    KafkaError::Transaction(_) => transaction_failed(target, &error),
                    error => self.cause(target, topic, &error),
                });
            }
            self.check_failure(target)?;
            self.producer.poll(ROOM_WAIT);
            record = rejected;
        }
    }

    /// The first message that did not arrive, for a reason of its own.
    fn check_failure(&self, target: &Target) -> Result<()> {
        use RDKafkaErrorCode::{PurgeInflight, PurgeQueue};
        match self.producer.context().failure() {
            // It was not sent because the transaction had failed already, which commit or the next message tell.
            Some(error) if matches!(error.rdkafka_error_code(), Some(PurgeInflight | PurgeQueue)) => Ok(()),
            Some(error) => Err(self.cause(target, &target.topic, &error)),
            None => Ok(()),
        }
    }

    /// The error for a message that could not be sent: a successor's fence may show there first.
    fn cause(&self, target: &Target, topic: &str, error: &KafkaError) -> Error {
        use RDKafkaErrorCode::{Fenced, ProducerFenced};
        match self.producer.client().fatal_error() {
            Some((Fenced | ProducerFenced, _)) => fenced(target),
            _ => failed(topic, error),
        }
    }
}

/// Makes a call again until it is done or fails for good.
fn insist(target: &Target, timeout: Duration, call: impl Fn(Duration) -> KafkaResult<()>) -> Result<()> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match call(left.clamp(Duration::from_millis(1), ATTEMPT)) {
            Ok(()) => return Ok(()),
            Err(error) if is_retriable(&error) && Instant::now() < deadline => {}
            Err(error) => return Err(transaction_failed(target, &error)),
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        error => is_passing(error),
    }
}

/// The error for a call of a transaction. All but a successor's fence may pass: the next session begins anew.
fn transaction_failed(target: &Target, error: &KafkaError) -> Error {
    use RDKafkaErrorCode::{
        Fenced, ProducerFenced, TransactionalIdAuthorizationFailed, UnsupportedFeature, UnsupportedVersion,
    };
    match error.rdkafka_error_code() {
        Some(Fenced | ProducerFenced) => fenced(target),
        Some(UnsupportedFeature | UnsupportedVersion | TransactionalIdAuthorizationFailed) => {
            let text = format!("transactions are not possible: {}", code_text(error));
            failure(&target.topic, ErrorKind::Input, text)
        }
        _ => {
            let text = format!("the transaction failed: {}", code_text(error));
            failure(&target.topic, ErrorKind::Environment, text)
        }
    }
}

fn fenced(target: &Target) -> Error {
    let text = format!("another run of the same app writes `{}` now", target.stream);
    failure(&target.topic, ErrorKind::Runtime, text)
}
