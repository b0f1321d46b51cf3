//! The JSON schema of configuration files, made from the types of [`model`](super::model).

use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::model::{Config, Consensus, StateStore, TransportKind};

/// The JSON schema of configuration files.
pub fn schema() -> Value {
    let mut schema = schema_for!(Config).to_value();
    tidy(&mut schema);
    short_forms(&mut schema);
    schema
}

/// `null` is nothing, which every key may be; and a group's default says no more than those of its keys.
fn tidy(schema: &mut Value) {
    if let Value::Array(elements) = schema {
        elements.iter_mut().for_each(tidy);
    }
    let Value::Object(map) = schema else {
        return;
    };
    map.values_mut().for_each(tidy);
    let null = json!("null");
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|kind| *kind != null);
        if let [one] = types.as_slice() {
            let one = one.clone();
            map.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&null));
        if let [Value::Object(one)] = choices.as_slice() {
            let one = one.clone();
            map.remove("anyOf");
            map.extend(one);
        }
    }
    if matches!(map.get("default"), Some(Value::Object(_) | Value::Null)) {
        map.remove("default");
    }
}

fn short_forms(schema: &mut Value) {
    fn names<T: serde::Serialize>(choices: &[T]) -> Value {
        let names = choices.iter().map(|choice| json!(choice));
        json!({"enum": names.collect::<Vec<_>>()})
    }
    let stores = [
        StateStore::Directory,
        StateStore::Redis,
        StateStore::ObjectStore,
        StateStore::Memory,
    ];
    let forms = [
        ("state_backend", names(&stores)),
        ("transport", names(&[TransportKind::Tcp, TransportKind::Grpc])),
        ("coordination", names(&[Consensus::Raft])),
    ];
    let mut state_backend = Value::Null;
    if let Some(properties) = properties(schema, "Distributed") {
        for (key, short) in forms {
            let Some(Value::Object(property)) = properties.get_mut(key) else {
                continue;
            };
            if let Some(reference) = property.remove("$ref") {
                property.insert("anyOf".into(), json!([short, {"$ref": reference}]));
            }
        }
        state_backend = properties.get("state_backend").cloned().unwrap_or_default();
        let node_id = json!({"type": "string", "description": "Short for `node: {node_id: …}`"});
        properties.insert("node_id".into(), node_id);
    }
    if let Some(properties) = properties(schema, "EventFlux") {
        properties.insert("state_backend".into(), state_backend);
    }
}

fn properties<'a>(schema: &'a mut Value, definition: &str) -> Option<&'a mut Map<String, Value>> {
    let definition = schema.get_mut("$defs")?.get_mut(definition)?;
    definition.get_mut("properties")?.as_object_mut()
}
