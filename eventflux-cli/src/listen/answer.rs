//! Answers that are text.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Metrics, as Prometheus reads them.
pub fn exposition(text: String) -> Response {
    ([(CONTENT_TYPE, EXPOSITION)], text).into_response()
}

/// A text that is true now and may not be a moment later.
pub fn plain(status: StatusCode, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, PLAIN),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}
