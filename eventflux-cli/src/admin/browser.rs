//! Pages that a person's browser shows must not reach the API of that person's machine.
//!
//! A browser sends requests of any page to `127.0.0.1`. It says whose they are (`Origin`), and the name that it looked up (`Host`), which
//! an attacker may have pointed here. Programs send neither an `Origin` nor a strange `Host`.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;

/// The middleware: refuses what comes from pages of others. `is_open`: there is no token, and only this machine is meant to ask.
pub async fn guard(State(is_open): State<bool>, request: Request, next: Next) -> Response {
    match check(request.method(), request.headers(), is_open) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(method: &Method, headers: &HeaderMap, is_open: bool) -> Result<(), Refusal> {
    let forbidden = |message: &str| Refusal::new(StatusCode::FORBIDDEN, "browser", message);
    if headers.contains_key(ORIGIN) && !matches!(*method, Method::GET | Method::HEAD) {
        return Err(forbidden("changes are not taken from web pages"));
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match host {
        Some(host) if is_open && !is_of_this_machine(host) => Err(forbidden(
            "without tokens, only this machine is answered, by its address",
        )
        .help("ask `127.0.0.1`, or configure `eventflux.distributed.admin.tokens`")),
        _ => Ok(()),
    }
}

/// Whether a `Host` is one that nobody else can point here.
fn is_of_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(method: Method, headers: &[(&'static str, &str)], is_open: bool) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect();
        check(&method, &headers, is_open).is_ok()
    }

    #[test]
    fn pages_of_others_change_nothing() {
        let page = [("origin", "http://evil.test"), ("host", "127.0.0.1:9464")];
        assert!(!is_taken(Method::POST, &page, false));
        assert!(!is_taken(Method::DELETE, &page, true));
        assert!(is_taken(Method::GET, &page, true));
        assert!(is_taken(Method::POST, &page[1..], true));
    }

    #[test]
    fn names_that_others_may_point_here_are_not_answered_without_tokens() {
        for own in [
            "127.0.0.1:9464",
            "localhost:9464",
            "localhost",
            "[::1]:9464",
            "10.0.0.7:1",
        ] {
            assert!(is_taken(Method::GET, &[("host", own)], true), "{own}");
        }
        for strange in [
            "evil.test",
            "evil.test:9464",
            "localhost.evil.test:9464",
            "127.0.0.1.evil.test",
        ] {
            assert!(!is_taken(Method::GET, &[("host", strange)], true), "{strange}");
            assert!(is_taken(Method::GET, &[("host", strange)], false), "{strange}");
        }
    }
}
