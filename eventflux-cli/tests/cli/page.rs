//! Every example of the README and of docs/ runs here.
//!
//! A page is walked from top to bottom in a directory of its own that sees the repository's `examples/`:
//!
//! - a fenced block whose info string names a file (```` ```sql app.sql ````, ```` ```ndjson in.ndjson ````) writes that file;
//! - an SQL block without a name must pass `check`, behind the page's prelude (an HTML comment that begins with `prelude`);
//! - a `console` block is a terminal: each `$ ` line is run by a shell, and what it prints on stdout and stderr must be what follows; a
//!   line of `…` stands for any lines, `[3]` after it for that exit code.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{command_in, repository};

struct Block {
    language: String,
    name: Option<String>,
    text: String,
    line: usize,
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let mut folders = vec![repository().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut comment: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        if let Some(block) = &mut comment {
            if line.trim() == "-->" {
                blocks.extend(comment.take());
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(block) = &mut open {
            if line.trim_end() == "```" {
                blocks.extend(open.take());
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if line.trim() == "<!-- prelude" {
            comment = Some(Block {
                language: "prelude".into(),
                name: None,
                text: String::new(),
                line: number + 1,
            });
        } else if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split_whitespace();
            let language = words.next().unwrap_or("").to_owned();
            open = Some(Block {
                language,
                name: words.next().map(str::to_owned),
                text: String::new(),
                line: number + 1,
            });
        }
    }
    assert!(open.is_none() && comment.is_none(), "a block is not closed");
    blocks
}

fn walk(page: &Path) {
    let text = std::fs::read_to_string(page).unwrap();
    let place = TempDir::new().unwrap();
    std::os::unix::fs::symlink(
        repository().canonicalize().unwrap().join("examples"),
        place.path().join("examples"),
    )
    .unwrap();
    let mut prelude = String::new();
    for block in blocks(&text) {
        let at = format!("{}:{}", page.display(), block.line);
        if let Some(name) = &block.name {
            std::fs::write(place.path().join(name), &block.text).unwrap();
        }
        match block.language.as_str() {
            "prelude" => prelude = block.text,
            "sql" => {
                let app = if block.name.is_some() {
                    block.text
                } else {
                    format!("{prelude}{}", block.text)
                };
                std::fs::write(place.path().join("block.sql"), app).unwrap();
                let output = command_in(place.path(), &["check", "block.sql"])
                    .output()
                    .unwrap();
                assert!(
                    output.status.success(),
                    "{at}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            "console" => terminal(place.path(), &block.text, &at),
            _ => {}
        }
    }
}

fn terminal(place: &Path, session: &str, at: &str) {
    let mut lines = session.lines().peekable();
    while let Some(line) = lines.next() {
        let mut command = line
            .strip_prefix("$ ")
            .unwrap_or_else(|| panic!("{at}: expected `$ `, found {line:?}"))
            .to_owned();
        while command.ends_with('\\') {
            command.pop();
            command.push_str(lines.next().expect("a continued line"));
        }
        let mut expected: Vec<&str> = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            expected.push(line);
        }
        let code = match expected
            .last()
            .and_then(|line| line.strip_prefix('[')?.strip_suffix(']')?.parse::<i32>().ok())
        {
            Some(code) => {
                expected.pop();
                code
            }
            None => 0,
        };
        run(place, &command, &expected, code, at);
    }
}

fn run(place: &Path, command: &str, expected: &[&str], code: i32, at: &str) {
    let binary = env!("CARGO_BIN_EXE_eventflux");
    let script = command.replace("cargo run --release -p eventflux-cli --", "eventflux");
    let script = format!("exec 2>&1\n{script}");
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(place);
    // It is found by its name, so that one in the background is a process of its own.
    let folder = Path::new(binary).parent().unwrap().display();
    shell.env(
        "PATH",
        format!("{folder}:{}", std::env::var("PATH").unwrap_or_default()),
    );
    #[cfg(feature = "cluster")]
    shell.env("CLUSTER_HOST", crate::node::own_host());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("EVENTFLUX_")) {
        shell.env_remove(name);
    }
    let output = shell.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut found: Vec<&str> = stdout.lines().collect();
    let mut expected = expected.to_vec();
    // Rows of different keys come from different subtasks, one per core: their order is not promised.
    if command.starts_with("eventflux run") && !expected.contains(&"…") {
        expected.sort_unstable();
        found.sort_unstable();
    }
    assert!(
        fits(&expected, &found),
        "{at}: `{command}` printed\n{stdout}\nnot\n{}",
        expected.join("\n")
    );
    assert_eq!(output.status.code(), Some(code), "{at}: `{command}`\n{stdout}");
}

/// Whether the lines found are the expected ones, where `…` stands for any.
fn fits(expected: &[&str], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((&"…", rest)) => (0..=found.len()).any(|skipped| fits(rest, &found[skipped..])),
        Some((first, rest)) => found.first() == Some(first) && fits(rest, &found[1..]),
    }
}

#[test]
fn every_example_of_the_documentation_runs() {
    let pages = pages();
    assert!(pages.len() > 1);
    for page in pages {
        walk(&page);
    }
}

#[test]
fn an_elision_stands_for_any_lines_and_nothing_else_does() {
    assert!(fits(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(fits(&["…"], &[]));
    assert!(!fits(&["a"], &["a", "b"]));
    assert!(!fits(&["a", "…", "e"], &["a", "d"]));
}
