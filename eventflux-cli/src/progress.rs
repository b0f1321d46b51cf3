//! The progress line: rates, lag and state, once per quarter second on a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use eventflux::metrics::MetricsSnapshot;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the line is drawn anew.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// A line on stderr that shows how a run goes. Without a terminal it shows nothing.
pub struct Progress {
    bar: ProgressBar,
    last: (Instant, u64, u64),
}

impl Progress {
    /// A line, if stderr is a terminal and one is wanted. Rows printed to the same terminal would tear it apart.
    pub fn new(is_wanted: bool, prints_rows: bool) -> Self {
        let is_shown =
            is_wanted && io::stderr().is_terminal() && !(prints_rows && io::stdout().is_terminal());
        let target = if is_shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            last: (Instant::now(), 0, 0),
        }
    }

    /// Draws the line from the metrics of now.
    pub fn draw(&mut self, metrics: &MetricsSnapshot, now_us: i64) {
        let now = Instant::now();
        let (then, rows_in, rows_out) = self.last;
        let seconds = now.duration_since(then).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let (in_now, out_now) = (metrics.rows_in(), metrics.rows_out());
        self.last = (now, in_now, out_now);
        self.bar.set_message(text(
            per_second(in_now.saturating_sub(rows_in), seconds),
            per_second(out_now.saturating_sub(rows_out), seconds),
            metrics,
            now_us,
        ));
        self.bar.tick();
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn per_second(rows: u64, seconds: f64) -> u64 {
    (rows as f64 / seconds).round() as u64
}

fn text(rate_in: u64, rate_out: u64, metrics: &MetricsSnapshot, now_us: i64) -> String {
    let mut text = format!("in {}/s  out {}/s", HumanCount(rate_in), HumanCount(rate_out));
    if let Some(lag_us) = metrics.lag_us(now_us) {
        let seconds = lag_us.max(0) / 1_000_000;
        // Event times of an archive are years behind: that is age, not lag.
        if seconds < 7 * 86_400 {
            text.push_str(&format!("  lag {seconds} s"));
        }
    }
    text.push_str(&format!("  state {}", HumanBytes(metrics.state_bytes())));
    if metrics.cold_bytes() > 0 {
        text.push_str(&format!(" + {} on disk", HumanBytes(metrics.cold_bytes())));
    }
    if metrics.bad_rows() > 0 {
        text.push_str(&format!("  bad {}", HumanCount(metrics.bad_rows())));
    }
    if metrics.late_rows() > 0 {
        text.push_str(&format!("  late {}", HumanCount(metrics.late_rows())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_rates_and_state() {
        assert_eq!(
            text(1500, 20, &MetricsSnapshot::default(), 0),
            "in 1,500/s  out 20/s  state 0 B"
        );
    }
}
