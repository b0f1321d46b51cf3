//! A window in a logical plan: its input's columns, then `window_start`, `window_end`, `window_time`.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion_common::{DFSchema, DFSchemaRef, DataFusionError, Result, TableReference};
use datafusion_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use eventflux_core::plan::WindowSpec;

use crate::catalog::timestamp;
use crate::diagnostic::Span;
use crate::statement::WindowForm;

/// The first moment of a row's window.
pub(crate) const WINDOW_START: &str = "window_start";
/// The moment after its last.
pub(crate) const WINDOW_END: &str = "window_end";
/// Its last moment: the event time of what the window gives.
pub(crate) const WINDOW_TIME: &str = "window_time";

/// Assigns rows to windows.
#[derive(Debug, Clone)]
pub(crate) struct WindowNode {
    /// What is cut into windows.
    pub(crate) input: Arc<LogicalPlan>,
    /// Which windows.
    pub(crate) spec: WindowSpec,
    /// How the window is written.
    pub(crate) form: WindowForm,
    /// The time column that the text names; it must be the input's event time.
    pub(crate) time: Option<Expr>,
    /// The keys of sessions.
    pub(crate) partition_by: Vec<Expr>,
    /// Where the time column is written.
    pub(crate) time_span: Span,
    /// Where the window is written.
    pub(crate) span: Span,
    qualifier: Option<TableReference>,
    schema: DFSchemaRef,
}

/// The parts of a [`WindowNode`] but its input.
pub(crate) struct WindowParts {
    pub(crate) spec: WindowSpec,
    pub(crate) form: WindowForm,
    pub(crate) time: Option<Expr>,
    pub(crate) partition_by: Vec<Expr>,
    pub(crate) time_span: Span,
    pub(crate) span: Span,
    /// The qualifier of the window's columns.
    pub(crate) qualifier: Option<TableReference>,
}

impl WindowNode {
    pub(crate) fn try_new(input: Arc<LogicalPlan>, parts: WindowParts) -> Result<Self> {
        let WindowParts {
            spec,
            form,
            time,
            partition_by,
            time_span,
            span,
            qualifier,
        } = parts;
        let mut fields: Vec<_> = input
            .schema()
            .iter()
            .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
            .collect();
        for name in [WINDOW_START, WINDOW_END, WINDOW_TIME] {
            fields.push((qualifier.clone(), Arc::new(Field::new(name, timestamp(), false))));
        }
        let schema = Arc::new(DFSchema::new_with_metadata(
            fields,
            input.schema().metadata().clone(),
        )?);
        Ok(Self {
            input,
            spec,
            form,
            time,
            partition_by,
            time_span,
            span,
            qualifier,
            schema,
        })
    }

    /// The node as a plan.
    pub(crate) fn into_plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }

    /// The window of an extension node, if it is one.
    pub(crate) fn of(extension: &Extension) -> Option<&WindowNode> {
        extension.node.as_any().downcast_ref()
    }

    /// Whether a filter gives the same result before the window as behind it.
    ///
    /// Rows that a condition removes still hold sessions together if the condition stands behind the session function.
    /// In the clause and the group form, WHERE always means what enters the window.
    pub(crate) fn filters_before(&self) -> bool {
        !matches!(self.spec, WindowSpec::Session { .. }) || self.form != WindowForm::Function
    }
}

impl UserDefinedLogicalNodeCore for WindowNode {
    fn name(&self) -> &str {
        "Window"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.time.iter().chain(&self.partition_by).cloned().collect()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        if self.filters_before() {
            return [WINDOW_START, WINDOW_END, WINDOW_TIME].map(str::to_owned).into();
        }
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window: {}", SpecText(&self.spec))?;
        for (position, key) in self.partition_by.iter().enumerate() {
            write!(f, "{}{key}", if position == 0 { " partition by " } else { ", " })?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut exprs = exprs.into_iter();
        let time = if self.time.is_some() { exprs.next() } else { None };
        let input = inputs
            .into_iter()
            .next()
            .ok_or_else(|| DataFusionError::Internal("a window has one input".to_owned()))?;
        let parts = WindowParts {
            spec: self.spec.clone(),
            form: self.form,
            time,
            partition_by: exprs.collect(),
            time_span: self.time_span,
            span: self.span,
            qualifier: self.qualifier.clone(),
        };
        Self::try_new(Arc::new(input), parts)
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let input_count = self.input.schema().fields().len();
        Some(vec![
            output_columns
                .iter()
                .copied()
                .filter(|index| *index < input_count)
                .collect(),
        ])
    }
}

impl WindowNode {
    fn identity(&self) -> (&LogicalPlan, &WindowSpec, &Option<Expr>, &[Expr], Span) {
        (&self.input, &self.spec, &self.time, &self.partition_by, self.span)
    }
}

impl PartialEq for WindowNode {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for WindowNode {}

impl Hash for WindowNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for WindowNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

/// A window's lengths for plans.
struct SpecText<'a>(&'a WindowSpec);

impl fmt::Display for SpecText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |us: i64| format!("{}s", us as f64 / 1e6);
        match self.0 {
            WindowSpec::Tumble { size_us, .. } => write!(f, "tumble {}", seconds(*size_us)),
            WindowSpec::Hop {
                slide_us, size_us, ..
            } => {
                write!(f, "hop {} every {}", seconds(*size_us), seconds(*slide_us))
            }
            WindowSpec::Cumulate { step_us, size_us, .. } => {
                write!(f, "cumulate {} by {}", seconds(*size_us), seconds(*step_us))
            }
            WindowSpec::Session { gap_us } => write!(f, "session gap {}", seconds(*gap_us)),
        }
    }
}
