//! All layers together.

use std::collections::BTreeMap;

use eventflux::connector::ResolveReference;
use eventflux::sql::diagnostic::{Diagnostic, Diagnostics};
use figment::providers::Serialized;
use figment::value::{Dict, Tag, Value};
use figment::{Figment, Profile, Provider};

use super::check::{self, placed};
use super::decode::{Mistake, decode, remove};
use super::key::{Key, NODE_GROUPS, is_address, is_secret, keys};
use super::layer::{Layer, LayerKind, Numbered, Refused};
use super::model::Config;
use super::node;
use super::reference;
use super::store;
use super::tree::Entry;
use super::value::{MASK, shown_address, without_passwords};

/// What a configuration is put together for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// One process: what is about nodes is not looked up.
    Process,
    /// A node of a cluster.
    Node,
    /// To be looked at: what cannot be looked up here stays open.
    Inspection,
}

/// All layers together: each key's value, and which layer it is from.
#[derive(Debug)]
pub struct Effective {
    /// The values.
    pub config: Config,
    layers: Vec<Layer>,
    merged: Dict,
    figment: Figment,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(String),
    Environment(String),
    Flag(String),
}

impl Effective {
    /// Merges layers, the lowest first, looks references up, and reads the keys.
    ///
    /// **Errors** What cannot be looked up, and what is wrong only now: values behind references, and keys of several layers that do
    /// not go together.
    pub(crate) fn new(
        mut layers: Vec<Layer>,
        purpose: Purpose,
        references: &dyn ResolveReference,
    ) -> Result<Self, Vec<Refused>> {
        settle_loudness(&mut layers);
        store::settle(&mut layers);
        let defaults = Serialized::defaults(Config::default());
        let figment = layers
            .iter()
            .enumerate()
            .fold(Figment::from(defaults), |figment, (number, layer)| {
                figment.merge(Numbered(number, layer))
            });
        let merged = figment
            .data()
            .ok()
            .and_then(|mut data| data.remove(&Profile::Default));
        let mut effective = Self {
            config: Config::default(),
            merged: merged.unwrap_or_default(),
            layers,
            figment,
        };
        effective.read(purpose, references)?;
        Ok(effective)
    }

    fn read(&mut self, purpose: Purpose, references: &dyn ResolveReference) -> Result<(), Vec<Refused>> {
        let mut dict = self.merged.clone();
        if purpose == Purpose::Process {
            for group in NODE_GROUPS {
                remove(&mut dict, &["eventflux", "distributed", group].map(str::to_owned));
            }
        }
        let mut found: BTreeMap<usize, Diagnostics> = BTreeMap::new();
        for (path, tag, text) in texts(&dict) {
            let Some((number, span)) = self.span_of(&path, tag) else {
                continue;
            };
            // It was parsed with its layer.
            let Ok(Some(template)) = reference::parse(&text, span) else {
                continue;
            };
            match template.resolve(references) {
                Ok(text) => set(&mut dict, &path, text),
                Err(diagnostic) => {
                    if purpose != Purpose::Inspection {
                        found.entry(number).or_default().push(diagnostic);
                    }
                    remove(&mut dict, &path);
                }
            }
        }
        let (config, mut mistakes) = decode(dict);
        self.config = config;
        let (chosen, misfits) = store::chosen(&self.layers);
        let state = &mut self.config.eventflux.distributed.state_backend;
        if state.implementation.is_none() {
            // A reference has hidden the kind of the address until now.
            state.implementation = chosen.or_else(|| Some(store::of_url(state.url.as_ref()?.expose())));
        }
        if purpose != Purpose::Inspection && found.is_empty() {
            mistakes.extend(check::state(&self.config));
        }
        if purpose != Purpose::Process {
            mistakes.extend(check::nodes(&self.config));
        }
        if purpose == Purpose::Node {
            mistakes.extend(node::mistakes(&self.config));
        }
        for mistake in mistakes {
            let (number, diagnostic) = self.placed(mistake);
            found.entry(number).or_default().push(diagnostic);
        }
        for (number, mistake) in misfits {
            if let Some(layer) = self.layers.get(number) {
                let diagnostic = placed(mistake, &layer.tree);
                found.entry(number).or_default().push(diagnostic);
            }
        }
        match found.is_empty() {
            true => Ok(()),
            false => Err(self.refused(found)),
        }
    }

    fn refused(&self, found: BTreeMap<usize, Diagnostics>) -> Vec<Refused> {
        let refused = found.into_iter().filter_map(|(number, diagnostics)| {
            Some(Refused {
                source: self.layers.get(number)?.source.clone(),
                diagnostics,
            })
        });
        refused.collect()
    }

    /// A mistake of the command, in the layer that gives the key, or in the uppermost one.
    pub(crate) fn refusal(&self, mistake: Mistake) -> Vec<Refused> {
        let (number, diagnostic) = self.placed(mistake);
        self.refused(BTreeMap::from([(number, vec![diagnostic])]))
    }

    fn placed(&self, mistake: Mistake) -> (usize, Diagnostic) {
        let path = mistake.path.join(".");
        let number = self
            .layer_of(&path)
            .map_or(self.layers.len().saturating_sub(1), |(number, _)| number);
        match self.layers.get(number) {
            Some(layer) => (number, placed(mistake, &layer.tree)),
            None => (number, mistake.at(Default::default())),
        }
    }

    /// The layer that the value at a path is from, and its entry there.
    fn layer_of(&self, path: &str) -> Option<(usize, &Entry)> {
        let names: Vec<String> = path.split('.').map(str::to_owned).collect();
        let number = self.number(find(&self.merged, &names)?.tag())?;
        Some((number, self.layers.get(number)?.tree.find(&names)?))
    }

    fn number(&self, tag: Tag) -> Option<usize> {
        // The defaults have no number.
        self.figment.get_metadata(tag)?.name.parse().ok()
    }

    fn span_of(&self, path: &[String], tag: Tag) -> Option<(usize, eventflux::sql::diagnostic::Span)> {
        let number = self.number(tag)?;
        Some((number, self.layers.get(number)?.tree.span_of(path)?))
    }

    /// Where the value at a path comes from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        let Some((number, entry)) = self.layer_of(path) else {
            // The kind of a store that is not named is that of its place.
            let implied = path
                .strip_suffix("state_backend.implementation")
                .into_iter()
                .flat_map(|group| store::PLACES.map(|place| format!("{group}state_backend.{place}")))
                .map(|place| self.origin(&place));
            return implied
                .into_iter()
                .find(|origin| *origin != Origin::Default)
                .unwrap_or(Origin::Default);
        };
        let layer = &self.layers[number];
        let place = layer.place(entry);
        match layer.kind {
            LayerKind::File => Origin::File(place),
            LayerKind::Environment => Origin::Environment(place),
            LayerKind::Flags => Origin::Flag(place),
        }
    }

    /// Whether some layer gives the key at a path.
    pub(crate) fn is_given(&self, path: &str) -> bool {
        self.origin(path) != Origin::Default
    }

    /// The groups of keys that are about nodes and are given.
    pub(crate) fn groups_of_nodes(&self) -> Vec<&'static str> {
        let is_given = |group: &&str| {
            let group = ["eventflux", "distributed", group];
            self.layers.iter().any(|layer| layer.tree.find(&group).is_some())
        };
        NODE_GROUPS.into_iter().filter(is_given).collect()
    }

    /// The value of a key as text, references looked up, secrets and all: for flags.
    pub(crate) fn exposed(&self, path: &str, references: &dyn ResolveReference) -> Option<String> {
        let names: Vec<String> = path.split('.').map(str::to_owned).collect();
        let text = find(&self.merged, &names)?.as_str()?;
        match reference::parse(text, Default::default()) {
            Ok(None) => Some(text.to_owned()),
            Ok(Some(template)) => template.resolve(references).ok(),
            Err(_) => None,
        }
    }

    /// Every key with its value as it may be shown; a map's entries one by one.
    pub(crate) fn shown(&self, references: &dyn ResolveReference) -> Vec<(String, Option<String>)> {
        let mut values = Vec::new();
        for key in keys() {
            let Some(group) = key.path.strip_suffix(".*") else {
                values.push((key.path.clone(), self.shown_value(key, references)));
                continue;
            };
            let names: Vec<String> = group.split('.').map(str::to_owned).collect();
            let entries = find(&self.merged, &names).and_then(Value::as_dict);
            for (name, value) in entries.into_iter().flatten() {
                let text = shown_text(&names, value, references);
                values.push((format!("{group}.{name}"), text));
            }
        }
        values
    }

    fn shown_value(&self, key: &Key, references: &dyn ResolveReference) -> Option<String> {
        let names: Vec<String> = key.path.split('.').map(str::to_owned).collect();
        let value = find(&self.merged, &names)?;
        if key.path.ends_with("state_backend.implementation") && self.layer_of(&key.path).is_none() {
            let store = self.config.eventflux.distributed.state_backend.implementation;
            return store.map(|store| store.to_string());
        }
        shown_text(&names, value, references)
    }
}

fn shown_text(path: &[String], value: &Value, references: &dyn ResolveReference) -> Option<String> {
    let text = match value {
        Value::Empty(..) => return None,
        Value::Array(_, elements) => {
            let shown = elements
                .iter()
                .filter_map(|element| shown_text(path, element, references));
            let shown = shown.collect::<Vec<_>>().join(", ");
            return (!shown.is_empty()).then_some(shown);
        }
        value => value.as_str()?,
    };
    if is_secret(path) {
        return Some(MASK.to_owned());
    }
    let shown = match reference::parse(text, Default::default()) {
        Ok(Some(template)) => template.shown(references),
        _ => text.to_owned(),
    };
    Some(match is_address(path) && !shown.contains("${") {
        true => shown_address(&shown),
        false => without_passwords(&shown),
    })
}

/// `-v` of an upper layer is heard although a lower one is quiet, and the other way round.
fn settle_loudness(layers: &mut [Layer]) {
    let paths = ["quiet", "verbose"].map(|name| ["eventflux", "log", name]);
    for upper in (0..layers.len()).rev() {
        let (below, rest) = layers.split_at_mut(upper);
        let says = |layer: &Layer| paths.iter().any(|path| layer.tree.find(path).is_some());
        if rest.first().is_some_and(says) {
            for lower in below {
                for path in &paths {
                    lower.tree.remove(path);
                }
            }
        }
    }
}

fn find<'a>(dict: &'a Dict, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = dict.get(first)?;
    match value {
        Value::Dict(_, inner) if !rest.is_empty() => find(inner, rest),
        _ => Some(value),
    }
}

/// Every text with its path and tag; elements of lists by their numbers.
fn texts(dict: &Dict) -> Vec<(Vec<String>, Tag, String)> {
    fn collect(value: &Value, path: &mut Vec<String>, texts: &mut Vec<(Vec<String>, Tag, String)>) {
        match value {
            Value::String(tag, text) => texts.push((path.clone(), *tag, text.clone())),
            Value::Dict(_, dict) => {
                for (name, value) in dict {
                    path.push(name.clone());
                    collect(value, path, texts);
                    path.pop();
                }
            }
            Value::Array(_, elements) => {
                for (number, element) in elements.iter().enumerate() {
                    path.push(number.to_string());
                    collect(element, path, texts);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&Value::from(dict.clone()), &mut Vec::new(), &mut found);
    found
}

fn set(dict: &mut Dict, path: &[String], text: String) {
    fn put(value: &mut Value, path: &[String], text: String) {
        match (path.split_first(), value) {
            (None, Value::String(_, old)) => *old = text,
            (Some((first, rest)), Value::Dict(_, dict)) => {
                if let Some(value) = dict.get_mut(first) {
                    put(value, rest, text);
                }
            }
            (Some((first, rest)), Value::Array(_, elements)) => {
                let number: Option<usize> = first.parse().ok();
                if let Some(element) = number.and_then(|number| elements.get_mut(number)) {
                    put(element, rest, text);
                }
            }
            _ => {}
        }
    }
    if let Some((first, rest)) = path.split_first()
        && let Some(value) = dict.get_mut(first)
    {
        put(value, rest, text);
    }
}
