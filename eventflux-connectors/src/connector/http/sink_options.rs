//! What the sink can be told.

use std::collections::BTreeMap;
use std::time::Duration;

eventflux_core::options! {
    /// Options of the http sink.
    pub struct HttpSinkOptions of "http" {
        /// Where rows are sent, `http://…` or `https://…`.
        pub url: String ["url"],
        /// How they are sent.
        pub method: PostMethod ["method"] = "POST",
        /// Headers of every request, such as `headers.X-Source`. `Content-Type` is the format's unless it is given.
        pub headers: BTreeMap<String, String> ["headers.*"],
        /// Sent as `Authorization: Bearer …`; best given as `${env:NAME}`.
        pub auth_token: Option<String> ["auth.token"],
        /// Rows of one request, at the most.
        pub batch_rows: u64 ["batch.rows"] = "500",
        /// How long one request may take.
        pub timeout: Duration ["timeout"] = "30s",
        /// How long a request is tried again: when there is no answer, or it is 408, 429 or 5xx.
        pub retry_timeout: Duration ["retry.timeout"] = "60s",
    }
}

eventflux_core::choices! {
    /// How rows are sent.
    pub enum PostMethod {
        /// POST.
        Post = "POST",
        /// PUT.
        Put = "PUT",
    }
}
