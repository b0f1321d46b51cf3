//! Whether stored state fits a plan, operator by operator.

use std::collections::BTreeSet;
use std::fmt;

use crate::checkpoint::manifest::{Manifest, OperatorIdentity, PlanIdentity};
use crate::plan::{OperatorSpec, PhysicalPlan, SourceKind};

/// What becomes of an operator's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes on from it.
    Kept,
    /// It has none and starts empty.
    New,
    /// The query has no such operator any more, or one that does something else: why.
    Dropped(String),
}

/// An operator and what becomes of its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorFate {
    /// The operator's stable id.
    pub operator_id: String,
    /// What a person calls it.
    pub name: String,
    /// What becomes of its state.
    pub fate: Fate,
}

/// What a plan does with the state of a checkpoint. Shows itself as a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateFit {
    /// The operators that have state, or may have, in the order of the checkpoint's plan, then of the new one.
    pub operators: Vec<OperatorFate>,
}

impl StateFit {
    /// Whether state would be lost.
    pub fn drops_state(&self) -> bool {
        self.operators
            .iter()
            .any(|operator| matches!(operator.fate, Fate::Dropped(_)))
    }

    /// Whether nothing of the state has a place in the plan.
    pub fn is_another_app(&self) -> bool {
        self.drops_state() && !self.operators.iter().any(|operator| operator.fate == Fate::Kept)
    }
}

impl fmt::Display for StateFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&OperatorFate) -> &str| {
            let widths = self
                .operators
                .iter()
                .map(|operator| text(operator).chars().count());
            widths.max().unwrap_or_default()
        };
        let (names, ids) = (width(|one| &one.name), width(|one| &one.operator_id));
        for (
            index,
            OperatorFate {
                operator_id,
                name,
                fate,
            },
        ) in self.operators.iter().enumerate()
        {
            let (word, reason) = match fate {
                Fate::Kept => ("kept", ""),
                Fate::New => ("new", ""),
                Fate::Dropped(reason) => ("dropped", reason.as_str()),
            };
            let line = format!("  {word:<7}  {name:<names$}  {operator_id:<ids$}  {reason}");
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Compares a checkpoint with a plan.
pub(crate) struct Fit<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) plan: &'a PhysicalPlan,
    pub(crate) identity: &'a PlanIdentity,
}

impl Fit<'_> {
    /// What becomes of all state.
    pub(crate) fn state_fit(&self) -> StateFit {
        let stored = self.stored();
        let of_manifest = self.manifest.plan.operators.iter();
        let known = of_manifest.filter(|operator| stored.contains(operator.operator_id.as_str()));
        let mut operators: Vec<OperatorFate> = known
            .map(|operator| OperatorFate {
                operator_id: operator.operator_id.clone(),
                name: operator.name.clone(),
                fate: self.fate(operator),
            })
            .collect();
        let with_state = self.plan.nodes.iter().filter(|node| holds_state(&node.spec));
        let is_new = |operator_id: &str| self.manifest.plan.operator(operator_id).is_none();
        let new = with_state.filter(|node| is_new(&node.operator_id));
        operators.extend(new.map(|node| OperatorFate {
            operator_id: node.operator_id.clone(),
            name: node.name.clone(),
            fate: Fate::New,
        }));
        StateFit { operators }
    }

    /// The operators of the checkpoint that a restart without it would do differently.
    fn stored(&self) -> BTreeSet<&str> {
        let segments = self
            .manifest
            .segments
            .iter()
            .flat_map(|segment| &segment.operators);
        let sources = self.manifest.sources.iter().map(|source| &source.operator_id);
        let sinks = self.manifest.sinks.iter().map(|sink| &sink.operator_id);
        segments.chain(sources).chain(sinks).map(String::as_str).collect()
    }

    fn fate(&self, stored: &OperatorIdentity) -> Fate {
        match self.identity.operator(&stored.operator_id) {
            None => Fate::Dropped("it is not in the query any more".into()),
            Some(now) if now.state_fingerprint == stored.state_fingerprint => Fate::Kept,
            Some(now) => Fate::Dropped(difference(stored, now)),
        }
    }
}

/// Whether a restart without an operator's state would give something else.
fn holds_state(spec: &OperatorSpec) -> bool {
    match spec {
        OperatorSpec::Calc(_)
        | OperatorSpec::Union
        | OperatorSpec::EventTime(_)
        | OperatorSpec::Expand(_)
        | OperatorSpec::AfterImage(_)
        | OperatorSpec::InProcessSink(_) => false,
        OperatorSpec::Source(source) => {
            !matches!(source.kind, SourceKind::InProcess | SourceKind::DeadLetters)
        }
        _ => true,
    }
}

/// What an operator does differently, in words.
fn difference(stored: &OperatorIdentity, now: &OperatorIdentity) -> String {
    let value = |operator: &OperatorIdentity, word: &str| {
        let found = operator.description.iter().find(|(other, _)| other == word);
        found.map_or_else(|| "nothing".to_owned(), |(_, value)| value.clone())
    };
    let words = stored.description.iter().chain(&now.description);
    let words: BTreeSet<&str> = words.map(|(word, _)| word.as_str()).collect();
    let changed = words.into_iter().filter_map(|word| {
        let (before, after) = (value(stored, word), value(now, word));
        (before != after).then(|| format!("{word} was {before}, is {after}"))
    });
    match changed.collect::<Vec<_>>() {
        none if none.is_empty() => "its columns have changed".into(),
        changed => changed.join("; "),
    }
}
