//! A function of DataFusion within bounds.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::nullif;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{ExprSchema, Result, ScalarValue};
use datafusion_expr::interval_arithmetic::Interval;
use datafusion_expr::preimage::PreimageResult;
use datafusion_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion_expr::udf_eq::UdfEq;
use datafusion_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, StructFieldMapping,
};

use super::argument::Argument;
use super::list::{Bound, bound_of};

/// The same function, but rows that leave its bounds fail; `None` if it has none, or is within them.
pub(in crate::function) fn bounded(function: &ScalarUDF) -> Option<Arc<ScalarUDF>> {
    if bound_of(function.name()).is_none() || function.inner().is::<Bounded>() {
        return None;
    }
    let inner = Arc::clone(function.inner()).into();
    Some(Arc::new(ScalarUDF::from(Bounded { inner })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: UdfEq<Arc<dyn ScalarUDFImpl>>,
}

// Everything but the call is the function's own affair.
#[warn(clippy::missing_trait_methods)]
impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        #[expect(deprecated)]
        self.inner.display_name(args)
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if self.name() == "round" {
            // Its type must not depend on whether the number of digits is known to be a constant: that may change while a
            // query is planned.
            let unknown = vec![None; args.arg_fields.len()];
            return self.inner.return_field_from_args(ReturnFieldArgs {
                scalar_arguments: &unknown,
                ..args
            });
        }
        self.inner.return_field_from_args(args)
    }

    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated)]
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match bound_of(self.name()) {
            Some((name, Bound::Before(measure))) => {
                measure(name, &args)?;
                self.inner.invoke_with_args(args)
            }
            Some((name, Bound::Strict(measure))) => {
                measure(name, &args)?;
                let arguments = Argument::all(&args)?;
                let row_count = args.number_rows;
                let results = self.inner.invoke_with_args(args)?.into_array(row_count)?;
                let is_null = |row| arguments.iter().any(|argument| argument.is_null(row));
                let nulls: BooleanArray = (0..row_count).map(|row| Some(is_null(row))).collect();
                Ok(ColumnarValue::Array(nullif(&results, &nulls)?))
            }
            Some((name, Bound::After(check))) => {
                let arguments = Argument::all(&args)?;
                let results = self.inner.invoke_with_args(args)?;
                check(name, &arguments, &results)?;
                Ok(results)
            }
            None => self.inner.invoke_with_args(args),
        }
    }

    fn with_updated_config(&self, _config: &ConfigOptions) -> Option<ScalarUDF> {
        None
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn preimage(&self, args: &[Expr], lit_expr: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.preimage(args, lit_expr, info)
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(input)
    }

    fn propagate_constraints(
        &self,
        interval: &Interval,
        inputs: &[&Interval],
    ) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn struct_field_mapping(&self, literal_args: &[Option<ScalarValue>]) -> Option<StructFieldMapping> {
        self.inner.struct_field_mapping(literal_args)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}
