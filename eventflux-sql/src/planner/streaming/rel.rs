//! A translated part of a logical plan: which operator gives its rows, and where its columns are.

use arrow::datatypes::FieldRef;
use datafusion_common::DFSchemaRef;
use eventflux_core::expr::Expression;
use eventflux_core::plan::{ChangelogMode, ErrorPolicy, NamedExpression, NodeId, Parallelism};

use super::window::PendingWindow;
use crate::catalog::RelationId;
use crate::planner::streaming::dead_letter::Target;

/// Rows on their way.
///
/// **Slots** are the columns of the pending projection if there is one, else those of the node. Filters and a projection
/// wait here until another operator needs them done, so that they become one calc.
#[derive(Debug, Clone)]
pub(super) struct Rel {
    /// The operator that gives the rows.
    pub(super) node: NodeId,
    /// The logical columns.
    pub(super) schema: DFSchemaRef,
    /// Where each logical column is.
    pub(super) columns: Vec<Place>,
    /// Filters and projection to be done.
    pub(super) calc: PendingCalc,
    /// A window to be assigned behind them.
    pub(super) window: Option<PendingWindow>,
    /// The logical columns that are the bounds of an assigned or aggregated window.
    pub(super) bounds: Bounds,
    /// The logical column that is the rows' event time.
    pub(super) time: Option<usize>,
    /// Whether rows change, and which logical columns identify one.
    pub(super) changes: Changes,
    /// How many subtasks give the rows.
    pub(super) parallelism: Parallelism,
    /// What becomes of rows that fail.
    pub(super) errors: ErrorRoute,
    /// What windows over the rows do with late ones.
    pub(super) lateness: Lateness,
}

/// Where a logical column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A slot.
    Slot(usize),
    /// The start of the pending window.
    WindowStart,
    /// The end of the pending window.
    WindowEnd,
    /// The time of the pending window.
    WindowTime,
}

/// Filters, then a projection.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingCalc {
    pub(super) filters: Vec<Expression>,
    pub(super) projection: Option<Vec<NamedExpression>>,
}

/// Logical columns that hold a window's bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) start: Option<usize>,
    pub(super) end: Option<usize>,
    pub(super) time: Option<usize>,
}

/// Whether rows change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changes {
    /// Rows are only added.
    Append,
    /// Rows are changed and taken back.
    Changelog {
        /// The logical columns that identify a row.
        unique_key: Option<Vec<usize>>,
    },
}

impl Changes {
    pub(super) fn is_append(&self) -> bool {
        matches!(self, Changes::Append)
    }
}

/// Where failing rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorRoute {
    pub(super) policy: ErrorPolicy,
    /// The stream of dead letters.
    pub(super) target: Target,
    /// The rows are dead letters themselves (or come from some): their failures cannot become dead letters again.
    pub(super) is_dead_letter: bool,
}

/// What windows do with late rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Lateness {
    /// How long a closed window is corrected.
    pub(super) allowed_us: i64,
    /// The source whose late rows go to a stream of their own.
    pub(super) origin: Option<Origin>,
}

/// The columns of a source, carried along for its late rows.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The source.
    pub(super) relation: RelationId,
    /// The slot of each of its columns; `None` once they are lost, with what lost them.
    pub(super) slots: Result<Vec<usize>, &'static str>,
}

impl Rel {
    /// The slot of a logical column, if it is not a bound of the pending window.
    pub(super) fn slot(&self, column: usize) -> Option<usize> {
        match self.columns.get(column) {
            Some(Place::Slot(slot)) => Some(*slot),
            _ => None,
        }
    }

    /// The field of a logical column.
    pub(super) fn field(&self, column: usize) -> &FieldRef {
        self.schema.field(column)
    }

    /// The changelog mode of a node whose columns are these slots.
    pub(super) fn changelog(&self) -> ChangelogMode {
        match &self.changes {
            Changes::Append => ChangelogMode::Append,
            Changes::Changelog { unique_key } => ChangelogMode::Changelog {
                unique_key: unique_key
                    .as_ref()
                    .and_then(|key| key.iter().map(|column| self.slot(*column)).collect()),
            },
        }
    }

    /// Slots that every projection has to keep besides its own columns.
    pub(super) fn carried(&self) -> Vec<usize> {
        let mut slots = Vec::new();
        if let Some(Origin {
            slots: Ok(origin), ..
        }) = &self.lateness.origin
        {
            slots.extend(origin);
        }
        if let Some(window) = &self.window {
            slots.extend(&window.partition_by);
        }
        slots
    }

    /// Renumbers the slots that are carried.
    pub(super) fn renumber_carried(&mut self, new_slot: impl Fn(usize) -> usize) {
        if let Some(Origin { slots: Ok(slots), .. }) = &mut self.lateness.origin {
            slots.iter_mut().for_each(|slot| *slot = new_slot(*slot));
        }
        if let Some(window) = &mut self.window {
            window
                .partition_by
                .iter_mut()
                .for_each(|slot| *slot = new_slot(*slot));
        }
    }
}
