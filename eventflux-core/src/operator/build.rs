//! From specs to operators: the one list of what there is.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::after_image::AfterImage;
use super::calc::CalcOperator;
use super::event_time::EventTime;
use super::expand::Expand;
use super::group_aggregate::{GroupAggregate, LastWrites};
use super::session_aggregate::{SessionAggregate, SessionEnds};
use super::union::Union;
use super::window_aggregate::WindowAggregate;
use super::window_assign::{FixedWindowAssign, RowSessionEnds, SessionAssign};
use super::{Operator, OperatorContext};
use crate::error::{Error, Result};
use crate::plan::{ChangelogMode, Node, OperatorSpec, PhysicalPlan, WindowSpec, WindowTime};
use crate::state::cold::StoredTimes;

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
    /// As [`Residence::Cold`], and something happens to its rows at times.
    Timed(Timing),
    /// All of it has to be in memory: what it keeps.
    Memory(&'static str),
}

/// When something happens to stored rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// When their sessions end: of bounds with states.
    Sessions {
        /// Less than this is between rows of a session.
        gap_us: i64,
    },
    /// When they were last written.
    LastWrites {
        /// Times are multiples of this.
        step_us: i64,
    },
    /// When their sessions end: of rows.
    SessionRows {
        /// Less than this is between rows of a session.
        gap_us: i64,
    },
}

impl Timing {
    /// Reads the times of stored rows.
    pub fn stored_times(self) -> Arc<dyn StoredTimes> {
        match self {
            Timing::Sessions { gap_us } => Arc::new(SessionEnds { gap_us }),
            Timing::LastWrites { step_us } => Arc::new(LastWrites { step_us }),
            Timing::SessionRows { gap_us } => Arc::new(RowSessionEnds { gap_us }),
        }
    }
}

impl Residence {
    /// Where the state of a node's operator can be.
    pub fn of(plan: &PhysicalPlan, node: &Node) -> Self {
        let mut inputs = plan.inputs(node.id);
        let retracts = inputs.any(|edge| plan.rows_of(edge).1 != ChangelogMode::Append);
        Self::of_spec(&node.spec, retracts)
    }

    /// Where the state of an operator of this spec can be; `retracts` says whether its input takes rows back.
    fn of_spec(spec: &OperatorSpec, retracts: bool) -> Self {
        match spec {
            OperatorSpec::GroupAggregate(spec) if !spec.keys.is_empty() => match spec.state_ttl {
                None => Residence::Cold { prefix_bytes: 0 },
                Some(ttl) => Residence::Timed(Timing::LastWrites {
                    step_us: ttl.step_us(),
                }),
            },
            OperatorSpec::WindowAggregate(spec) => match spec.window {
                WindowTime::Assign(WindowSpec::Session { gap_us }) if retracts => {
                    Self::of_session_rows(gap_us, &spec.keys)
                }
                _ if spec.keys.is_empty() => Residence::Small,
                WindowTime::Assign(WindowSpec::Session { gap_us }) => {
                    Residence::Timed(Timing::Sessions { gap_us })
                }
                _ => Residence::Cold {
                    prefix_bytes: WindowAggregate::PREFIX_BYTES,
                },
            },
            OperatorSpec::WindowAssign(spec) => match spec.window {
                WindowSpec::Session { gap_us } => Self::of_session_rows(gap_us, &spec.partition_by),
                _ => Residence::Small,
            },
            _ => Residence::Small,
        }
    }

    /// The rows of a key are one row of state.
    fn of_session_rows(gap_us: i64, keys: &[usize]) -> Self {
        match keys {
            [] => Residence::Memory("the rows of sessions without a key"),
            _ => Residence::Timed(Timing::SessionRows { gap_us }),
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
            WindowTime::Assign(WindowSpec::Session { .. })
                if input.retracts() && spec.allowed_lateness_us > 0 =>
            {
                return Err(Error::Bug(
                    "sessions of a changelog have no allowed lateness".into(),
                ));
            }
            WindowTime::Assign(WindowSpec::Session { gap_us }) if input.retracts() => Box::new(
                SessionAssign::aggregating(gap_us, &spec.keys, &spec.calls, &input.schema, output, context)?,
            ),
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

#[cfg(test)]
#[path = "build_test.rs"]
mod tests;
