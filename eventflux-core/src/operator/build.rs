//! From specs to operators: the one list of what there is.

use arrow::datatypes::SchemaRef;

use super::after_image::AfterImage;
use super::calc::CalcOperator;
use super::event_time::EventTime;
use super::expand::Expand;
use super::group_aggregate::GroupAggregate;
use super::union::Union;
use super::window_aggregate::WindowAggregate;
use super::{Operator, OperatorContext};
use crate::error::{Error, Result};
use crate::plan::{ChangelogMode, OperatorSpec};

/// What an operator has to know about one of its inputs.
#[derive(Debug, Clone)]
pub struct OperatorInput {
    /// The columns.
    pub schema: SchemaRef,
    /// The kind of rows.
    pub changelog: ChangelogMode,
}

impl OperatorInput {
    /// Whether rows may be taken back.
    pub fn retracts(&self) -> bool {
        self.changelog != ChangelogMode::Append
    }
}

/// Builds one subtask of an operator. Sources and sinks are no operators.
///
/// **Errors** The spec does not fit its schemas: a bug of the compiler, or an aggregate that does not exist.
pub fn build_operator(
    spec: &OperatorSpec,
    inputs: &[OperatorInput],
    output: &SchemaRef,
    context: OperatorContext,
) -> Result<Box<dyn Operator>> {
    let input = inputs
        .first()
        .ok_or_else(|| Error::Bug(format!("operator {} has no input", context.operator_id)))?;
    Ok(match spec {
        OperatorSpec::Calc(spec) => Box::new(CalcOperator::new(
            spec.clone(),
            input.schema.clone(),
            output.clone(),
            &context,
        )?),
        OperatorSpec::Union => Box::new(Union),
        OperatorSpec::EventTime(spec) => Box::new(EventTime::new(spec, context)),
        OperatorSpec::AfterImage(_) => Box::new(AfterImage),
        OperatorSpec::Expand(spec) => {
            Box::new(Expand::new(spec, &input.schema, output, context.batch_rows_max)?)
        }
        OperatorSpec::GroupAggregate(spec) => Box::new(GroupAggregate::new(
            spec,
            &input.schema,
            input.retracts(),
            output,
            context,
        )?),
        OperatorSpec::WindowAggregate(spec) => Box::new(WindowAggregate::new(
            spec,
            &input.schema,
            input.retracts(),
            output,
            context,
        )?),
        _ => {
            return Err(Error::Bug(format!(
                "operator {} cannot be built",
                context.operator_id
            )));
        }
    })
}
