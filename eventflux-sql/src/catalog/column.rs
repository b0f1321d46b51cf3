//! Declared columns.

use arrow::datatypes::FieldRef;
use datafusion_expr::Expr;

use crate::diagnostic::Span;

/// A column of a relation.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Name, type and nullability.
    pub(crate) field: FieldRef,
    /// Where its values come from.
    pub(crate) origin: ColumnOrigin,
    /// Its declaration; absent where the query that is inserted made the column.
    pub(crate) span: Option<Span>,
}

/// Where a column's values come from.
#[derive(Debug, Clone)]
pub(crate) enum ColumnOrigin {
    /// The decoded row.
    Physical,
    /// What the connector knows about the row, under this key.
    Metadata {
        /// The connector's name for it.
        key: String,
        /// Where the key is written.
        key_span: Span,
    },
    /// The other columns: an expression over the physical and metadata columns, its types settled.
    Computed(Box<Expr>),
}

impl Column {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.field.name()
    }

    /// Whether its values are computed from other columns.
    pub(crate) fn is_computed(&self) -> bool {
        matches!(self.origin, ColumnOrigin::Computed(_))
    }
}
