//! What DataFusion's planner is told: relations, functions, types.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DataFusionError, Result, TableReference};
use datafusion_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion_expr::{AggregateUDF, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};

use super::bind::BoundWindow;
use super::cast_mark::cast_mark;
use super::relation_planner::WindowPlanner;
use crate::catalog::{Catalog, RelationId, field};
use crate::diagnostic::Span;
use crate::function::FunctionRegistry;
use crate::statement::SqlType;

/// The catalog and functions as DataFusion sees them, for one query.
pub(crate) struct Provider<'a> {
    catalog: &'a Catalog,
    functions: &'a FunctionRegistry,
    options: ConfigOptions,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
}

impl<'a> Provider<'a> {
    pub(crate) fn new(
        catalog: &'a Catalog,
        functions: &'a FunctionRegistry,
        windows: Vec<BoundWindow>,
    ) -> Self {
        let relation_planners: Vec<Arc<dyn RelationPlanner>> = vec![Arc::new(WindowPlanner::new(windows))];
        Self {
            catalog,
            functions,
            options: config(),
            relation_planners,
        }
    }
}

/// The settings of all planning.
pub(crate) fn config() -> ConfigOptions {
    let mut options = ConfigOptions::default();
    options.execution.time_zone = Some("UTC".to_owned());
    options.sql_parser.map_string_types_to_utf8view = false;
    options.optimizer.skip_failed_rules = false;
    options.sql_parser.enable_ident_normalization = false;
    options
}

/// A relation of the catalog within a logical plan.
pub(crate) struct RelationSource {
    /// Which relation.
    pub(crate) id: RelationId,
    schema: SchemaRef,
    view: Option<Arc<LogicalPlan>>,
}

impl TableSource for RelationSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn get_logical_plan(&'_ self) -> Option<Cow<'_, LogicalPlan>> {
        self.view.as_deref().map(Cow::Borrowed)
    }
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let text = match &name {
            TableReference::Bare { table } => table.to_string(),
            TableReference::Partial { schema, table } => format!("{schema}.{table}"),
            TableReference::Full {
                catalog,
                schema,
                table,
            } => format!("{catalog}.{schema}.{table}"),
        };
        let found = self.catalog.iter().find(|(_, relation)| relation.name == text);
        let (id, relation) = found.ok_or_else(|| DataFusionError::Plan(format!("no relation {text}")))?;
        Ok(Arc::new(RelationSource {
            id,
            schema: relation.schema(),
            view: relation.view.as_ref().map(|view| Arc::clone(&view.plan)),
        }))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.functions.planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        cast_mark(name).or_else(|| self.functions.scalar(name))
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregate(name)
    }

    fn get_window_meta(&self, _: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.scalar_names().map(str::to_owned).collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.functions.aggregate_names().map(str::to_owned).collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The types of CAST are those of columns.
#[derive(Debug)]
struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &sqlparser::ast::DataType) -> Result<Option<FieldRef>> {
        // The place is found from the expression around the type.
        let sql_type = SqlType::from_ast(sql_type, Span::default())
            .map_err(|diagnostic| DataFusionError::Plan(diagnostic.message))?;
        Ok(Some(field("", &sql_type, true)))
    }
}

impl Provider<'_> {
    /// How a function is called, for a help line.
    pub(crate) fn usage(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        let documentation = match self.functions.scalar(&name) {
            Some(_) => self.functions.usage(&name),
            None => self
                .functions
                .aggregate(&name)?
                .documentation()
                .map(|doc| doc.syntax_example.clone()),
        };
        documentation.map(|example| format!("its form is `{example}`"))
    }
}
