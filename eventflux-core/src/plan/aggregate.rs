//! Aggregate calls: what is computed per group.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::ScalarValue;
use datafusion_expr::AggregateUDF;

use super::describe::{name, names};

/// An aggregate function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AggregateFunction {
    /// `count(*)`; with an argument: of its non-NULL values.
    Count,
    /// `sum`: exact for integers and decimals; a result that does not fit its type is an error row.
    Sum,
    /// `avg`.
    Avg,
    /// `min`.
    Min,
    /// `max`.
    Max,
    /// `var_pop`.
    VarPop,
    /// `var_samp`, `variance`.
    VarSamp,
    /// `stddev_pop`.
    StddevPop,
    /// `stddev_samp`, `stddev`.
    StddevSamp,
    /// `first_value` in the call's order, or of arrival.
    First,
    /// `last_value` in the call's order, or of arrival.
    Last,
    /// `array_agg`.
    ArrayAgg,
    /// `string_agg(x, separator)`; the separator is the call's first parameter.
    StringAgg,
    /// `bool_and`, `every`.
    BoolAnd,
    /// `bool_or`.
    BoolOr,
    /// `bit_and`.
    BitAnd,
    /// `bit_or`.
    BitOr,
    /// `bit_xor`.
    BitXor,
    /// `median`.
    Median,
    /// `percentile_cont(p)`; p is the call's first parameter.
    PercentileCont,
    /// A function of DataFusion for which there is no native form, by the whitelist that tests establish.
    DataFusion(Arc<AggregateUDF>),
}

/// A column to order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SortColumn {
    /// Its index.
    pub index: usize,
    /// Largest first.
    pub descending: bool,
    /// NULLs before all values.
    pub nulls_first: bool,
}

/// One aggregate of an aggregation. All columns are indices into the operator's input.
#[derive(Debug, Clone)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateFunction,
    /// Its arguments.
    pub arguments: Vec<usize>,
    /// The arguments' types.
    pub argument_types: Vec<DataType>,
    /// Constant arguments that are not columns (a separator, a percentile).
    pub parameters: Vec<ScalarValue>,
    /// Only distinct argument values count.
    pub distinct: bool,
    /// A BOOLEAN column: only rows where it is true count.
    pub filter: Option<usize>,
    /// The order in which values are taken, for functions that depend on it.
    pub order_by: Vec<SortColumn>,
    /// The result's name, type and nullability.
    pub output: FieldRef,
}

impl AggregateFunction {
    /// The function's name in SQL.
    pub fn name(&self) -> &str {
        match self {
            AggregateFunction::Count => "count",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Avg => "avg",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
            AggregateFunction::VarPop => "var_pop",
            AggregateFunction::VarSamp => "var_samp",
            AggregateFunction::StddevPop => "stddev_pop",
            AggregateFunction::StddevSamp => "stddev_samp",
            AggregateFunction::First => "first_value",
            AggregateFunction::Last => "last_value",
            AggregateFunction::ArrayAgg => "array_agg",
            AggregateFunction::StringAgg => "string_agg",
            AggregateFunction::BoolAnd => "bool_and",
            AggregateFunction::BoolOr => "bool_or",
            AggregateFunction::BitAnd => "bit_and",
            AggregateFunction::BitOr => "bit_or",
            AggregateFunction::BitXor => "bit_xor",
            AggregateFunction::Median => "median",
            AggregateFunction::PercentileCont => "percentile_cont",
            AggregateFunction::DataFusion(function) => function.name(),
        }
    }
}

impl AggregateCall {
    /// Whether results of parts of the rows, each of a few bytes and whatever their order, make the result of all.
    pub fn is_decomposable(&self) -> bool {
        let is_fixed = |data_type: &DataType| data_type.is_primitive() || *data_type == DataType::Boolean;
        let is_distinct = self.distinct && !self.arguments.is_empty();
        match self.function {
            AggregateFunction::Count
            | AggregateFunction::Sum
            | AggregateFunction::Avg
            | AggregateFunction::VarPop
            | AggregateFunction::VarSamp
            | AggregateFunction::StddevPop
            | AggregateFunction::StddevSamp
            | AggregateFunction::BitXor => !is_distinct,
            // DISTINCT changes nothing for these.
            AggregateFunction::BoolAnd
            | AggregateFunction::BoolOr
            | AggregateFunction::BitAnd
            | AggregateFunction::BitOr => true,
            AggregateFunction::Min | AggregateFunction::Max => self.argument_types.iter().all(is_fixed),
            _ => false,
        }
    }

    /// The call as it would stand in SQL over these column names.
    pub fn text(&self, columns: &[String]) -> String {
        let arguments = if self.arguments.is_empty() {
            "*".to_owned()
        } else {
            names(&self.arguments, columns)
        };
        let parameters: String = self
            .parameters
            .iter()
            .map(|parameter| format!(", {parameter}"))
            .collect();
        let order: Vec<String> = self.order_by.iter().map(|column| column.text(columns)).collect();
        format!(
            "{}({}{arguments}{parameters}{}{}){}",
            self.function.name(),
            if self.distinct { "DISTINCT " } else { "" },
            if order.is_empty() { "" } else { " ORDER BY " },
            order.join(", "),
            self.filter.map_or(String::new(), |filter| format!(
                " FILTER ({})",
                name(filter, columns)
            )),
        )
    }
}

impl SortColumn {
    fn text(&self, columns: &[String]) -> String {
        let direction = if self.descending { " DESC" } else { "" };
        let nulls = if self.nulls_first { " NULLS FIRST" } else { "" };
        format!("{}{direction}{nulls}", name(self.index, columns))
    }
}
