//! What sources that make up their rows share: rows are known by their index alone, so any subtask can make any of them.
//!
//! [`RowSplit`] says which rows are a subtask's, [`Pace`] when they are due, [`Draws`] what is random about them;
//! [`GeneratorPlan`] is the source.

mod draws;
mod pace;
mod row_split;
mod source;
mod zipf;

pub use draws::Draws;
pub use pace::Pace;
pub use row_split::{RowRun, RowSplit};
pub use source::{GeneratorPlan, RowGenerator};
pub use zipf::Zipf;
