//! What cannot be done, and why.

use eventflux::sql::diagnostic::{Diagnostic, SourceText};
use serde_json::{Value, json};

use crate::admin::model::{Problem, ProgramDiagnostic};
use crate::app_text::Shown;
use crate::exit::Exit;
use crate::print::harmless;
use crate::report;

/// Why a command comes to nothing.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    problem: Problem,
}

impl Failure {
    fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self {
            exit,
            problem: Problem {
                code: code.to_owned(),
                message: message.into(),
                help: Vec::new(),
                diagnostics: Vec::new(),
            },
        }
    }

    /// What was given is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// The world is not ready.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, "unreachable", message)
    }

    /// Somebody answers who is no node.
    pub fn foreign(url: &str, why: &str) -> Self {
        Self::new(
            Exit::Environment,
            "foreign",
            format!("{url} does not answer as a node of EventFlux does: {why}"),
        )
        .help("`--url` or EVENTFLUX_URL names a node by the address that it says it listens at")
    }

    /// With a line of help.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help.push(help.into());
        self
    }

    /// A node has said no.
    pub fn refused(status: u16, answer: Option<Value>, url: &str) -> Self {
        let problem = answer.and_then(|answer| serde_json::from_value::<Problem>(answer).ok());
        let Some(problem) = problem else {
            return Self::foreign(url, &format!("status {status}"));
        };
        let exit = match (status, problem.code.as_str()) {
            (_, "not-ready") => Exit::Failed,
            (503, _) => Exit::Environment,
            (400..=499, _) => Exit::Usage,
            _ => Exit::Failed,
        };
        Self { exit, problem }
    }

    /// Tells the user; mistakes in a program stand at their places in its text.
    pub fn tell(&self, is_json: bool, program: Option<(&SourceText, Shown)>) -> Exit {
        let Problem {
            code,
            message,
            help,
            diagnostics,
        } = &self.problem;
        if is_json {
            let problem = json!({"code": code, "message": message, "help": help, "diagnostics": diagnostics});
            report::plain(&format!("{problem}\n"));
            return self.exit;
        }
        match program {
            Some((source, shown)) if !diagnostics.is_empty() => show(diagnostics, source, shown),
            _ => report::mistake(harmless(message)),
        }
        for line in help {
            report::plain(&format!("  help: {}\n", harmless(line)));
        }
        self.exit
    }
}

fn show(diagnostics: &[ProgramDiagnostic], source: &SourceText, shown: Shown) {
    let mut known = Vec::new();
    for diagnostic in diagnostics {
        match diagnostic.to_diagnostic().filter(|known| fits(known, source)) {
            Some(diagnostic) => known.push(diagnostic),
            // A newer node knows more kinds of mistakes.
            None => report::mistake(format_args!(
                "{}:{}:{}: {}",
                source.name(),
                diagnostic.span.start.line,
                diagnostic.span.start.column,
                harmless(&diagnostic.message)
            )),
        }
    }
    shown.show(source, &known);
}

/// Whether all of its places are places of the text.
fn fits(diagnostic: &Diagnostic, source: &SourceText) -> bool {
    let labels = diagnostic.labels.iter().map(|label| label.span);
    let mut spans = labels.chain([diagnostic.span]);
    spans.all(|span| source.text().is_char_boundary(span.start) && source.text().is_char_boundary(span.end))
}
