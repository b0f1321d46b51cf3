//! A stream as the beginning of a query.

use std::sync::Arc;

use datafusion_common::{DataFusionError, Result};
use datafusion_expr::TableScan;

use super::rel::{Bounds, Lateness, Origin, PendingCalc, Place, Rel};
use super::translator::Translator;
use crate::planner::scanned::relation_of;

impl Translator<'_> {
    /// The rows of a stream.
    pub(super) fn scan(&mut self, scan: &TableScan) -> Result<Rel> {
        let id = relation_of(scan)?;
        let rows = self.streams.get(&id).ok_or_else(|| {
            DataFusionError::Internal(format!("{} is read before it is planned", scan.table_name))
        })?;
        let all: Vec<usize> = (0..rows.slots.len()).collect();
        let indices = scan.projection.as_ref().unwrap_or(&all);
        let columns: Option<Vec<Place>> = indices
            .iter()
            .map(|index| rows.slots.get(*index).copied().flatten().map(Place::Slot))
            .collect();
        let columns = columns.ok_or_else(|| {
            DataFusionError::Internal(format!("a column of {} was pruned", scan.table_name))
        })?;
        let engine = &self.catalog.get(id).engine;
        let origin = engine.late.as_ref().map(|_| Origin {
            relation: id,
            slots: rows
                .slots
                .iter()
                .copied()
                .collect::<Option<Vec<_>>>()
                .ok_or("columns that are not read"),
        });
        Ok(Rel {
            node: rows.node,
            schema: Arc::clone(&scan.projected_schema),
            columns,
            calc: PendingCalc::default(),
            window: None,
            bounds: Bounds::default(),
            time: rows
                .time
                .and_then(|time| indices.iter().position(|index| *index == time)),
            changes: rows.changes.clone(),
            parallelism: rows.parallelism,
            errors: rows.errors.clone(),
            lateness: Lateness {
                allowed_us: engine.allowed_lateness.map_or(0, |(us, _)| us),
                origin,
            },
        })
    }
}
