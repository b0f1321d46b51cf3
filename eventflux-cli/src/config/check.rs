//! What can be seen to be wrong with one layer, without looking anything up.

use std::collections::BTreeMap;

use eventflux::sql::diagnostic::{Code, Diagnostic, Diagnostics};
use eventflux::sql::{SettingError, Settings};

use super::decode::{Mistake, decode};
use super::model::{AdminTokens, Config, StateBackend, StateStore};
use super::reference;
use super::store;
use super::tree::{Node, NodeValue};
use super::value::{List, Secret, takes_no_password};

const SETTINGS: &str = "eventflux.run.settings";

/// Everything that is wrong with a layer.
pub(crate) fn layer(tree: &Node) -> Diagnostics {
    if let Some(diagnostic) = manifest(tree) {
        return vec![diagnostic];
    }
    let mut diagnostics = Diagnostics::new();
    let mut known = tree.clone();
    for (path, text, span) in tree.texts() {
        match reference::parse(text, span) {
            Ok(None) => continue,
            // It can be judged as it is; `$${` is written for `${`.
            Ok(Some(template)) if template.as_literal().is_some() => continue,
            Ok(Some(_)) => {}
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        // What it will be is not known. Its key has to be right all the same.
        known.blank(&path);
    }
    let (config, mut mistakes) = decode(known.to_dict());
    for mistake in unknown_of_blank(tree, &known) {
        if mistakes.iter().all(|other| other.path != mistake.path) {
            mistakes.push(mistake);
        }
    }
    mistakes.extend(settings(&config.eventflux.run.settings));
    mistakes.extend(store::misfits(tree));
    mistakes.extend(contradictions(&config));
    diagnostics.extend(mistakes.into_iter().map(|mistake| placed(mistake, tree)));
    diagnostics
}

/// A mistake at its place in a layer.
pub(crate) fn placed(mistake: Mistake, tree: &Node) -> Diagnostic {
    let entry = tree.find(&mistake.path);
    let value_span = tree.span_of(&mistake.path);
    let span = match (entry, value_span) {
        (Some(entry), _) if mistake.is_of_key() => entry.key_span,
        (Some(entry), Some(span)) if span.is_empty() => entry.key_span,
        (_, Some(span)) => span,
        _ => tree.span,
    };
    mistake.at(span)
}

/// What Kubernetes is given is not what it mounts.
fn manifest(tree: &Node) -> Option<Diagnostic> {
    let kind = &tree.entry("kind")?.value;
    let NodeValue::Text(name) = &kind.value else {
        return None;
    };
    if !matches!(name.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let message = format!("a Kubernetes {name} is no configuration, it holds one");
    let help = "mount it as a volume, and give the file in it, or the folder, to `--config`";
    Some(Diagnostic::error(Code::InvalidValue, kind.span, message).with_help(help))
}

/// Keys whose values are not known, or nothing, were not looked at with the others.
fn unknown_of_blank(tree: &Node, known: &Node) -> Vec<Mistake> {
    let mut keys = tree.clone();
    for (path, _, _) in known.texts() {
        keys.remove(&path);
    }
    keys.null_to_empty();
    let (_, mut mistakes) = decode(keys.to_dict());
    mistakes.retain(|mistake| mistake.code == Code::UnknownKey);
    mistakes
}

fn settings(settings: &BTreeMap<String, String>) -> Vec<Mistake> {
    if settings.contains_key("parallelism") {
        let path = format!("{SETTINGS}.parallelism");
        let help = "write it one level up: `eventflux.run.parallelism`";
        let message = "`parallelism` has a key of its own";
        return vec![Mistake::new(Code::ConflictingKeys, &path, message, Some(help))];
    }
    let mistake = |(key, value): (&String, &String)| {
        let error = Settings::default().set(key, value).err()?;
        let code = match error {
            SettingError::Unknown { .. } => Code::UnknownKey,
            SettingError::NotYet { .. } => Code::NotSupportedYet,
            SettingError::Invalid { .. } => Code::InvalidValue,
        };
        let help = match &error {
            SettingError::Unknown { help, .. } => Some(help.clone()),
            _ => None,
        };
        let mut path: Vec<String> = SETTINGS.split('.').map(str::to_owned).collect();
        path.push(key.clone());
        Some(Mistake {
            code,
            path,
            message: error.to_string(),
            help,
        })
    };
    settings.iter().filter_map(mistake).collect()
}

fn contradictions(config: &Config) -> Option<Mistake> {
    let log = &config.eventflux.log;
    (log.quiet.0 && log.verbose.get() > 0).then(|| {
        let message = "`quiet` and `verbose` exclude each other";
        Mistake::new(Code::ConflictingKeys, "eventflux.log.quiet", message, None)
    })
}

/// What only several nodes make wrong, over all layers.
pub(crate) fn nodes(config: &Config) -> Vec<Mistake> {
    let distributed = &config.eventflux.distributed;
    let mut mistakes = Vec::new();
    let cluster = &distributed.cluster;
    if cluster.failure_timeout.0 < cluster.heartbeat_interval.0.saturating_mul(2) {
        mistakes.push(Mistake::new(
            Code::InvalidValue,
            "eventflux.distributed.cluster.failure_timeout",
            format!(
                "`failure_timeout` ({}) has to be at least twice `heartbeat_interval` ({})",
                cluster.failure_timeout, cluster.heartbeat_interval
            ),
            Some("three heartbeats and more make sense, so that one that is late does no harm"),
        ));
    }
    mistakes.extend(tokens(&distributed.admin.tokens));
    let tls = &distributed.transport.tls;
    for (name, path) in [("cert_path", &tls.cert_path), ("key_path", &tls.key_path)] {
        if tls.enabled.0 && path.is_none() {
            let message = format!("`tls` needs `{name}`");
            let place = "eventflux.distributed.transport.tls.enabled";
            mistakes.push(Mistake::new(Code::MissingKey, place, message, None));
        }
    }
    mistakes
}

/// Tokens that could be guessed, or that no request can bring.
fn tokens(tokens: &AdminTokens) -> Vec<Mistake> {
    const LENGTH_MIN: usize = 16;
    let roles = [
        ("viewer", &tokens.viewer),
        ("operator", &tokens.operator),
        ("admin", &tokens.admin),
    ];
    let mistake = |(role, list): (&str, &List<Secret>)| {
        let is_good = |token: &Secret| {
            let token = token.expose();
            token.len() >= LENGTH_MIN && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let is_wrong = list.0.iter().any(|token| !is_good(token));
        is_wrong.then(|| {
            Mistake::new(
                Code::InvalidValue,
                &format!("eventflux.distributed.admin.tokens.{role}"),
                format!("a token has at least {LENGTH_MIN} letters, digits and signs, and no blanks"),
                Some("`openssl rand -hex 32` makes a good one"),
            )
        })
    };
    roles.into_iter().filter_map(mistake).collect()
}

/// What is wrong with a store only over all layers.
pub(crate) fn state(config: &Config) -> Option<Mistake> {
    let state = &config.eventflux.distributed.state_backend;
    let at = |name: &str, code, message: String, help| {
        Some(Mistake::new(
            code,
            &format!("{}.{name}", store::GROUP),
            message,
            help,
        ))
    };
    let kind = state.implementation?;
    let (is_complete, needed) = match kind {
        StateStore::Directory => (state.url.is_some() || state.path.is_some(), "`path`"),
        StateStore::Redis => (
            state.url.is_some() || !state.endpoints.0.is_empty(),
            "`endpoints` or `url`",
        ),
        StateStore::ObjectStore => (state.url.is_some(), "`url`"),
        StateStore::Memory => (true, ""),
    };
    if !is_complete {
        let message = format!("the place of the {} is missing: {needed}", store::noun(kind));
        return at("implementation", Code::MissingKey, message, None);
    }
    if state
        .url
        .as_ref()
        .is_some_and(|url| store::of_url(url.expose()) != kind)
    {
        let message = format!("the address does not go with the store `{kind}`");
        return at("url", Code::ConflictingKeys, message, None);
    }
    let addresses = StateBackend {
        password: None,
        ..state.clone()
    };
    if state.password.is_some() && addresses.redis_urls().iter().any(|url| takes_no_password(url)) {
        let message = "the address has a password of its own, or can have none";
        let help = "give the password in one place";
        return at("password", Code::ConflictingKeys, message.to_owned(), Some(help));
    }
    None
}
