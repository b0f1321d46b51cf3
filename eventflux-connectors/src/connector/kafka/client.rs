//! What a client tells on the side, and how its failures become errors.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use eventflux_core::{Error, ErrorKind, Result};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use tokio::sync::Notify;

use super::property::lower;
use crate::connector::output_log::LogOwner;

/// How long one attempt to reach a broker lasts.
const ATTEMPT: Duration = Duration::from_millis(500);

/// How long to leave a broker alone that has answered that it cannot answer yet.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Takes a client's log lines and errors: lost connections become warnings, once each.
#[derive(Debug, Default)]
pub struct Reports {
    last: Mutex<String>,
    lost: Notify,
}

impl Reports {
    /// The last failure that was reported, in librdkafka's words.
    pub fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a connection is lost; at once, if one was since the last call.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Info};
        // Errors come here too, and say less than in `error`.
        match level {
            Emerg | Alert | Critical => tracing::error!(target: "kafka", facility, "{message}"),
            Info | Debug => tracing::trace!(target: "kafka", facility, "{message}"),
            _ => tracing::debug!(target: "kafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if is_passing(&error) {
            self.lost.notify_one();
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down says less than why the last one is.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) && !last.is_empty() {
            return;
        }
        if *last != reason {
            tracing::warn!(target: "kafka", "{reason}");
            *last = reason.to_owned();
        }
    }
}

impl ConsumerContext for Reports {}

/// Repeats a question to the brokers until it is answered or the time is up. `serve` lets the client report.
///
/// **Errors** No answer: an environment error with the last reason reported. Any other failure as it is.
pub fn ask<T>(
    brokers: &str,
    timeout: Duration,
    reports: &Arc<Reports>,
    serve: impl Fn(),
    question: impl Fn(Duration) -> KafkaResult<T>,
) -> Result<T> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = question(left.min(ATTEMPT).max(Duration::from_millis(1)));
        serve();
        match answer {
            Ok(answer) => return Ok(answer),
            Err(error) if is_passing(&error) && Instant::now() < deadline => std::thread::sleep(ASK_AGAIN),
            Err(error) if is_passing(&error) => {
                let reason = Some(reports.last()).filter(|reason| !reason.is_empty());
                let reason = reason.unwrap_or_else(|| code_text(&error));
                let seconds = timeout.as_secs_f64();
                return Err(failure(
                    brokers,
                    ErrorKind::Environment,
                    format!("no answer within {seconds} s: {reason}"),
                ));
            }
            Err(error) => return Err(failed(brokers, &error)),
        }
    }
}

/// Whether a failure is one of the connection: librdkafka goes on trying.
pub fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        AllBrokersDown, BrokerNotAvailable, BrokerTransportFailure, CoordinatorLoadInProgress,
        CoordinatorNotAvailable, LeaderNotAvailable, NetworkException, NotCoordinator, NotLeaderForPartition,
        OperationTimedOut, RequestTimedOut, Resolve, WaitingForCoordinator,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            AllBrokersDown
                | BrokerNotAvailable
                | BrokerTransportFailure
                | CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | LeaderNotAvailable
                | NetworkException
                | NotCoordinator
                | NotLeaderForPartition
                | OperationTimedOut
                | RequestTimedOut
                | Resolve
                | WaitingForCoordinator
        )
    )
}

/// The error for what librdkafka says.
pub fn failed(object: &str, error: &KafkaError) -> Error {
    use RDKafkaErrorCode::{
        Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
    };
    let kind = match error.rdkafka_error_code() {
        _ if is_passing(error) => ErrorKind::Environment,
        Some(
            Authentication
            | ClusterAuthorizationFailed
            | GroupAuthorizationFailed
            | TopicAuthorizationFailed
            | RDKafkaErrorCode::MessageTimedOut,
        ) => ErrorKind::Environment,
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => ErrorKind::Input,
        _ => ErrorKind::Runtime,
    };
    failure(object, kind, code_text(error))
}

/// An error of the connector.
pub fn failure(object: &str, kind: ErrorKind, message: String) -> Error {
    Error::Connector {
        connector: "kafka",
        object: object.to_owned(),
        message,
        kind,
        source: None,
    }
}

/// Whose messages an output log holds.
pub fn log_owner(topic: &str) -> LogOwner<'_> {
    LogOwner {
        connector: "kafka",
        object: topic,
    }
}

/// What an error says. The error itself may hold a property's value and is not printed.
pub fn code_text(error: &KafkaError) -> String {
    match (error, error.rdkafka_error_code()) {
        (_, Some(code)) => description(&code.to_string()),
        (KafkaError::ClientCreation(text) | KafkaError::Subscription(text) | KafkaError::Seek(text), _) => {
            lower(text)
        }
        _ => "the client failed".to_owned(),
    }
}

/// Of `BrokerTransportFailure (Local: Broker transport failure)` the last part.
fn description(code: &str) -> String {
    let inner = code
        .split_once('(')
        .map_or(code, |(_, inner)| inner.trim_end_matches(')'));
    lower(
        inner
            .strip_prefix("Local: ")
            .or_else(|| inner.strip_prefix("Broker: "))
            .unwrap_or(inner),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_in_words() {
        let failure = |code| failed("t", &KafkaError::MessageProduction(code));
        let large = failure(RDKafkaErrorCode::MessageSizeTooLarge);
        assert_eq!(large.to_string(), "kafka `t`: message size too large");
        assert_eq!(large.kind(), ErrorKind::Runtime);
        let lost = failure(RDKafkaErrorCode::MessageTimedOut);
        assert_eq!(lost.to_string(), "kafka `t`: message timed out");
        assert_eq!(lost.kind(), ErrorKind::Environment);
    }

    #[test]
    fn a_property_is_not_shown_with_a_failure() {
        let (description, key, value) = ("Invalid".into(), "sasl.password".into(), "hunter2".into());
        let result = rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_INVALID;
        let error = failed("b", &KafkaError::ClientConfig(result, description, key, value));
        assert_eq!(error.to_string(), "kafka `b`: the client failed");
    }
}
