//! Answers to EXPLAIN, DESCRIBE and SHOW, printed before an app runs.

use eventflux::sql::Answer;

use crate::print::{columns, to_stdout};

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
            let lines: Vec<_> = std::iter::once(&answer.columns).chain(&answer.rows).collect();
            out.push_str(&columns(&lines));
        }
    }
    to_stdout(&out);
}
