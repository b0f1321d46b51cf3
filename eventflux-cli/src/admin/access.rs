//! Who may do what: bearer tokens, each with a role.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use crate::config::model::AdminTokens;
use crate::config::value::{List, Secret};

/// What a token is good for. Later ones may do all that earlier ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look at the cluster.
    Viewer,
    /// Also submit, stop and remove pipelines, have them take checkpoints, and look into their state.
    Operator,
    /// Also change which nodes there are.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        })
    }
}

/// All tokens of a node. Without any, whoever reaches the API may do everything.
#[derive(Debug, Clone, Default)]
pub struct Tokens(Vec<(Role, Secret)>);

impl Tokens {
    /// Tokens with their roles.
    pub fn new(tokens: impl IntoIterator<Item = (Role, Secret)>) -> Self {
        Self(tokens.into_iter().collect())
    }

    /// As they are configured.
    pub fn configured(tokens: &AdminTokens) -> Self {
        let with = |role: Role, list: &List<Secret>| {
            let tokens = list.0.iter().cloned();
            tokens.map(move |token| (role, token)).collect::<Vec<_>>()
        };
        let of_roles = [
            with(Role::Viewer, &tokens.viewer),
            with(Role::Operator, &tokens.operator),
            with(Role::Admin, &tokens.admin),
        ];
        Self::new(of_roles.into_iter().flatten())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What somebody with this token may do. Takes as long for a token that is nearly right as for any other.
    fn role(&self, token: &str) -> Option<Role> {
        let mut found = None;
        for (role, known) in &self.0 {
            // All are compared, so that the time does not say which one it is.
            let is_known = bool::from(known.expose().as_bytes().ct_eq(token.as_bytes()));
            found = found.max(is_known.then_some(*role));
        }
        found
    }

    /// What may be done with these headers, if it is at least `needed`.
    fn admit(&self, headers: &HeaderMap, needed: Role) -> Result<(), Refusal> {
        if self.is_empty() {
            return Ok(());
        }
        let unauthenticated = |message| Refusal::new(StatusCode::UNAUTHORIZED, "unauthenticated", message);
        let Some(given) = headers.get(AUTHORIZATION) else {
            return Err(unauthenticated("this needs a token")
                .help("send `Authorization: Bearer TOKEN`; commands take `--token` or EVENTFLUX_TOKEN"));
        };
        match given
            .to_str()
            .ok()
            .and_then(bearer)
            .and_then(|token| self.role(token))
        {
            None => Err(unauthenticated("the token is not known here")
                .help("tokens are configured at each node: `eventflux.distributed.admin.tokens`")),
            Some(role) if role < needed => {
                let message =
                    format!("this needs a token with the role {needed}; this one has the role {role}");
                Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", message))
            }
            Some(_) => Ok(()),
        }
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The middleware of all paths that need a role.
pub async fn require(
    State((tokens, needed)): State<(std::sync::Arc<Tokens>, Role)>,
    request: Request,
    next: Next,
) -> Response {
    match tokens.admit(request.headers(), needed) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::TextValue;

    fn admitted(tokens: &Tokens, header: Option<&str>, needed: Role) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        match tokens.admit(&headers, needed) {
            Ok(()) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn a_token_does_what_its_role_may_and_what_lesser_roles_may() {
        let secret = |text: &str| Secret::parse(text).unwrap();
        let tokens = Tokens::new([
            (Role::Viewer, secret("look")),
            (Role::Operator, secret("work")),
            (Role::Admin, secret("rule")),
            // The higher of two roles counts.
            (Role::Viewer, secret("rule")),
        ]);
        let table = [
            (Role::Viewer, [200, 200, 200]),
            (Role::Operator, [403, 200, 200]),
            (Role::Admin, [403, 403, 200]),
        ];
        for (needed, expected) in table {
            let found = ["Bearer look", "bearer work", "Bearer  rule"]
                .map(|header| admitted(&tokens, Some(header), needed));
            assert_eq!(found, expected, "{needed}");
            for wrong in [
                None,
                Some(""),
                Some("Bearer"),
                Some("Bearer "),
                Some("Basic rule"),
                Some("Bearer rul"),
            ] {
                assert_eq!(admitted(&tokens, wrong, needed), 401, "{wrong:?}");
            }
        }
        assert_eq!(admitted(&Tokens::default(), None, Role::Admin), 200);
    }

    #[test]
    fn tokens_are_not_shown() {
        let tokens = Tokens::new([(Role::Admin, Secret::parse("rule").unwrap())]);
        assert!(!format!("{tokens:?}").contains("rule"));
    }
}
