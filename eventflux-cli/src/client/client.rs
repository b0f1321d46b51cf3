//! The client.

use std::error::Error;
use std::time::Duration;

use reqwest::{Url, redirect};
use serde_json::Value;

use super::Failure;
use crate::args::ClientArgs;
use crate::config::value::without_passwords;

pub use reqwest::Method;

/// A node that does not take a connection within this time is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// An answer that no work has to be waited for takes no longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Answers are not larger: that of all key groups, with long names.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Asks one node.
pub struct Client {
    url: Url,
    token: Option<String>,
    http: reqwest::Client,
    tokio: tokio::runtime::Runtime,
}

impl Client {
    /// Of the node that the flags name.
    pub fn new(arguments: &ClientArgs) -> Result<Self, Failure> {
        let url = parsed(&arguments.url)?;
        let token = match (&arguments.token, &arguments.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(path)) => {
                let read = std::fs::read_to_string(path);
                let read = read.map_err(|error| {
                    Failure::usage(format!("cannot read the token in {}: {error}", path.display()))
                })?;
                Some(read.trim().to_owned())
            }
            (None, None) => None,
        };
        let failed = |error: &dyn Error| Failure::environment(format!("cannot ask {url}: {}", chain(error)));
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .redirect(redirect::Policy::none())
            .tls_built_in_root_certs(url.scheme() == "https");
        if is_of_this_machine(&url) {
            // A proxy would look for its own machine.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| failed(&error))?;
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let tokio = tokio.map_err(|error| failed(&error))?;
        Ok(Self {
            url,
            token,
            http,
            tokio,
        })
    }

    /// Asks, and reads the JSON that is answered.
    pub fn ask(&self, method: Method, path: &[&str]) -> Result<Value, Failure> {
        self.send(method, path, &[], None, ANSWER_WITHIN)
    }

    /// Sends JSON.
    pub fn post(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, &[], Some(body.to_string()), ANSWER_WITHIN)
    }

    /// Has something done that may take so long.
    pub fn have_done(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        wait: Duration,
    ) -> Result<Value, Failure> {
        self.send(
            Method::POST,
            path,
            query,
            None,
            ANSWER_WITHIN.saturating_add(wait),
        )
    }

    fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<String>,
        within: Duration,
    ) -> Result<Value, Failure> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).timeout(within);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        self.tokio.block_on(async {
            let mut response = request.send().await.map_err(|error| self.unreached(&error))?;
            let status = response.status();
            let mut bytes = Vec::new();
            while let Some(more) = response.chunk().await.map_err(|error| self.unreached(&error))? {
                bytes.extend_from_slice(&more);
                if bytes.len() > ANSWER_BYTES_MAX {
                    return Err(Failure::foreign(&self.shown_url(), "it answers without end"));
                }
            }
            let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
            match (status.is_success(), answer) {
                (true, Some(answer)) => Ok(answer),
                (true, None) => Err(Failure::foreign(&self.shown_url(), "what it answers is not JSON")),
                (false, answer) => Err(Failure::refused(status.as_u16(), answer, &self.shown_url())),
            }
        })
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        let url = self.shown_url();
        if error.is_builder() {
            return Failure::usage("the token has characters that no token can have");
        }
        if error.is_timeout() && !error.is_connect() {
            return Failure::environment(format!("{url} does not answer in time"))
                .help("what was asked for may still be done; `eventflux pipeline list` shows what is");
        }
        Failure::environment(format!("cannot reach {url}: {}", chain(error)))
            .help("is a node up there? `--url` or EVENTFLUX_URL names another one")
    }

    fn shown_url(&self) -> String {
        without_passwords(self.url.as_str().trim_end_matches('/'))
    }
}

fn parsed(text: &str) -> Result<Url, Failure> {
    let refused = |why: &str| {
        Failure::usage(format!(
            "`{}` is no address of a node: {why}",
            without_passwords(text)
        ))
        .help("it looks like `http://127.0.0.1:9464`")
    };
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    match (url.scheme(), url.has_host(), url.query().or(url.fragment())) {
        ("http" | "https", true, None) => Ok(url),
        ("http" | "https", _, _) => Err(refused("there is more in it than a host, a port and a path")),
        _ => Err(refused("it does not begin with `http://` or `https://`")),
    }
}

fn is_of_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The innermost cause, which says what happened.
fn chain(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_no_question() {
        for good in [
            "http://127.0.0.1:9464",
            "https://cluster.test/flux/",
            "http://[::1]:1",
        ] {
            assert!(parsed(good).is_ok(), "{good}");
        }
        for wrong in [
            "127.0.0.1:9464",
            "redis://h",
            "http://",
            "http://h?x=1",
            "",
            "localhost:9464",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        let Err(refused) = parsed("ftp://user:secret@host") else {
            panic!("it was taken");
        };
        assert!(!format!("{refused:?}").contains("secret"));
    }

    #[test]
    fn addresses_of_this_machine_are_not_asked_through_a_proxy() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.test", false),
        ] {
            assert_eq!(is_of_this_machine(&parsed(url).unwrap()), expected, "{url}");
        }
    }
}
