//! The compiler as its users meet it: texts in; plans, answers and diagnostics out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

mod diagnostics;
mod hostile_text;
mod planning_diagnostics;
mod plans;
mod soup;
mod statements;
mod support;
