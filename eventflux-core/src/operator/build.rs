//! From specs to operators: the one list of what there is.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::after_image::AfterImage;
use super::calc::CalcOperator;
use super::chain::Chain;
use super::event_time::EventTime;
use super::expand::Expand;
use super::group_aggregate::GroupAggregate;
use super::session_aggregate::SessionAggregate;
use super::union::Union;
use super::window_aggregate::WindowAggregate;
use super::window_assign::{FixedWindowAssign, SessionAssign};
use super::{Operator, OperatorContext};
use crate::error::{Error, Result};
use crate::plan::{ChangelogMode, OperatorSpec, WindowAggregateSpec, WindowSpec, WindowTime};

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

/// Where an operator's state can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// It has none, or a few numbers.
    Small,
    /// Rows of it may be in a cold tier; their keys come after so many bytes.
    Cold {
        /// Bytes in front of the keys.
        prefix_bytes: usize,
    },
    /// All of it has to be in memory: what it keeps.
    Memory(&'static str),
}

impl Residence {
    /// Where the state of an operator of this spec can be.
    pub fn of(spec: &OperatorSpec) -> Self {
        match spec {
            OperatorSpec::GroupAggregate(spec) if !spec.keys.is_empty() => {
                Residence::Cold { prefix_bytes: 0 }
            }
            OperatorSpec::WindowAggregate(spec) => match spec.window {
                WindowTime::Assign(WindowSpec::Session { .. }) => Residence::Memory("sessions"),
                _ if spec.keys.is_empty() => Residence::Small,
                _ => Residence::Cold {
                    prefix_bytes: WindowAggregate::PREFIX_BYTES,
                },
            },
            OperatorSpec::WindowAssign(spec) => match spec.window {
                WindowSpec::Session { .. } => Residence::Memory("the rows of open sessions"),
                _ => Residence::Small,
            },
            _ => Residence::Small,
        }
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
        OperatorSpec::WindowAssign(spec) => match spec.window {
            WindowSpec::Session { gap_us } => Box::new(SessionAssign::new(
                gap_us,
                &spec.partition_by,
                &input.schema,
                output,
                context,
            )?),
            ref window => Box::new(FixedWindowAssign::new(window, output, context.batch_rows_max)?),
        },
        OperatorSpec::GroupAggregate(spec) => Box::new(GroupAggregate::new(
            spec,
            &input.schema,
            input.retracts(),
            output,
            context,
        )?),
        OperatorSpec::WindowAggregate(spec) => match spec.window {
            WindowTime::Assign(WindowSpec::Session { .. }) if input.retracts() => {
                return sessions_of_changelog(spec, &input.schema, output, context);
            }
            WindowTime::Assign(WindowSpec::Session { .. }) => {
                Box::new(SessionAggregate::new(spec, &input.schema, output, context)?)
            }
            _ => {
                let retracts = input.retracts();
                Box::new(WindowAggregate::new(
                    spec,
                    &input.schema,
                    retracts,
                    output,
                    context,
                )?)
            }
        },
        _ => {
            return Err(Error::Bug(format!(
                "operator {} cannot be built",
                context.operator_id
            )));
        }
    })
}

/// Sessions of rows that may be taken back: the rows themselves are kept until their session closes, since a row taken
/// back may part a session.
fn sessions_of_changelog(
    spec: &WindowAggregateSpec,
    input: &SchemaRef,
    output: &SchemaRef,
    context: OperatorContext,
) -> Result<Box<dyn Operator>> {
    let WindowTime::Assign(WindowSpec::Session { gap_us }) = spec.window else {
        return Err(Error::Bug("a window of fixed bounds is no session".into()));
    };
    if spec.allowed_lateness_us > 0 {
        return Err(Error::Bug(
            "sessions of a changelog have no allowed lateness".into(),
        ));
    }
    let column_count = input.fields().len();
    let window_columns = ["window_start", "window_end", "window_time"].map(|name| {
        Arc::new(Field::new(
            name,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            false,
        ))
    });
    let fields = input.fields().iter().cloned().chain(window_columns);
    let assigned = Arc::new(Schema::new(fields.collect::<Fields>()));
    let attached = WindowAggregateSpec {
        window: WindowTime::Attached {
            start: column_count,
            end: column_count + 1,
        },
        ..spec.clone()
    };
    let first = SessionAssign::new(gap_us, &spec.keys, input, &assigned, context.clone())?;
    let second = WindowAggregate::new(&attached, &assigned, false, output, context)?;
    Ok(Box::new(Chain::new(Box::new(first), Box::new(second))))
}

#[cfg(test)]
#[path = "build_test.rs"]
mod tests;
