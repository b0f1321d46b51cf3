//! All keys, as the types of [`model`](super::model) have them.

use std::sync::LazyLock;

use schemars::schema_for;
use serde_json::{Value, json};

use super::model::Config;

/// A key that has a value of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// With dots between the names; a map's ends in `*`.
    pub(crate) path: String,
    /// The environment variable that sets it.
    pub(crate) env: Option<String>,
    /// What it does.
    pub(crate) doc: String,
    /// What values look like.
    pub(crate) kind: String,
    /// What holds without it.
    pub(crate) default: Option<String>,
    /// Whether its values are never shown.
    pub(crate) is_secret: bool,
}

/// Keys of which `eventflux run` has no use: they are about nodes.
pub(crate) const NODE_GROUPS: [&str; 5] = ["node", "cluster", "transport", "coordination", "admin"];

/// All keys, in the order of their declaration.
pub(crate) fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let schema = schema_for!(Config).to_value();
        let mut keys = Vec::new();
        collect(&schema, &schema, String::new(), &mut keys);
        keys
    });
    &KEYS
}

/// Whether the value at a path, or what it is a part of, is never shown.
pub(crate) fn is_secret<S: AsRef<str>>(path: &[S]) -> bool {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    keys().iter().filter(|key| key.is_secret).any(|key| {
        let names: Vec<&str> = key.path.split('.').filter(|name| *name != "*").collect();
        path.starts_with(&names)
    })
}

/// Whether the value at a path is an address, or may be meant to be one.
pub(crate) fn is_address<S: AsRef<str>>(path: &[S]) -> bool {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    let below = path.strip_prefix(&["eventflux", "distributed", "state_backend"]);
    matches!(below, Some(["implementation" | "url" | "endpoints", ..]))
}

fn collect(root: &Value, schema: &Value, path: String, keys: &mut Vec<Key>) {
    let resolved = resolve(root, schema);
    if let Some(properties) = resolved.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            let path = match path.is_empty() {
                true => name.clone(),
                false => format!("{path}.{name}"),
            };
            collect(root, property, path, keys);
        }
        return;
    }
    let text = |name: &str| schema.get(name).and_then(Value::as_str).map(str::to_owned);
    let values = resolved.get("additionalProperties");
    let is_secret = [Some(resolved), values, resolved.get("items")]
        .into_iter()
        .flatten()
        .any(|schema| schema.get("writeOnly") == Some(&Value::Bool(true)));
    keys.push(Key {
        path: match values {
            Some(_) => format!("{path}.*"),
            None => path,
        },
        env: text("x-env"),
        doc: text("description").unwrap_or_default(),
        kind: kind(root, resolved),
        default: schema.get("default").and_then(default),
        is_secret,
    });
}

/// Follows references, also where the value may be left out.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let null = Value::from("null");
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let choice = choices.and_then(|choices| choices.iter().find(|choice| choice.get("type") != Some(&null)));
    let schema = choice.unwrap_or(schema);
    let definition = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')));
    definition.unwrap_or(schema)
}

fn default(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(elements) if elements.is_empty() => None,
        Value::Object(entries) if entries.is_empty() => None,
        value => Some(value.to_string()),
    }
}

/// What values look like, in a word or as the list of all.
fn kind(root: &Value, schema: &Value) -> String {
    let choices = |list: &Value| -> Option<String> {
        let names = list.as_array()?.iter().map(|choice| {
            let choice = choice.get("const").unwrap_or(choice);
            choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)
        });
        Some(names.collect::<Vec<_>>().join(" \\| "))
    };
    if let Some(kind) = schema.get("enum").or(schema.get("oneOf")).and_then(choices) {
        return kind;
    }
    if let Some(kind) = schema.get("const").and_then(Value::as_str) {
        return kind.to_owned();
    }
    if let Some(values) = schema.get("additionalProperties") {
        return format!("map of {}", kind_of_many(root, values));
    }
    if let Some(elements) = schema.get("items") {
        return format!("list of {}", kind_of_many(root, elements));
    }
    let first = match schema.get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    match first {
        Some("integer") => match (schema.get("minimum"), schema.get("maximum")) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            _ => "whole number".to_owned(),
        },
        Some("boolean") => "true \\| false".to_owned(),
        // A size may be a bare number, too.
        _ if schema.get("pattern").is_some() => match schema.get("type") {
            Some(Value::Array(types)) if types.contains(&json!("integer")) => "size".to_owned(),
            _ => "duration".to_owned(),
        },
        _ => "text".to_owned(),
    }
}

fn kind_of_many(root: &Value, schema: &Value) -> String {
    match kind(root, resolve(root, schema)).as_str() {
        "text" => "texts".to_owned(),
        other => other.to_owned(),
    }
}
