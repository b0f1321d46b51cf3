//! Where rows are sent, and what becomes of a request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eventflux_core::connector::OptionError;
use eventflux_core::time::Clock;
use eventflux_core::{Error, ErrorKind, Result};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use tokio::time::Instant;

use super::refusal::{Verdict, judge, retry_after};
use super::sink_options::{HttpSinkOptions, PostMethod};

/// The pause before the second attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause that nobody has asked for.
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// How much of a refusal is shown.
const SHOWN_BYTES: usize = 300;

/// The header that says which body comes again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where rows are sent.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    /// The address without what may be secret.
    pub name: String,
    method: Method,
    headers: HeaderMap,
    timeout: Duration,
    retry_timeout: Duration,
}

impl Endpoint {
    /// An endpoint from options that are all known.
    pub fn new(options: &HttpSinkOptions, content_type: &'static str) -> Result<Self, OptionError> {
        let url = Url::parse(&options.url).ok();
        let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        // The address itself is not shown: it may hold a password.
        let url = url.ok_or_else(|| {
            OptionError::new("url", "is no address of HTTP").with_help("write https://host/path")
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        for (name, value) in &options.headers {
            let key = format!("headers.{name}");
            let wrong = |what: &str| OptionError::new(key.clone(), what);
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("is no name of a header"))?;
            if name == IDEMPOTENCY_KEY {
                return Err(wrong("is set by the sink itself"));
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong("is no value of a header"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        if let Some(token) = &options.auth_token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| OptionError::new("auth.token", "is no value of a header"))?;
            value.set_sensitive(true);
            if headers.insert(AUTHORIZATION, value).is_some() {
                return Err(OptionError::new(
                    "auth.token",
                    "is given, and so is `headers.Authorization`",
                ));
            }
        }
        if options.timeout.is_zero() {
            return Err(OptionError::new("timeout", "leaves no time"));
        }
        Ok(Self {
            name: shown(&url),
            url,
            method: match options.method {
                PostMethod::Post => Method::POST,
                PostMethod::Put => Method::PUT,
            },
            headers,
            timeout: options.timeout,
            retry_timeout: options.retry_timeout,
        })
    }

    fn failure(&self, kind: ErrorKind, message: String) -> Error {
        Error::Connector {
            connector: "http",
            object: self.name.clone(),
            message,
            kind,
            source: None,
        }
    }
}

/// Without user, password, query and fragment.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// Posts bodies, one after the other.
pub struct Poster {
    endpoint: Endpoint,
    client: Client,
    clock: Arc<dyn Clock>,
    /// The server has asked to be left alone until then.
    not_before: Option<Instant>,
}

/// Why an attempt was not taken.
struct Refused {
    error: Error,
    /// How long the server asks to wait.
    wait: Option<Duration>,
}

impl Poster {
    /// A poster; nothing is sent yet.
    pub fn new(endpoint: Endpoint, clock: Arc<dyn Clock>) -> Result<Self> {
        // A redirection would turn POST into GET.
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(endpoint.timeout)
            .build();
        let client = client.map_err(|error| {
            let message = format!("no client can be made: {error}");
            endpoint.failure(ErrorKind::Environment, message)
        })?;
        Ok(Self {
            endpoint,
            client,
            clock,
            not_before: None,
        })
    }

    /// Posts a body until it is taken; the key says which one it is when it comes again.
    ///
    /// **Errors** Of the environment when it was not taken within `retry.timeout`; otherwise it is refused for good.
    pub async fn post(&mut self, body: &Bytes, key: Option<&str>) -> Result<()> {
        let deadline = Instant::now() + self.endpoint.retry_timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(not_before) = self.not_before.take() {
                tokio::time::sleep_until(not_before).await;
            }
            let Err(Refused { error, wait }) = self.attempt(body, key).await else {
                return Ok(());
            };
            if error.kind() != ErrorKind::Environment {
                return Err(error);
            }
            let next = Instant::now() + wait.unwrap_or(pause);
            // Whoever tries again later waits as long.
            self.not_before = wait.map(|_| next);
            if next > deadline {
                return Err(error);
            }
            tracing::warn!(target: "http", %error, "trying again");
            tokio::time::sleep_until(next).await;
            pause = LAST_PAUSE.min(pause * 2);
        }
    }

    async fn attempt(&self, body: &Bytes, key: Option<&str>) -> Result<(), Refused> {
        let Endpoint {
            url, method, headers, ..
        } = &self.endpoint;
        let mut request = self.client.request(method.clone(), url.clone());
        request = request.headers(headers.clone()).body(body.clone());
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        match request.send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => {
                let kind = match error.is_builder() {
                    true => ErrorKind::Input,
                    false => ErrorKind::Environment,
                };
                let message = format!("no answer: {}", causes(&error.without_url()));
                Err(Refused {
                    error: self.endpoint.failure(kind, message),
                    wait: None,
                })
            }
        }
    }

    async fn judge(&self, response: Response) -> Result<(), Refused> {
        let status = response.status();
        let kind = match judge(status) {
            Verdict::Taken => return Ok(()),
            Verdict::NotNow => ErrorKind::Environment,
            Verdict::Never => ErrorKind::Input,
        };
        let wait = retry_after(response.headers(), self.clock.now_us());
        let message = match beginning(response).await {
            text if text.is_empty() => format!("it answers {status}"),
            text => format!("it answers {status}: {text}"),
        };
        Err(Refused {
            error: self.endpoint.failure(kind, message),
            wait,
        })
    }
}

/// The beginning of an answer, in one line.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < SHOWN_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            _ => break,
        }
    }
    let is_cut = bytes.len() > SHOWN_BYTES;
    bytes.truncate(SHOWN_BYTES);
    let text = String::from_utf8_lossy(&bytes);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match is_cut {
        true => line + "…",
        false => line,
    }
}

/// What failed and why, down to the ground.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
