//! Why a request is not carried out.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use eventflux_distributed::coordinator;

use super::model::{Problem, ProgramDiagnostic};

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    status: StatusCode,
    problem: Problem,
}

impl Refusal {
    /// With a status, a code for programs and a sentence for people.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            problem: Problem {
                code: code.to_owned(),
                message: message.into(),
                help: Vec::new(),
                diagnostics: Vec::new(),
            },
        }
    }

    /// The request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", message)
    }

    /// It does not fit where a pipeline or a node is.
    pub fn unready(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "not-ready", message)
    }

    /// With a line of help.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help.push(help.into());
        self
    }

    /// With a line of help if there is one.
    pub fn help_opt(mut self, help: Option<String>) -> Self {
        self.problem.help.extend(help);
        self
    }

    /// Nobody decides.
    pub fn no_leader(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-leader", message).help(
            "more than half of the voters have to be up, and to hear each other; `eventflux cluster nodes` says who is up",
        )
    }

    /// With the line of help for a change: who was asked may have heard of it, though no answer came.
    pub fn may_be_done(self) -> Self {
        match self.problem.code.as_str() {
            "no-leader" => {
                self.help("it may still be done if a node has heard of it: look before you try again")
            }
            _ => self,
        }
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.problem.message
    }

    /// A program that cannot be run.
    pub fn program(diagnostics: Vec<ProgramDiagnostic>) -> Self {
        let message = match diagnostics.len() {
            1 => "the program cannot be run".to_owned(),
            count => format!("the program cannot be run: {count} mistakes"),
        };
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "program", message);
        refusal.problem.diagnostics = diagnostics;
        refusal
    }
}

impl From<eventflux_distributed::Error> for Refusal {
    fn from(error: eventflux_distributed::Error) -> Self {
        use eventflux_distributed::Error;
        let message = error.to_string();
        match error {
            Error::Refused(outcome) => {
                let (status, code) = match outcome.refusal() {
                    coordinator::Refusal::Unknown => (StatusCode::NOT_FOUND, "unknown"),
                    coordinator::Refusal::Taken => (StatusCode::CONFLICT, "exists"),
                    coordinator::Refusal::Invalid => (StatusCode::BAD_REQUEST, "invalid-request"),
                    coordinator::Refusal::None
                    | coordinator::Refusal::Stale
                    | coordinator::Refusal::Unready => (StatusCode::CONFLICT, "not-ready"),
                };
                Self::new(status, code, message)
            }
            Error::NoLeader { .. } => Self::no_leader(message),
            Error::Unreachable { .. } => Self::no_leader(format!("no leader answers: {message}")),
            Error::Late(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "late", message),
            Error::Configuration(_) => Self::invalid(message),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
