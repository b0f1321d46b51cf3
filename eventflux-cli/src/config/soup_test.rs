//! Whatever a file holds, reading it ends in values or in diagnostics that can be shown, and shows no secret.

use std::io;

use eventflux::connector::ResolveReference;
use eventflux::sql::diagnostic::render::{Colour, concise, full, json};
use proptest::prelude::*;

use super::{Purpose, read};

/// A variable, and nothing else.
struct Few;

impl ResolveReference for Few {
    fn env(&self, name: &str) -> Option<String> {
        (name == "SET").then(|| "4".to_owned())
    }

    fn file(&self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Everything that is shown of a text.
fn shown(text: &str, purpose: Purpose) -> String {
    match read("t.yaml", text, purpose, &Few) {
        Ok(effective) => {
            let values = effective.shown(&Few).into_iter();
            let lines = values.map(|(key, value)| format!("{key} {value:?} {:?}\n", effective.origin(&key)));
            lines
                .chain([format!("{effective:?}", effective = effective.config)])
                .collect()
        }
        Err(refused) => {
            assert!(!refused.is_empty());
            let texts = refused.iter().map(|wrong| {
                assert!(!wrong.diagnostics.is_empty());
                assert_eq!(wrong.source.text().len(), text.len());
                [
                    full(&wrong.source, &wrong.diagnostics, Colour::Never),
                    concise(&wrong.source, &wrong.diagnostics),
                    json(&wrong.source, &wrong.diagnostics),
                ]
                .concat()
            });
            texts.collect()
        }
    }
}

const SECRET: &str = "Kanarien!vogel";

/// A good file with a secret wherever there can be one.
const GOOD: &str = "apiVersion: eventflux.io/v1
kind: EventFluxConfig
eventflux:
  run: {parallelism: \"${env:SET}\", settings: {key_groups: 8}}
  distributed:
    node_id: n
    cluster:
      seed_nodes:
        - \"n:1\"
    transport: grpc
    state_backend:
      implementation: redis
      endpoints: [\"redis://:Kanarien!vogel@h:1\"]
      password: Kanarien!vogel
      options:
        aws_secret_access_key: Kanarien!vogel
        aws_token: |
          Kanarien!vogel
          Kanarien!vogel
";

const WORDS: [&str; 28] = [
    "eventflux",
    "distributed",
    "state_backend",
    "password",
    "endpoints",
    "run",
    "settings",
    "node_id",
    "kind",
    "url",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "&a ",
    "*a",
    "<<",
    "${env:SET}",
    "${",
    "|\n",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        shown(&String::from_utf8_lossy(&bytes), Purpose::Node);
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 0..60)) {
        shown(&words.concat(), Purpose::Node);
    }

    #[test]
    fn a_damaged_file_shows_no_secret(
        damages in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_usize, proptest::sample::select(WORDS.to_vec())), 1..4),
        is_node in any::<bool>(),
    ) {
        let mut text = GOOD.to_owned();
        for (place, removed, word) in damages {
            let at = place.index(text.len());
            let end = (at + removed).min(text.len());
            let (at, end) = (text.floor_char_boundary(at), text.ceil_char_boundary(end));
            // The secret itself stays whole: what is cut out of it is no secret.
            let is_apart = text.match_indices(SECRET).all(|(start, secret)| end <= start || start + secret.len() <= at);
            if is_apart {
                text.replace_range(at..end, word);
            }
        }
        let purpose = if is_node { Purpose::Node } else { Purpose::Process };
        let shown = shown(&text, purpose);
        prop_assert!(!shown.contains(SECRET), "{text}\nshows\n{shown}");
    }
}

#[test]
fn a_good_file_is_read_and_shows_no_secret() {
    let text = GOOD.replace(
        "      endpoints: [\"redis://:Kanarien!vogel@h:1\"]\n",
        "      endpoints: [\"h:1\"]\n",
    );
    let start = text.find("      options:").unwrap();
    let effective = read("t.yaml", &text[..start], Purpose::Node, &Few).unwrap();
    let distributed = &effective.config.eventflux.distributed;
    assert_eq!(
        distributed.state_backend.redis_urls(),
        ["redis://:Kanarien%21vogel@h:1"]
    );
    assert_eq!(distributed.node.node_id.as_deref(), Some("n"));
    assert_eq!(
        effective
            .config
            .eventflux
            .run
            .parallelism
            .map(|number| number.get()),
        Some(4)
    );
    assert!(!shown(&text[..start], Purpose::Node).contains(SECRET));
}
