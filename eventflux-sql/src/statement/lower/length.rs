//! The lengths a window takes: by position, by name, and what they must be.

use crate::{
    diagnostic::{Code, Diagnostic, Span},
    duration::Duration,
    statement::{
        WindowKind,
        parse::positive,
        window::{FUNCTIONS, FunctionKind},
    },
};

/// The lengths a window takes, in their places.
pub(super) struct Slots<'a> {
    pub(super) kind: FunctionKind,
    pub(super) span: Span,
    pub(super) names: &'a [&'a str],
    pub(super) takes_offset: bool,
    pub(super) found: Vec<Option<Duration>>,
    pub(super) offset: Option<Duration>,
}

impl Slots<'_> {
    pub(super) fn put_at(&mut self, position: usize, length: Duration) -> Result<(), Diagnostic> {
        match self.found.get_mut(position) {
            Some(slot) => *slot = Some(length),
            None if position == self.names.len() && self.takes_offset => self.offset = Some(length),
            None => {
                let message = format!("{} has too many lengths", name_of(self.kind));
                return Err(
                    Diagnostic::error(Code::InvalidWindow, length.span, message).with_help(usage(self.kind))
                );
            }
        }
        Ok(())
    }

    pub(super) fn put(&mut self, name: &str, length: Duration) -> Result<(), Diagnostic> {
        let slot = match self.names.iter().position(|known| *known == name) {
            Some(position) => &mut self.found[position],
            None if name == "OFFSET" && self.takes_offset => &mut self.offset,
            None => {
                let message = format!("{} has no argument {name}", name_of(self.kind));
                return Err(
                    Diagnostic::error(Code::InvalidWindow, length.span, message).with_help(usage(self.kind))
                );
            }
        };
        match slot.replace(length) {
            None => Ok(()),
            Some(first) => Err(Diagnostic::error(
                Code::InvalidWindow,
                length.span,
                format!("the argument {name} is given twice"),
            )
            .with_label(first.span, "it is given here first")),
        }
    }

    pub(super) fn window_kind(&self) -> Result<WindowKind, Diagnostic> {
        let length = |position: usize| {
            let name = self.names[position];
            let Some(length) = self.found[position] else {
                let message = format!("{} has no {}", name_of(self.kind), name.to_lowercase());
                return Err(
                    Diagnostic::error(Code::InvalidWindow, self.span, message).with_help(usage(self.kind))
                );
            };
            positive(length, &format!("the {}", name.to_lowercase()))
        };
        Ok(match self.kind {
            FunctionKind::Tumble => WindowKind::Tumble { size: length(0)? },
            FunctionKind::Hop => WindowKind::Hop {
                slide: length(0)?,
                size: length(1)?,
            },
            FunctionKind::Session => WindowKind::Session { gap: length(0)? },
            FunctionKind::Cumulate => {
                let (step, size) = (length(0)?, length(1)?);
                if size.us % step.us != 0 {
                    let message = "the size of CUMULATE is not a multiple of its step";
                    return Err(
                        Diagnostic::error(Code::InvalidWindow, step.span.to(size.span), message)
                            .with_help("the step comes first: `CUMULATE(s, ts, step, size)`"),
                    );
                }
                WindowKind::Cumulate { step, size }
            }
        })
    }
}

pub(super) fn name_of(kind: FunctionKind) -> &'static str {
    FUNCTIONS
        .iter()
        .find(|(_, known)| *known == kind)
        .map_or("", |(name, _)| name)
}

pub(super) fn usage(kind: FunctionKind) -> &'static str {
    match kind {
        FunctionKind::Tumble => "write `TUMBLE(stream, time_column, size [, offset])`",
        FunctionKind::Hop => "write `HOP(stream, time_column, slide, size [, offset])`",
        FunctionKind::Cumulate => "write `CUMULATE(stream, time_column, step, size [, offset])`",
        FunctionKind::Session => "write `SESSION(stream [PARTITION BY key], time_column, gap)`",
    }
}
