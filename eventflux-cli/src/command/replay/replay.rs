//! The command itself.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use eventflux::batch::json::JsonRows;
use eventflux::runtime::{RuntimeConfig, Stepper};
use eventflux::sql::{CompiledApp, ConnectorMode, OutputMode};

use super::event::Event;
use super::feeder::Feeder;
use crate::app_text::{self, Shown};
use crate::args::{DiagnosticFormat, Global, ReplayArgs};
use crate::exit::Exit;
use crate::print::write_envelope;
use crate::report;

/// What the clock shows at the start, milliseconds since the epoch, unless the first event is earlier.
const START_MS: i64 = 1_700_000_000_000;

/// Why a replay ends early.
enum Stop {
    /// A line of the events file is wrong.
    Line(String),
    Run(eventflux::Error),
    /// Rows cannot be printed.
    Print(io::Error),
}

/// Plays events back.
pub fn replay(arguments: &ReplayArgs, global: &Global) -> Exit {
    prepare(arguments, global).map_or_else(|exit| exit, |app| play(&app, arguments))
}

fn prepare(arguments: &ReplayArgs, global: &Global) -> Result<CompiledApp, Exit> {
    let mut context = app_text::context_of(&arguments.settings)?;
    context.outputs = OutputMode::All;
    context.connectors = ConnectorMode::InProcess;
    let source = app_text::read(&arguments.app)?;
    app_text::compiled(&source, &context, Shown::new(DiagnosticFormat::Full, global))
}

fn play(app: &CompiledApp, arguments: &ReplayArgs) -> Exit {
    let name = arguments.events.display();
    let mut lines = match open(&arguments.events) {
        Ok(lines) => Lines { lines, number: 0 },
        Err(error) => {
            report::mistake(format_args!("cannot read {name}: {error}"));
            return Exit::Usage;
        }
    };
    match play_lines(app, &mut lines, arguments.no_flush) {
        Ok(()) => Exit::Done,
        Err(Stop::Line(message)) => {
            report::mistake(format_args!("{name}:{}: {message}", lines.number));
            Exit::Usage
        }
        Err(Stop::Run(error)) => Exit::while_running(&error),
        // A closed pipe is a reader that has seen enough.
        Err(Stop::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(Stop::Print(error)) => {
            report::mistake(format_args!("rows cannot be printed: {error}"));
            Exit::Environment
        }
    }
}

fn play_lines(app: &CompiledApp, lines: &mut Lines, no_flush: bool) -> Result<(), Stop> {
    let registry = eventflux::built_in_registry();
    let config = RuntimeConfig {
        parallelism: app.settings.parallelism.unwrap_or(1),
        batch_rows_max: app
            .settings
            .batch_size
            .unwrap_or(RuntimeConfig::default().batch_rows_max),
        ..RuntimeConfig::default()
    };
    let first = lines.next()?;
    let start_ms = match &first {
        Some(
            Event::Row {
                ts_ms: Some(ts_ms), ..
            }
            | Event::AdvanceTo(ts_ms),
        ) => START_MS.min(*ts_ms),
        _ => START_MS,
    };
    let mut stepper = Stepper::new(&app.plan, &config, microseconds(start_ms)?)?;
    let mut feeder = Feeder::new(app, &registry, |stream| stepper.schema(stream).cloned())?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    print(&mut stepper, &mut out)?;

    let mut next_ms = start_ms;
    let mut event = first;
    while let Some(current) = event {
        match current {
            Event::AdvanceTo(ms) => {
                not_before(ms, "advance_to", &stepper)?;
                stepper.advance_to(microseconds(ms)?)?;
                next_ms = next_ms.max(ms);
            }
            Event::Row { stream, ts_ms, data } => {
                let ts_ms = ts_ms.unwrap_or(next_ms);
                not_before(ts_ms, "ts", &stepper)?;
                let row = feeder.row(&stream, &data).map_err(Stop::Line)?;
                // The clock moves first: what is due before the row happens before it.
                stepper.advance_to(microseconds(ts_ms)?)?;
                if let Some(row) = row {
                    stepper.feed(&stream, microseconds(ts_ms)?, &row, &[])?;
                }
                next_ms = ts_ms.saturating_add(1);
            }
        }
        print(&mut stepper, &mut out)?;
        event = lines.next()?;
    }
    if !no_flush {
        stepper.end_input()?;
        print(&mut stepper, &mut out)?;
    }
    out.flush().map_err(Stop::Print)?;
    let bad = stepper.metrics().bad_rows();
    if bad > 0 {
        report::warning(format_args!(
            "{bad} bad {}",
            if bad == 1 { "row" } else { "rows" }
        ));
    }
    Ok(())
}

fn microseconds(ms: i64) -> Result<i64, Stop> {
    ms.checked_mul(1000)
        .ok_or_else(|| Stop::Line(format!("the time {ms} ms is out of range")))
}

fn not_before(ms: i64, key: &str, stepper: &Stepper) -> Result<(), Stop> {
    let now_ms = stepper.now_us().div_euclid(1000);
    if ms < now_ms {
        return Err(Stop::Line(format!(
            "`{key}` {ms} lies before the clock, which shows {now_ms}"
        )));
    }
    Ok(())
}

fn print(stepper: &mut Stepper, out: &mut impl Write) -> Result<(), Stop> {
    let mut lines = Vec::new();
    for emission in stepper.take() {
        let rows = JsonRows::new(emission.batch.rows())?;
        for row in 0..emission.batch.num_rows() {
            write_envelope(&emission.stream, &emission.batch, &rows, row, &mut lines).map_err(Stop::Print)?;
            lines.push(b'\n');
        }
    }
    out.write_all(&lines).map_err(Stop::Print)
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(path)?)))
}

struct Lines {
    lines: Box<dyn BufRead>,
    /// Of the line that was read last, from 1.
    number: usize,
}

impl Lines {
    /// The event of the next line that is not empty.
    fn next(&mut self) -> Result<Option<Event>, Stop> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = self.lines.read_until(b'\n', &mut line);
            self.number += 1;
            if length.map_err(|error| Stop::Line(format!("cannot be read: {error}")))? == 0 {
                return Ok(None);
            }
            if !line.trim_ascii().is_empty() {
                return Event::parse(line.trim_ascii()).map(Some).map_err(Stop::Line);
            }
        }
    }
}

impl From<eventflux::Error> for Stop {
    fn from(error: eventflux::Error) -> Self {
        Stop::Run(error)
    }
}
