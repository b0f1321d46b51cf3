//! From an expression's text to a typed logical expression, as the planner does it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::{TransformedResult, TreeNode};
use datafusion_common::{DFSchema, DataFusionError, Result, TableReference, plan_err};
use datafusion_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion_optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use sqlparser::parser::Parser;

use crate::diagnostic::Span;
use crate::function::FunctionRegistry;
use crate::statement::{SqlType, SqlTypeKind};
use crate::text::dialect::EventFluxDialect;

pub(super) struct Session {
    registry: FunctionRegistry,
    options: ConfigOptions,
}

impl Session {
    pub(super) fn new() -> Self {
        let mut options = ConfigOptions::default();
        options.execution.time_zone = Some("UTC".to_owned());
        Self {
            registry: FunctionRegistry::new(),
            options,
        }
    }

    /// The typed expression.
    pub(super) fn plan(&self, text: &str, schema: &DFSchema) -> Result<Expr> {
        let dialect = EventFluxDialect::new(text.len());
        let ast = Parser::new(&dialect)
            .try_with_sql(text)
            .and_then(|mut parser| {
                let ast = parser.parse_expr()?;
                parser.expect_token(&sqlparser::tokenizer::Token::EOF)?;
                Ok(ast)
            })
            .map_err(|error| DataFusionError::SQL(Box::new(error), None))?;
        let options = ParserOptions {
            map_string_types_to_utf8view: false,
            ..ParserOptions::default()
        };
        let planner = SqlToRel::new_with_options(self, options);
        let expression = planner.sql_to_expr(ast, schema, &mut PlannerContext::new())?;
        expression.rewrite(&mut TypeCoercionRewriter::new(schema)).data()
    }
}

impl ContextProvider for Session {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        plan_err!("no relation {name}")
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.registry.planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.registry.scalar(name)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.registry.aggregate(name)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.registry.window(name)
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.registry.scalar_names().map(str::to_owned).collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.registry.aggregate_names().map(str::to_owned).collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[derive(Debug)]
struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, ast: &sqlparser::ast::DataType) -> Result<Option<FieldRef>> {
        let sql_type = SqlType::from_ast(ast, Span::default())
            .map_err(|diagnostic| DataFusionError::Plan(diagnostic.message))?;
        Ok(Some(Arc::new(Field::new("", data_type(&sql_type), true))))
    }
}

fn data_type(sql_type: &SqlType) -> DataType {
    let item = |sql_type| Arc::new(Field::new("item", data_type(sql_type), true));
    let unit = |precision: u8| match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    };
    match &sql_type.kind {
        SqlTypeKind::Boolean => DataType::Boolean,
        SqlTypeKind::TinyInt => DataType::Int8,
        SqlTypeKind::SmallInt => DataType::Int16,
        SqlTypeKind::Int => DataType::Int32,
        SqlTypeKind::BigInt => DataType::Int64,
        SqlTypeKind::UTinyInt => DataType::UInt8,
        SqlTypeKind::USmallInt => DataType::UInt16,
        SqlTypeKind::UInt => DataType::UInt32,
        SqlTypeKind::UBigInt => DataType::UInt64,
        SqlTypeKind::Float => DataType::Float32,
        SqlTypeKind::Double => DataType::Float64,
        SqlTypeKind::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
        SqlTypeKind::String | SqlTypeKind::Json | SqlTypeKind::Uuid => DataType::Utf8,
        SqlTypeKind::Binary => DataType::Binary,
        SqlTypeKind::Date => DataType::Date32,
        SqlTypeKind::Time { .. } => DataType::Time64(TimeUnit::Microsecond),
        SqlTypeKind::Timestamp { precision } => DataType::Timestamp(unit(*precision), None),
        SqlTypeKind::TimestampTz { precision } => DataType::Timestamp(unit(*precision), Some("UTC".into())),
        SqlTypeKind::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        SqlTypeKind::Array(element) => DataType::List(item(element)),
        SqlTypeKind::Map(key, value) => {
            let key = Field::new("key", data_type(key), false);
            let entries = vec![key, Field::new("value", data_type(value), true)];
            let entries = Field::new("entries", DataType::Struct(entries.into()), false);
            DataType::Map(Arc::new(entries), false)
        }
        SqlTypeKind::Struct(parts) => {
            let field = |part: &crate::statement::StructField| {
                Field::new(&part.name.value, data_type(&part.data_type), true)
            };
            DataType::Struct(parts.iter().map(field).collect())
        }
    }
}
