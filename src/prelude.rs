//! What most programs need.

pub use crate::expr::{RowFunction, ScalarFunction};
pub use crate::{
    EventFluxAppRuntime, EventFluxAppRuntimeBuilder, FromValue, InputHandler, IntoRow, Row, RowStream, Rows,
    Value,
};
