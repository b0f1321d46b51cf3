//! Continuous queries that write into a relation.

use sqlparser::ast::{Ident, ObjectName};

use super::Query;
use crate::diagnostic::Span;

/// `INSERT INTO target [(columns)] query`, or the trailing form `query INSERT INTO target`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// What is written to; created with the query's schema if nothing declares it.
    pub target: ObjectName,
    /// Where the target is written.
    pub target_span: Span,
    /// The target's columns in the order of the query's; empty for all in their declared order.
    pub columns: Vec<Ident>,
    /// What is inserted. `VALUES …` is a query whose body is a `SetExpr::Values`.
    pub query: Query,
    /// `INSERT CURRENT | EXPIRED | ALL EVENTS INTO`.
    pub events: EventSelection,
}

/// Which rows of a clause window are inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EventSelection {
    /// Rows as they enter (the default).
    #[default]
    Current,
    /// Rows as they leave.
    Expired,
    /// Both.
    All,
}
