//! `eventflux connector` and `eventflux completions`.

use crate::command::Workplace;

#[test]
fn every_listed_connector_and_format_has_a_page() {
    let place = Workplace::new();
    let list = place.run(&["connector", "list"]).exits(0).stdout;
    let names: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for expected in [
        "file",
        "stdin",
        "stdout",
        "blackhole",
        "datagen",
        "nexmark",
        "kafka",
        "json",
        "csv",
        "raw",
        "text",
    ] {
        assert!(names.contains(&expected), "{expected} is missing in\n{list}");
    }
    for name in names {
        let page = place.run(&["connector", "doc", name]).exits(0).stdout;
        assert!(page.contains(name), "{page}");
    }
}

#[test]
fn an_unknown_connector_is_refused_with_a_suggestion() {
    let outcome = Workplace::new().run(&["connector", "doc", "kafak"]).exits(2);
    assert!(outcome.stderr.contains("kafka"), "{}", outcome.stderr);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Workplace::new().run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("replay"), "{shell}");
    }
}
