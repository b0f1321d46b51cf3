//! Which store the keys of `state_backend` mean, and which of them go with it.

use eventflux::sql::diagnostic::Code;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::decode::Mistake;
use super::layer::Layer;
use super::model::StateStore;
use super::tree::{Node, NodeValue};

/// Where the keys stand.
pub(crate) const GROUP: &str = "eventflux.distributed.state_backend";

/// Keys that say where; one of them at the most.
pub(super) const PLACES: [&str; 3] = ["path", "url", "endpoints"];
/// Keys that only some stores have.
const PARTICULAR: [&str; 6] = ["path", "url", "endpoints", "password", "pool_size", "options"];

/// A store, in a sentence.
pub(crate) fn noun(store: StateStore) -> &'static str {
    match store {
        StateStore::Directory => "directory",
        StateStore::Redis => "Redis",
        StateStore::ObjectStore => "object store",
        StateStore::Memory => "memory",
    }
}

/// The store that an address belongs to.
pub(crate) fn of_url(url: &str) -> StateStore {
    match url.split_once("://").map(|(scheme, _)| scheme) {
        None | Some("file") => StateStore::Directory,
        Some("memory") => StateStore::Memory,
        Some(scheme) if scheme.starts_with("redis") => StateStore::Redis,
        Some(_) => StateStore::ObjectStore,
    }
}

/// What is wrong with the keys of one layer.
pub(super) fn misfits(tree: &Node) -> Vec<Mistake> {
    let Some(group) = group(tree) else {
        return Vec::new();
    };
    let path = |name: &str| format!("{GROUP}.{name}");
    let places: Vec<&str> = PLACES.into_iter().filter(|name| has(group, name)).collect();
    if let [first, second, ..] = places.as_slice() {
        let message = format!("`{first}` and `{second}` exclude each other: checkpoints have one place");
        return vec![Mistake::new(Code::ConflictingKeys, &path(second), message, None)];
    }
    let Some(store) = named(group).or_else(|| implied(group)) else {
        return Vec::new();
    };
    let misfits = PARTICULAR
        .into_iter()
        .filter(|name| has(group, name) && !takes(group, store, name));
    misfits
        .map(|name| {
            let message = format!("`{name}` does not go with the store `{store}`");
            Mistake::new(Code::ConflictingKeys, &path(name), message, help(name))
        })
        .collect()
}

fn help(name: &str) -> Option<&'static str> {
    Some(match name {
        "path" => {
            "`path` is the place of a directory; a Redis has `endpoints` or `url`, an object store `url`"
        }
        "url" => {
            "the address belongs to another kind of store; leave `implementation` out, and the address says it"
        }
        "endpoints" => {
            "`endpoints` are the nodes of a Redis; an object store and what speaks its protocol has `url`"
        }
        "options" => "`options` are those of an object store",
        _ => "a Redis has it",
    })
}

/// Makes upper layers win where several keys mean one thing: with a place, an upper layer takes those of the lower ones away, and
/// with them what only went with the other store.
pub(super) fn settle(layers: &mut [Layer]) {
    for upper in (0..layers.len()).rev() {
        let (below, rest) = layers.split_at_mut(upper);
        let Some(group) = rest.first().and_then(|layer| group(&layer.tree)) else {
            continue;
        };
        let has_place = PLACES.iter().any(|name| has(group, name));
        let is_named = named(group).is_some();
        let store = named(group).or_else(|| implied(group));
        for lower in below {
            if has_place {
                PLACES.iter().for_each(|name| remove(&mut lower.tree, name));
                if !is_named {
                    remove(&mut lower.tree, "implementation");
                }
            }
            let Some(store) = store else {
                continue;
            };
            for name in PARTICULAR {
                let fits = self::group(&lower.tree).is_some_and(|group| takes(group, store, name));
                if !fits {
                    remove(&mut lower.tree, name);
                }
            }
        }
    }
}

/// The store of all layers, and keys that do not go with it: those of layers above the one that chose it.
pub(super) fn chosen(layers: &[Layer]) -> (Option<StateStore>, Vec<(usize, Mistake)>) {
    let store_of = |layer: &Layer| {
        let group = group(&layer.tree)?;
        named(group).or_else(|| implied(group))
    };
    let chosen = layers.iter().rev().find_map(store_of);
    let Some(store) = chosen else {
        return (None, Vec::new());
    };
    let mut misfits = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let Some(group) = group(&layer.tree) else {
            continue;
        };
        for name in PARTICULAR
            .into_iter()
            .filter(|name| has(group, name) && !takes(group, store, name))
        {
            let message = format!("`{name}` does not go with the store `{store}`");
            let path = format!("{GROUP}.{name}");
            misfits.push((
                number,
                Mistake::new(Code::ConflictingKeys, &path, message, help(name)),
            ));
        }
    }
    (chosen, misfits)
}

fn group(tree: &Node) -> Option<&Node> {
    let path: Vec<&str> = GROUP.split('.').collect();
    tree.find(&path).map(|entry| &entry.value)
}

fn has(group: &Node, name: &str) -> bool {
    group.has(name)
}

fn text<'a>(group: &'a Node, name: &str) -> Option<&'a str> {
    match &group.entry(name)?.value.value {
        NodeValue::Text(text) => Some(text),
        _ => None,
    }
}

fn remove(tree: &mut Node, name: &str) {
    let path: Vec<&str> = GROUP.split('.').chain([name]).collect();
    tree.remove(&path);
}

fn named(group: &Node) -> Option<StateStore> {
    let name: StrDeserializer<'_, Error> = text(group, "implementation")?.into_deserializer();
    StateStore::deserialize(name).ok()
}

fn implied(group: &Node) -> Option<StateStore> {
    match text(group, "url") {
        // What it will be is not known yet.
        Some(url) if url.starts_with("${") => None,
        Some(url) => Some(of_url(url)),
        None if has(group, "endpoints") => Some(StateStore::Redis),
        None if has(group, "path") => Some(StateStore::Directory),
        None => None,
    }
}

fn takes(group: &Node, store: StateStore, name: &str) -> bool {
    match name {
        "path" => store == StateStore::Directory,
        "url" => text(group, "url").is_none_or(|url| url.starts_with("${") || of_url(url) == store),
        "endpoints" | "password" | "pool_size" => store == StateStore::Redis,
        "options" => store == StateStore::ObjectStore,
        _ => true,
    }
}
