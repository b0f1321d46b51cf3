//! Aggregates: DataFusion's functions as those of the engine.

use std::sync::Arc;

use datafusion_expr::AggregateUDF;
use eventflux_core::plan::AggregateFunction;

/// The engine's form of an aggregate that the planner found in the registry; `None` for one that must be rewritten before
/// it gets here (`grouping`).
pub fn aggregate_function(function: &Arc<AggregateUDF>) -> Option<AggregateFunction> {
    Some(match function.name() {
        "count" => AggregateFunction::Count,
        "sum" => AggregateFunction::Sum,
        "avg" => AggregateFunction::Avg,
        "min" => AggregateFunction::Min,
        "max" => AggregateFunction::Max,
        "var_pop" => AggregateFunction::VarPop,
        "var" => AggregateFunction::VarSamp,
        "stddev_pop" => AggregateFunction::StddevPop,
        "stddev" => AggregateFunction::StddevSamp,
        "first_value" => AggregateFunction::First,
        "last_value" => AggregateFunction::Last,
        "array_agg" => AggregateFunction::ArrayAgg,
        "string_agg" => AggregateFunction::StringAgg,
        "bool_and" => AggregateFunction::BoolAnd,
        "bool_or" => AggregateFunction::BoolOr,
        "bit_and" => AggregateFunction::BitAnd,
        "bit_or" => AggregateFunction::BitOr,
        "bit_xor" => AggregateFunction::BitXor,
        "median" => AggregateFunction::Median,
        "percentile_cont" => AggregateFunction::PercentileCont,
        "grouping" => return None,
        _ => AggregateFunction::DataFusion(Arc::clone(function)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::FunctionRegistry;

    #[test]
    fn native_aggregates_are_found_under_all_their_names() {
        let registry = FunctionRegistry::new();
        for (name, expected) in [
            ("mean", "avg"),
            ("every", "bool_and"),
            ("variance", "var_samp"),
            ("var_sample", "var_samp"),
            ("stddev_samp", "stddev_samp"),
            ("quantile_cont", "percentile_cont"),
        ] {
            let function = aggregate_function(&registry.aggregate(name).unwrap()).unwrap();
            assert_eq!(function.name(), expected, "{name}");
            assert!(!matches!(function, AggregateFunction::DataFusion(_)), "{name}");
        }
        let corr = aggregate_function(&registry.aggregate("corr").unwrap()).unwrap();
        assert!(matches!(corr, AggregateFunction::DataFusion(_)));
    }
}
