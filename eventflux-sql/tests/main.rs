//! The compiler as its users meet it: texts in; plans, answers and diagnostics out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

mod compilation;
mod diagnostic_page;
mod diagnostics;
mod documentation;
mod hostile_text;
mod planning_diagnostics;
mod planning_soup;
mod plans;
mod soup;
mod statements;
mod support;
