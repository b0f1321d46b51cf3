//! Golden plans: every file of `plans/` has its plan beside it.

use std::fmt::Write;

use eventflux_core::plan::render;
use eventflux_sql::diagnostic::SourceText;

#[test]
fn plans_are_as_expected() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let sql = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "plans", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, plan_of(&sql).unwrap());
        });
    }
}

fn plan_of(sql: &str) -> Result<String, std::fmt::Error> {
    let app = match crate::support::compile(sql, &crate::support::context()) {
        Ok(app) => app,
        Err(diagnostics) => return Ok(diagnostics),
    };
    let mut out = String::new();
    for query in &app.queries {
        writeln!(out, "-- {}\n{}", query.name, query.text)?;
    }
    out.push_str(&render::text(&app.plan));
    for answer in &app.answers {
        writeln!(out, "\nanswer: {}", answer.columns.join(" | "))?;
        for row in &answer.rows {
            writeln!(out, "  {}", row.join(" | "))?;
        }
    }
    let source = SourceText::new("app.sql", sql);
    if !app.warnings.is_empty() {
        writeln!(
            out,
            "\n{}",
            eventflux_sql::diagnostic::render::concise(&source, &app.warnings)
        )?;
    }
    Ok(out)
}
