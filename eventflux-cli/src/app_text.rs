//! Apps from files: reading them, compiling them, and showing what is wrong with them.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use eventflux::sql::diagnostic::render::{Colour, concise, full, json};
use eventflux::sql::diagnostic::{Diagnostic, SourceText};
use eventflux::sql::{CompileContext, CompiledApp, SettingError, Settings, TtlSetting, compile};
use eventflux::time::micros;

use crate::args::{self, DiagnosticFormat, Global};
use crate::config::Refused;
use crate::exit::Exit;
use crate::{log, report};

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub format: DiagnosticFormat,
    pub colour: bool,
    /// Errors only.
    pub is_quiet: bool,
}

impl Shown {
    /// As the flags say.
    pub fn new(format: DiagnosticFormat, global: &Global) -> Self {
        Self {
            format,
            colour: log::colour(global.color),
            is_quiet: global.quiet,
        }
    }

    /// Shows what is wrong with layers of configuration on stderr.
    pub fn show_refused(self, refused: &[Refused]) {
        for wrong in refused {
            self.show(&wrong.source, &wrong.diagnostics);
        }
    }

    /// Shows diagnostics of a text on stderr.
    pub fn show(self, source: &SourceText, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() {
            return;
        }
        let colour = if self.colour {
            Colour::Always
        } else {
            Colour::Never
        };
        let text = match self.format {
            DiagnosticFormat::Full => full(source, diagnostics, colour),
            DiagnosticFormat::Concise => concise(source, diagnostics),
            DiagnosticFormat::Json => json(source, diagnostics),
        };
        report::plain(&text);
        if !text.ends_with('\n') {
            report::plain("\n");
        }
    }
}

/// Reads an app; `-` is standard input.
pub fn read(path: &Path) -> Result<SourceText, Exit> {
    let (name, content) = if path == Path::new("-") {
        let mut content = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut content).map(|_| content);
        ("<stdin>".to_owned(), read)
    } else {
        (path.display().to_string(), std::fs::read(path))
    };
    let content = content.map_err(|error| {
        report::mistake(format!("cannot read {name}: {error}"));
        Exit::Usage
    })?;
    let text = String::from_utf8(content).map_err(|error| {
        report::mistake(format!(
            "{name} is not UTF-8 from byte {} on",
            error.utf8_error().valid_up_to()
        ));
        Exit::Usage
    })?;
    Ok(SourceText::new(name, text))
}

/// The command line's and the configuration's settings, and what an app of the command is compiled against.
pub fn context_of(arguments: &args::Settings) -> Result<CompileContext, Exit> {
    let defaults = Settings {
        state_ttl: arguments.state_ttl.map(ttl_setting),
        ..Settings::default()
    };
    Ok(CompileContext {
        defaults,
        ..context(settings(arguments)?)
    })
}

/// A configured `state_ttl` as a setting.
pub fn ttl_setting(state_ttl: Duration) -> TtlSetting {
    TtlSetting::After(micros(state_ttl))
}

/// The settings of the command line.
fn settings(arguments: &args::Settings) -> Result<Settings, Exit> {
    let mut settings = Settings::default();
    for (key, value) in &arguments.set {
        settings.set(key, value).map_err(|error| {
            let help = match &error {
                SettingError::Unknown { help, .. } => format!("\n  {help}"),
                _ => String::new(),
            };
            report::mistake(format_args!("--set: {error}{help}"));
            Exit::Usage
        })?;
    }
    if let Some(parallelism) = arguments.parallelism {
        settings.parallelism = Some(usize::from(parallelism));
    }
    Ok(settings)
}

/// Compiles an app; mistakes and warnings are shown.
pub fn compiled(source: &SourceText, context: &CompileContext, shown: Shown) -> Result<CompiledApp, Exit> {
    match compile(source, context) {
        Ok(app) => {
            if !shown.is_quiet {
                shown.show(source, &app.warnings);
            }
            Ok(app)
        }
        Err(diagnostics) => {
            shown.show(source, &diagnostics);
            Err(Exit::Usage)
        }
    }
}

/// What an app of the command is compiled against: the built-in connectors, formats and functions.
pub fn context(settings: Settings) -> CompileContext {
    CompileContext {
        registry: eventflux::built_in_registry(),
        settings,
        ..CompileContext::default()
    }
}
