//! GROUPING SETS, ROLLUP and CUBE: each row once per set, then one aggregation.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{Aggregate, Expr, GroupingSet};
use eventflux_core::plan::{Exchange, ExpandSpec, OperatorSpec};

use super::aggregate::{Arranged, GroupWindow, Key, bound_exprs, logical_keys, sets_of};
use super::call::Call;
use super::expression::as_column;
use super::graph::NewNode;
use super::rel::Rel;
use super::translator::Translator;
use crate::diagnostic::{Code, Diagnostic};

/// More sets than this are refused: each row would become as many.
const SET_COUNT_MAX: usize = 4_096;

impl Translator<'_> {
    /// Arranges rows for an aggregation over several sets of keys.
    pub(super) fn arrange_sets(
        &mut self,
        rel: Rel,
        set: &GroupingSet,
        aggregate: &Aggregate,
    ) -> Result<Arranged> {
        let exprs: Vec<Expr> = set.distinct_expr().into_iter().cloned().collect();
        let sets = self.sets(set, &exprs)?;
        let common: Vec<Expr> = exprs
            .iter()
            .enumerate()
            .filter(|(position, _)| sets.iter().all(|set| set[*position]))
            .map(|(_, expr)| expr.clone())
            .collect();
        // A session has to be known before its rows are multiplied.
        let is_session = rel
            .window
            .as_ref()
            .is_some_and(super::window::PendingWindow::is_session);
        let rel = if is_session { self.assign_window(rel)? } else { rel };
        let calls = self.calls(&aggregate.aggr_expr)?;
        let rel = self.window_for_exprs(rel, &exprs, &calls)?;
        let (rel, window) = self.window_of_keys(rel, &common)?;
        let keys = logical_keys(&exprs, &rel, window.is_some());
        let bounds = [rel.bounds.start, rel.bounds.end];
        let has_bound = exprs.iter().any(|expr| {
            let column = as_column(expr, &rel.schema);
            column.is_some() && bounds.contains(&column)
        });
        if has_bound && window.is_none() {
            let message = "a bound of the window is in some grouping sets and not in all";
            self.report(
                Diagnostic::error(Code::InvalidWindow, self.span.unwrap_or_default(), message)
                    .with_help("write `GROUP BY window_start, window_end, ROLLUP (…)`"),
            );
        }
        let plain: Vec<usize> = (0..exprs.len())
            .filter(|position| matches!(keys[*position], Key::Plain(_)))
            .collect();
        let mut needed: Vec<Expr> = plain.iter().map(|position| exprs[*position].clone()).collect();
        needed.extend(calls.iter().flat_map(Call::exprs));
        let is_attached = window == Some(GroupWindow::Attached);
        if is_attached {
            needed.extend(bound_exprs(&rel));
        }
        let window_spec = rel.window.as_ref().map(|window| window.spec.clone());
        let (mut rel, slots) = self.arrange(rel, &needed)?;
        rel.window = None;
        let id_type = aggregate
            .schema
            .field_with_unqualified_name(Aggregate::INTERNAL_GROUPING_ID)
            .map(|field| Arc::new(field.as_ref().clone().with_nullable(false)))?;
        let spec = ExpandSpec {
            keys: slots[..plain.len()].to_vec(),
            sets: sets
                .iter()
                .map(|set| plain.iter().map(|position| set[*position]).collect())
                .collect(),
            grouping_ids: grouping_ids(&sets),
        };
        let first_copy = self.graph.node(rel.node).schema.fields().len();
        rel = self.expand(rel, spec, id_type);
        let window = window.and_then(|window| window.time(window_spec, &slots));
        let calls = self.place_calls(calls, &slots[plain.len()..], aggregate, &rel)?;
        let mut logical_keys = keys;
        logical_keys.push(Key::Plain(plain.len()));
        let keys = (first_copy..=first_copy + plain.len()).collect();
        Ok(Arranged {
            rel,
            window,
            keys,
            logical_keys,
            calls,
        })
    }

    /// For each set, for each key, whether the set has it.
    fn sets(&mut self, set: &GroupingSet, exprs: &[Expr]) -> Result<Vec<Vec<bool>>> {
        let count = match set {
            GroupingSet::Cube(keys) => 1_usize.checked_shl(keys.len() as u32).unwrap_or(usize::MAX),
            GroupingSet::Rollup(keys) => keys.len() + 1,
            GroupingSet::GroupingSets(sets) => sets.len(),
        };
        if count > SET_COUNT_MAX || exprs.len() > 32 {
            let message = format!("GROUP BY has {count} grouping sets, and at most {SET_COUNT_MAX} are made");
            self.report(Diagnostic::error(
                Code::NotSupported,
                self.span.unwrap_or_default(),
                message,
            ));
            return Err(DataFusionError::Plan("too many grouping sets".to_owned()));
        }
        Ok(sets_of(set)
            .iter()
            .map(|set| exprs.iter().map(|expr| set.contains(expr)).collect())
            .collect())
    }

    fn expand(&mut self, mut rel: Rel, spec: ExpandSpec, id: Arc<Field>) -> Rel {
        let input = Arc::clone(&self.graph.node(rel.node).schema);
        let mut fields: Vec<_> = input.fields().iter().cloned().collect();
        for key in &spec.keys {
            fields.push(Arc::new(input.field(*key).clone().with_nullable(true)));
        }
        fields.push(id);
        let new = NewNode {
            operator_id: self.operator_id("expand"),
            name: "expand".to_owned(),
            spec: OperatorSpec::Expand(spec),
            schema: Arc::new(Schema::new(fields)),
            changelog: rel.changelog(),
            parallelism: rel.parallelism,
            span: self.span,
        };
        let node = self.add(new, &rel.errors);
        self.graph.connect(rel.node, node, 0, Exchange::Forward);
        rel.node = node;
        rel
    }
}

/// The id of each set: a bit per key, set where the set does not have it, the last key's lowest; above them, a number for
/// sets that occur more than once.
fn grouping_ids(sets: &[Vec<bool>]) -> Vec<u64> {
    let mask = |set: &Vec<bool>| set.iter().fold(0_u64, |mask, has| (mask << 1) | u64::from(!has));
    let mut seen: Vec<u64> = Vec::new();
    sets.iter()
        .map(|set| {
            let own = mask(set);
            let ordinal = seen.iter().filter(|other| **other == own).count() as u64;
            seen.push(own);
            own | (ordinal << set.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_keys_and_repeated_sets_apart() {
        let sets = vec![
            vec![true, true],
            vec![true, false],
            vec![false, true],
            vec![true, false],
        ];
        assert_eq!(grouping_ids(&sets), [0b00, 0b01, 0b10, 0b101]);
    }
}
