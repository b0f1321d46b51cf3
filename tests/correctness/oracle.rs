//! DuckDB, through `scripts/duckdb_oracle.py`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::canonical::{Canonical, Table};

/// A running oracle with the tables loaded.
pub struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Loads the data in a folder.
    pub fn start(folder: &Path) -> Self {
        let python = std::env::var("EVENTFLUX_TEST_PYTHON")
            .expect("EVENTFLUX_TEST_PYTHON names a Python with DuckDB: run scripts/test.sh");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(python)
            .args(["scripts/duckdb_oracle.py", "tests/correctness/duckdb.sql"].map(|path| root.join(path)))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            questions,
            answers,
        }
    }

    /// The result of a query.
    pub fn answer(&mut self, name: &str, sql: &str) -> Table {
        writeln!(self.questions, "{}", json!({ "sql": sql })).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(
            answer["error"].is_null(),
            "{name}: DuckDB says {}",
            answer["error"]
        );
        let texts = |value: &Value| -> Vec<String> {
            value
                .as_array()
                .unwrap()
                .iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect()
        };
        let kinds = texts(&answer["types"]);
        let rows = answer["rows"].as_array().unwrap().iter().map(|row| {
            let cells = row.as_array().unwrap().iter().zip(&kinds);
            cells.map(|(cell, kind)| canonical(kind, cell)).collect()
        });
        Table {
            columns: texts(&answer["columns"]),
            rows: rows.collect(),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn canonical(kind: &str, cell: &Value) -> Canonical {
    match (cell, kind.strip_prefix("list of ")) {
        (Value::Null, _) => Canonical::Null,
        (Value::Array(elements), Some(kind)) => {
            Canonical::List(elements.iter().map(|element| canonical(kind, element)).collect())
        }
        (Value::String(text), None) if kind == "double" => Canonical::Double(text.parse().unwrap()),
        (Value::String(text), None) if kind == "number" => Canonical::Number(text.clone()),
        (Value::String(text), None) => Canonical::Text(text.clone()),
        _ => panic!("a {kind} is {cell}"),
    }
}
