//! What the engine itself reads from WITH, before the connector sees the rest.

use eventflux_core::plan::ErrorPolicy;

use super::Name;
use super::name::NamePart;
use crate::diagnostic::{Code, Diagnostic, Span, closest};
use crate::duration::parse_text;
use crate::option::SqlOption;

/// The options of a stream that the engine carries out.
#[derive(Debug, Clone, Default)]
pub(crate) struct EngineOptions {
    /// `'error'`: what becomes of bad rows.
    pub(crate) error_policy: Option<ErrorPolicy>,
    /// `'dead_letter'`: the stream that bad rows go to.
    pub(crate) dead_letter: Option<Name>,
    /// `'late'`: the stream that rows go to that are too late for a window.
    pub(crate) late: Option<Name>,
    /// `'allowed_lateness'`: how long closed windows are kept open for corrections, and where that is written.
    pub(crate) allowed_lateness: Option<(i64, Span)>,
    /// `'idle_timeout'`: how long a silent partition holds back the watermark.
    pub(crate) idle_timeout_us: Option<i64>,
    /// Where the first of them is written.
    pub(crate) span: Option<Span>,
}

/// The keys of [`EngineOptions`].
pub(crate) const ENGINE_KEYS: &[&str] = &["error", "dead_letter", "late", "allowed_lateness", "idle_timeout"];

impl EngineOptions {
    /// Takes the option if it is one of the engine's; says whether it was.
    pub(crate) fn take(&mut self, option: &SqlOption) -> Result<bool, Diagnostic> {
        let key = option.key.as_str();
        if !ENGINE_KEYS.contains(&key) {
            return Ok(false);
        }
        self.span.get_or_insert(option.key_span);
        let value = option.value.as_literal().ok_or_else(|| {
            let message = format!("option `{key}` has to be written out, since the plan depends on it");
            Diagnostic::error(Code::InvalidOption, option.value.span, message)
        })?;
        match key {
            "error" => self.error_policy = Some(error_policy(&value, option)?),
            "dead_letter" => self.dead_letter = Some(stream_name(&value, option)?),
            "late" => self.late = Some(stream_name(&value, option)?),
            "allowed_lateness" => {
                let lateness_us = duration(&value, option, 0)?;
                self.allowed_lateness = Some((lateness_us, option.value.span));
            }
            _ => self.idle_timeout_us = Some(duration(&value, option, 1)?),
        }
        Ok(true)
    }

    /// Whether the options contradict each other.
    pub(crate) fn check(&self) -> Result<(), Diagnostic> {
        let Some(dead_letter) = &self.dead_letter else {
            return Ok(());
        };
        let policy = match self.error_policy {
            Some(ErrorPolicy::Drop) => "drop",
            Some(ErrorPolicy::Fail) => "fail",
            Some(ErrorPolicy::DeadLetter) | None => return Ok(()),
        };
        let message = format!(
            "bad rows cannot go to `{}` while `'error' = '{policy}'`",
            dead_letter.text()
        );
        Err(Diagnostic::error(Code::InvalidOption, dead_letter.span, message)
            .with_help("leave one of the two out, or write `'error' = 'dead_letter'`"))
    }
}

fn error_policy(value: &str, option: &SqlOption) -> Result<ErrorPolicy, Diagnostic> {
    match value {
        "fail" => Ok(ErrorPolicy::Fail),
        "drop" => Ok(ErrorPolicy::Drop),
        "dead_letter" => Ok(ErrorPolicy::DeadLetter),
        _ => {
            let choices = ["fail", "drop", "dead_letter"];
            let message = format!("`{value}` is no error policy");
            let help = match closest(value, choices) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the policies are `fail`, `drop` and `dead_letter`".to_owned(),
            };
            Err(Diagnostic::error(Code::InvalidOption, option.value.span, message).with_help(help))
        }
    }
}

fn stream_name(value: &str, option: &SqlOption) -> Result<Name, Diagnostic> {
    let parts: Vec<&str> = value.split('.').collect();
    if parts.iter().any(|part| part.trim().is_empty()) {
        let message = format!("`{value}` is no name of a stream");
        return Err(Diagnostic::error(Code::InvalidOption, option.value.span, message));
    }
    let parts = parts.into_iter().map(|part| NamePart {
        value: part.trim().to_owned(),
        is_quoted: false,
    });
    Ok(Name {
        parts: parts.collect(),
        span: option.value.span,
    })
}

fn duration(value: &str, option: &SqlOption, min: i64) -> Result<i64, Diagnostic> {
    let us = parse_text(value).map_err(|error| error.at(option.value.span))?;
    if us < min {
        let message = format!("option `{}` must be longer than nothing", option.key);
        return Err(Diagnostic::error(
            Code::InvalidDuration,
            option.value.span,
            message,
        ));
    }
    Ok(us)
}
