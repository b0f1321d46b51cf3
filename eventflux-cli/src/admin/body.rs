//! What requests bring: bodies, names in paths, questions behind `?`.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// Bodies are not larger: a program has a mebibyte at the most, and its text may be escaped.
pub const BODY_BYTES_MAX: usize = 4 << 20;

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let message = "the body has to be JSON";
            return Err(
                Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid-request", message)
                    .help("send it with `Content-Type: application/json`"),
            );
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let code = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "too-large",
                _ => "invalid-request",
            };
            let message = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => format!("the body has more than {BODY_BYTES_MAX} bytes"),
                _ => format!("the body cannot be read: {}", rejection.body_text()),
            };
            Refusal::new(rejection.status(), code, message)
        })?;
        let read = serde_json::from_slice(&body);
        read.map(Self)
            .map_err(|error| Refusal::invalid(format!("the body cannot be read: {error}")))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// A name in the path.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(Refusal::invalid(format!(
                "the path cannot be read: {}",
                rejection.body_text()
            ))),
        }
    }
}

/// What stands behind `?`.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Refusal::invalid(format!(
                "the question cannot be read: {}",
                rejection.body_text()
            ))),
        }
    }
}
