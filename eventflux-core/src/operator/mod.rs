//! Operators: what is done to rows, one file or folder per operator.

mod after_image;
pub mod aggregate;
#[cfg(test)]
mod arrival_test;
mod bad_result;
mod bad_row;
mod build;
pub mod calc;
#[cfg(test)]
mod cold_test;
mod event_time;
mod expand;
mod freezing;
#[cfg(test)]
mod freezing_test;
pub mod group;
mod group_aggregate;
mod lookup;
mod operator;
mod output;
mod progress;
mod result_rows;
mod session_aggregate;
mod union;
mod window_aggregate;
mod window_assign;

pub use after_image::AfterImage;
pub use bad_row::BadRow;
pub use build::{OperatorInput, Residence, Timing, build_operator};
pub use event_time::EventTime;
pub use expand::Expand;
pub use freezing::FreezingOperator;
use freezing::snapshot_at_once;
pub use group_aggregate::GroupAggregate;
pub use lookup::{StateLookup, StoredEntry, StoredKey};
pub use operator::{Operator, OperatorContext, TimedOperator};
pub use output::{Collector, Output, SideOutput};
pub use session_aggregate::SessionAggregate;
pub use union::Union;
pub use window_aggregate::{LocalWindowAggregate, WindowAggregate};
pub use window_assign::{FixedWindowAssign, SessionAssign};
