//! What goes into an aggregate and what comes out.

use arrow::array::ArrayRef;

use crate::batch::RowKind;

/// Rows for one aggregate call: those that pass its FILTER.
#[derive(Debug, Clone, Copy)]
pub struct AggregateRows<'a> {
    /// The argument columns.
    pub arguments: &'a [ArrayRef],
    /// The columns of the call's ORDER BY.
    pub order_by: &'a [ArrayRef],
    /// The kinds of the rows; `None` means that all are additions.
    pub kinds: Option<&'a [RowKind]>,
    /// A number per row that grows with arrival. Empty unless the call's result depends on arrival.
    pub arrivals: &'a [u64],
}

/// Results, one per asked group or row.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The results, of the call's output type; NULL where there is a failure.
    pub array: ArrayRef,
    /// Results that do not fit their type: where, and why.
    pub failures: Vec<(usize, String)>,
}

impl Evaluated {
    /// Results that all fit.
    pub fn fits(array: ArrayRef) -> Self {
        Self {
            array,
            failures: Vec::new(),
        }
    }
}
