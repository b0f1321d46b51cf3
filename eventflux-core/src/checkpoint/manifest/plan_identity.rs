//! Which plan a manifest belongs to, operator by operator.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::serial::hex_u64;
use crate::plan::{NodeId, OperatorSpec, PhysicalPlan, REPEATED, STATE_TTL};

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanIdentity {
    /// [`PhysicalPlan::fingerprint`].
    #[serde(with = "hex_u64")]
    pub fingerprint: u64,
    /// How many key groups the app has, fixed for its life.
    pub key_groups: u32,
    /// The operators, in the plan's order.
    pub operators: Vec<OperatorIdentity>,
}

/// One operator of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorIdentity {
    /// Its stable id.
    pub operator_id: String,
    /// What a person calls it.
    pub name: String,
    /// What it does, in words.
    pub description: Vec<(String, String)>,
    /// Changes with everything that its state's meaning depends on: what it does, its input's and its own columns.
    #[serde(with = "hex_u64")]
    pub state_fingerprint: u64,
}

impl PlanIdentity {
    /// The identity of a plan.
    pub fn of(plan: &PhysicalPlan) -> Self {
        Self {
            fingerprint: plan.fingerprint(),
            key_groups: plan.key_groups,
            operators: plan
                .nodes
                .iter()
                .map(|node| OperatorIdentity::of(plan, node.id))
                .collect(),
        }
    }

    /// The operator with this id.
    pub fn operator(&self, operator_id: &str) -> Option<&OperatorIdentity> {
        self.operators
            .iter()
            .find(|operator| operator.operator_id == operator_id)
    }
}

impl OperatorIdentity {
    fn of(plan: &PhysicalPlan, id: NodeId) -> Self {
        let node = plan.node(id);
        let description: Vec<_> = plan
            .describe(id)
            .into_iter()
            .map(|(word, value)| (word.to_owned(), value))
            .collect();
        let inputs: Vec<_> = plan
            .inputs(id)
            .map(|edge| {
                let (schema, changelog) = plan.rows_of(edge);
                (columns(&schema), format!("{changelog:?}"))
            })
            .collect();
        let meaning = match &node.spec {
            // A position means the same whichever columns are read there.
            OperatorSpec::Source(_) => format!("{}\n{:?}", node.name, place(&description)),
            _ => format!(
                "{}\n{:?}\n{inputs:?}\n{:?}",
                node.name,
                with_any_ttl(&description),
                columns(&node.schema)
            ),
        };
        Self {
            operator_id: node.operator_id.clone(),
            name: node.name.clone(),
            description,
            state_fingerprint: xxh3_64(meaning.as_bytes()),
        }
    }
}

/// A description in which it only counts whether state is forgotten, and not when: that may change.
fn with_any_ttl(description: &[(String, String)]) -> Vec<(String, String)> {
    let any = |(word, value): &(String, String)| match word.as_str() {
        STATE_TTL => Some((word.clone(), String::new())),
        REPEATED => None,
        _ => Some((word.clone(), value.clone())),
    };
    description.iter().filter_map(any).collect()
}

/// What a source reads.
fn place(description: &[(String, String)]) -> Vec<&(String, String)> {
    let is_place = |word: &str| matches!(word, "connector" | "options" | "rows");
    description.iter().filter(|(word, _)| is_place(word)).collect()
}

fn columns(schema: &arrow::datatypes::Schema) -> Vec<(String, String, bool)> {
    let columns = schema.fields().iter();
    columns
        .map(|field| {
            (
                field.name().clone(),
                field.data_type().to_string(),
                field.is_nullable(),
            )
        })
        .collect()
}
