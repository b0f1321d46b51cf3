//! Pages of the documentation that are made from the compiler's own tables, whole or in part.

use std::fmt::Write;
use std::path::Path;

use eventflux_core::testing::assert_page;
use eventflux_sql::SETTINGS;

/// Compares a page with what it has to be; with `EVENTFLUX_UPDATE_DOCS=1`, writes it.
pub(crate) fn check(page: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    assert_page(&path, wanted, "cargo test -p eventflux-sql up_to_date");
}

/// A page with the part between `<!-- NAME -->` and `<!-- /NAME -->` replaced.
fn with_part(page: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (head, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, tail) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    format!("{head}{begin}{part}{end}{tail}")
}

#[test]
fn the_settings_in_the_page_of_sql_are_up_to_date() {
    let name = "docs/reference/sql.md";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let page = std::fs::read_to_string(path).unwrap();
    let mut table = "| setting | values | default | |\n|---|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            setting.key, setting.kind, setting.default, setting.doc
        );
    }
    check(name, &with_part(&page, "settings", &table));
}
