//! Answers to EXPLAIN, DESCRIBE and SHOW, printed before an app runs.

use std::io::Write;

use eventflux::sql::Answer;

/// Prints the answers to stdout: one column as plain lines, several as a table.
pub fn print(answers: &[Answer]) {
    let mut out = String::new();
    for answer in answers {
        if answer.columns.len() == 1 {
            answer
                .rows
                .iter()
                .flatten()
                .for_each(|line| out.push_str(&format!("{line}\n")));
        } else {
            table(answer, &mut out);
        }
    }
    // A closed pipe is a reader that has seen enough.
    let _ = std::io::stdout().write_all(out.as_bytes());
}

fn table(answer: &Answer, out: &mut String) {
    let lines = || std::iter::once(&answer.columns).chain(&answer.rows);
    let mut widths = vec![0; answer.columns.len()];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in lines() {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
}
