//! EMIT: whether a query gives its results when the text says so.

use super::rel::Rel;
use super::translator::Translator;
use crate::diagnostic::{Code, Diagnostic};
use crate::statement::{Emit, EmitMode};

impl Translator<'_> {
    /// Refuses what the query does not do anyway.
    pub(super) fn check_emit(&mut self, emit: Option<&Emit>, rel: &Rel, is_windowed: bool) {
        let Some(Emit { mode, span }) = emit else { return };
        let refused = match mode {
            EmitMode::Changes if rel.changes.is_append() && is_windowed => Some((
                "a windowed query gives its results when the window closes",
                "leave the clause out; `'allowed_lateness'` of the stream makes corrections visible",
            )),
            EmitMode::OnWindowClose if !is_windowed => Some((
                "the query has no window that closes",
                "aggregate over `TUMBLE(…)`, or leave the clause out",
            )),
            EmitMode::OnWindowClose if !rel.changes.is_append() => Some((
                "results are corrected after the window has closed",
                "leave `'allowed_lateness'` of the stream out for final results only",
            )),
            _ => None,
        };
        if let Some((message, help)) = refused {
            self.report(Diagnostic::error(Code::InvalidEmit, *span, message).with_help(help));
        }
    }
}
