//! Windows of FROM as nodes of the logical plan.

use std::sync::Arc;

use datafusion_common::{Result, TableReference};
use datafusion_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use eventflux_core::plan::WindowSpec;
use sqlparser::ast::TableFactor;

use super::bind::BoundWindow;
use super::window_node::{WindowNode, WindowParts};
use crate::statement::{Window, WindowKind};

/// Plans the windows of one query.
#[derive(Debug)]
pub(crate) struct WindowPlanner {
    windows: Vec<BoundWindow>,
}

impl WindowPlanner {
    pub(crate) fn new(windows: Vec<BoundWindow>) -> Self {
        Self { windows }
    }
}

impl RelationPlanner for WindowPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let window = Window::index_of(&relation)
            .and_then(|index| self.windows.iter().find(|window| window.index == index));
        let (Some(window), TableFactor::Table { alias, .. }) = (window, &relation) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let input = context.plan(window.input.clone())?;
        let schema = Arc::clone(input.schema());
        let mut expr = |expr: &sqlparser::ast::Expr| context.sql_to_expr(expr.clone(), &schema);
        let time = window.time.as_ref().map(&mut expr).transpose()?;
        let partition_by = window
            .partition_by
            .iter()
            .map(&mut expr)
            .collect::<Result<Vec<_>>>()?;
        let parts = WindowParts {
            spec: spec(window),
            form: window.form,
            time,
            partition_by,
            time_span: window.time_span,
            span: window.span,
            qualifier: qualifier(&window.qualifier),
        };
        let plan = WindowNode::try_new(Arc::new(input), parts)?.into_plan();
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan,
            alias.clone(),
        ))))
    }
}

fn spec(window: &BoundWindow) -> WindowSpec {
    // Windows are aligned to the epoch: an offset of a whole length changes nothing.
    let offset = |length_us: i64| window.offset_us.rem_euclid(length_us);
    match window.kind {
        WindowKind::Tumble { size } => WindowSpec::Tumble {
            size_us: size.us,
            offset_us: offset(size.us),
        },
        WindowKind::Hop { slide, size } => WindowSpec::Hop {
            slide_us: slide.us,
            size_us: size.us,
            offset_us: offset(slide.us),
        },
        WindowKind::Cumulate { step, size } => WindowSpec::Cumulate {
            step_us: step.us,
            size_us: size.us,
            offset_us: offset(size.us),
        },
        WindowKind::Session { gap } => WindowSpec::Session { gap_us: gap.us },
    }
}

fn qualifier(parts: &[String]) -> Option<TableReference> {
    match parts {
        [] => None,
        [table] => Some(TableReference::bare(table.clone())),
        [schema, table] => Some(TableReference::partial(schema.clone(), table.clone())),
        [catalog, schema, table, ..] => Some(TableReference::full(
            catalog.clone(),
            schema.clone(),
            table.clone(),
        )),
    }
}
