//! `GET /v1/pipelines/{name}/state`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use eventflux::batch::json::JsonRows;
use eventflux::checkpoint::manifest::{Manifest, ManifestLog, PlanIdentity};
use eventflux::element::WATERMARK_MIN;
use eventflux::operator::{StateLookup, StoredEntry, StoredKey};
use eventflux::plan::{Node, PhysicalPlan};
use eventflux::sql::diagnostic::{SourceText, did_you_mean};
use eventflux::sql::{Settings, compile};
use eventflux::state::segment::SegmentSet;
use eventflux::state::store::CheckpointStore;
use eventflux_distributed::coordinator::{ClusterState, Pipeline};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::body::{Asked, Named};
use super::checkpoints::time;
use super::model::{Problem, StoredOperator, StoredState, StoredValue};
use super::refusal::Refusal;
use super::service::{Service, name_of, pipeline};
use crate::app_text;
use crate::config::value::without_passwords;

/// Which key, of which operator.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Lookup {
    /// The key: one value, or a JSON array of them in the order of GROUP BY; without it, of operators that have none
    key: Option<String>,
    /// The operator's id or name; without it, all that keep state by key
    operator: Option<String>,
}

/// What is stored of a key
///
/// Of the newest published checkpoint. Aggregates are shown as what they come to so far; what cannot be shown says why.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/state",
    operation_id = "look_up_state",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name"), Lookup),
    security(("operator" = [])),
    responses(
        (status = 200, description = "What is stored", body = StoredState),
        (status = 400, description = "The key makes no sense", body = Problem),
        (status = 404, description = "There is no such pipeline or operator", body = Problem),
        (status = 409, description = "There is no checkpoint, or this node plans the program otherwise", body = Problem)
    )
)]
pub async fn state(
    State(service): State<Service>,
    Named(name): Named,
    Asked(lookup): Asked<Lookup>,
) -> Result<Json<StoredState>, Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let values = match &lookup.key {
        Some(key) => key_values(key)?,
        None => Vec::new(),
    };
    let plan = planned(found)?;
    let nodes = chosen(&plan, lookup.operator.as_deref())?;
    let store = service
        .open_store(&found.spec)
        .await
        .map_err(|error| unreadable(&error))?;
    let newest = ManifestLog::new(Arc::clone(&store)).newest().await;
    let Some(manifest) = newest.map_err(|error| unreadable(&error))? else {
        return Err(Refusal::unready(format!(
            "pipeline `{name}` has no checkpoint yet"
        )));
    };
    let mut operators = Vec::new();
    for node in nodes {
        operators.extend(of_operator(&view.state, found, &plan, node, &values, &manifest, &store).await?);
    }
    Ok(Json(StoredState {
        name,
        checkpoint: manifest.epoch,
        generation: manifest.generation,
        operators,
    }))
}

/// The values of a key; numbers as they are written.
fn key_values(text: &str) -> Result<Vec<Option<String>>, Refusal> {
    if let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return values.into_iter().map(|value| key_value(value.get())).collect();
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) => Ok(vec![key_value(value.get())?]),
        // Text that is no JSON is itself.
        Err(_) => Ok(vec![Some(text.to_owned())]),
    }
}

/// A value of JSON as text.
fn key_value(json: &str) -> Result<Option<String>, Refusal> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json)
            .map(Some)
            .map_err(|error| Refusal::invalid(format!("the key cannot be read: {error}"))),
        Some(b'{' | b'[') => Err(Refusal::invalid(
            "a key has plain values: one, or a JSON array such as `[\"IBM\", 7]`",
        )),
        _ => Ok((json != "null").then(|| json.to_owned())),
    }
}

/// The plan that the pipeline runs.
fn planned(pipeline: &Pipeline) -> Result<PhysicalPlan, Refusal> {
    let spec = &pipeline.spec;
    let other = || {
        Refusal::unready("this node plans the program otherwise than the node that took it").help(
            "nodes of one cluster have to be of one version; ask a node of the version that it was submitted with",
        )
    };
    let mut settings = Settings::default();
    for setting in &spec.settings {
        settings.set(&setting.key, &setting.value).map_err(|_| other())?;
    }
    let source = SourceText::new(spec.name.as_str(), spec.sql.as_str());
    let app = compile(&source, &app_text::context(settings)).map_err(|_| other())?;
    match app.plan.fingerprint() == spec.plan_fingerprint {
        true => Ok(app.plan),
        false => Err(other()),
    }
}

/// The operators that are asked for.
fn chosen<'a>(plan: &'a PhysicalPlan, asked: Option<&str>) -> Result<Vec<&'a Node>, Refusal> {
    let Some(asked) = asked else {
        return Ok(plan.nodes.iter().collect());
    };
    let is_it = |node: &&Node| node.operator_id == asked || node.name == asked;
    let found: Vec<&Node> = plan.nodes.iter().filter(is_it).collect();
    match found.is_empty() {
        false => Ok(found),
        true => {
            let ids = plan.nodes.iter().map(|node| node.operator_id.as_str());
            let message = format!("there is no operator `{asked}`");
            Err(Refusal::new(StatusCode::NOT_FOUND, "unknown-operator", message)
                .help_opt(did_you_mean(asked, ids)))
        }
    }
}

/// Nothing of an operator that keeps no state by key.
async fn of_operator(
    state: &ClusterState,
    pipeline: &Pipeline,
    plan: &PhysicalPlan,
    node: &Node,
    values: &[Option<String>],
    manifest: &Manifest,
    store: &Arc<dyn CheckpointStore>,
) -> Result<Option<StoredOperator>, Refusal> {
    let mut shown = StoredOperator {
        operator: node.operator_id.clone(),
        name: node.name.clone(),
        key: Vec::new(),
        key_group: None,
        owner: None,
        entries: Vec::new(),
        problem: None,
    };
    let lookup = match StateLookup::of(plan, node.id) {
        Ok(Some(lookup)) => lookup,
        Ok(None) => return Ok(None),
        Err(problem) => {
            shown.problem = Some(problem);
            return Ok(Some(shown));
        }
    };
    shown.key = lookup
        .key_fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let key = match lookup.key(values) {
        Ok(key) => key,
        Err(problem) => {
            shown.problem = Some(problem);
            return Ok(Some(shown));
        }
    };
    shown.key_group = Some(u32::from(key.key_group()));
    let assignment = pipeline.assignment.as_ref();
    let owner = assignment.and_then(|assignment| assignment.owner(usize::from(key.key_group())));
    shown.owner = owner.map(|owner| name_of(state, owner));
    let identity = PlanIdentity::of(plan);
    let now = identity
        .operator(&node.operator_id)
        .map(|operator| operator.state_fingerprint);
    let then = manifest
        .plan
        .operator(&node.operator_id)
        .map(|operator| operator.state_fingerprint);
    if now != then {
        shown.problem =
            Some("the checkpoint is of a program in which this operator did something else".to_owned());
        return Ok(Some(shown));
    }
    let entries = read(lookup, key, node.operator_id.clone(), manifest, store).await;
    for entry in entries.map_err(|error| unreadable(&error))? {
        shown
            .entries
            .push(value(&entry).map_err(|error| unreadable(&error))?);
    }
    Ok(Some(shown))
}

async fn read(
    lookup: StateLookup,
    key: StoredKey,
    operator_id: String,
    manifest: &Manifest,
    store: &Arc<dyn CheckpointStore>,
) -> eventflux::Result<Vec<StoredEntry>> {
    let segments = manifest.segments.iter();
    let with_rows: Vec<_> = segments
        .filter(|segment| segment.operators.contains(&operator_id))
        .cloned()
        .collect();
    let mut times = manifest.times.iter();
    let time = times.find(|time| time.operator_id == operator_id && time.partition.is_none());
    let watermark = time.map_or(WATERMARK_MIN, |time| time.time_us);
    let set = SegmentSet::open(Arc::clone(store), &with_rows).await?;
    let tokio = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        let group = key.key_group();
        let mut rows = set.reader(&operator_id, move |other| other == group, &tokio);
        lookup.find(&key, watermark, &mut rows)
    });
    reading
        .await
        .map_err(|error| eventflux::Error::Bug(format!("a checkpoint cannot be read: {error}")))?
}

fn value(entry: &StoredEntry) -> eventflux::Result<StoredValue> {
    let mut text = Vec::new();
    JsonRows::new(&entry.values)?.write(0, &mut text);
    Ok(StoredValue {
        start: entry.bounds_us.map(|(start, _)| time(start)),
        end: entry.bounds_us.map(|(_, end)| time(end)),
        rows: entry.row_count,
        values: serde_json::from_slice(&text).unwrap_or(Value::Null),
        failures: entry.failures.clone(),
    })
}

fn unreadable(error: &eventflux::Error) -> Refusal {
    let message = without_passwords(&error.to_string());
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_value_or_a_list_of_them() {
        let some = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            ("IBM", vec![some("IBM")]),
            ("\"7\"", vec![some("7")]),
            ("7", vec![some("7")]),
            ("1.50", vec![some("1.50")]),
            ("null", vec![None]),
            (
                "[\"a\", 7, null, true]",
                vec![some("a"), some("7"), None, some("true")],
            ),
            ("[]", vec![]),
            ("[half", vec![some("[half")]),
        ] {
            assert_eq!(key_values(text).unwrap(), expected, "{text}");
        }
        assert!(key_values("{\"a\": 1}").is_err());
        assert!(key_values("[[1]]").is_err());
    }
}
