//! How keys find their options: bare or prefixed by the owner's name, by alias, by pattern.

use super::option_error::nearest;
use super::{OptionDoc, OptionError, Options};

/// The options of one connector or format.
#[derive(Debug, Clone, Copy)]
pub struct OptionSet {
    /// The connector's or format's name, which keys may have as a prefix: `kafka.topic` is `topic` of `kafka`.
    pub owner: &'static str,
    /// Its options.
    pub docs: &'static [OptionDoc],
}

/// The option that a key names, and what stands for the `*` of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyMatch<'a> {
    /// Index into the set's docs.
    pub option: usize,
    /// What stands for `*`; empty without one.
    pub part: &'a str,
}

impl OptionSet {
    /// The option that the key names. Plain names go before patterns.
    pub(super) fn find<'a>(&self, key: &'a str) -> Option<KeyMatch<'a>> {
        let bare = self.without_owner(key);
        let spellings = || {
            self.docs.iter().enumerate().flat_map(|(option, doc)| {
                std::iter::once(doc.name)
                    .chain(doc.aliases.iter().copied())
                    .map(move |name| (option, name))
            })
        };
        let plain = spellings()
            .filter(|(_, name)| !name.contains('*'))
            .find(|(_, name)| *name == key || self.without_owner(name) == bare)
            .map(|(option, _)| KeyMatch { option, part: "" });
        plain.or_else(|| {
            spellings().find_map(|(option, name)| {
                let part = part_of(name, key).or_else(|| part_of(self.without_owner(name), bare))?;
                Some(KeyMatch { option, part })
            })
        })
    }

    fn without_owner<'a>(&self, key: &'a str) -> &'a str {
        key.strip_prefix(self.owner)
            .and_then(|rest| rest.strip_prefix('.'))
            .filter(|rest| !rest.is_empty())
            .unwrap_or(key)
    }
}

/// What stands for the `*` of the pattern in the key.
fn part_of<'a>(pattern: &str, key: &'a str) -> Option<&'a str> {
    let (before, after) = pattern.split_once('*')?;
    key.strip_prefix(before)?
        .strip_suffix(after)
        .filter(|part| !part.is_empty())
}

/// The error for a key that none of the sets has, with the nearest name there is.
pub(super) fn unknown_key(key: &str, sets: &[OptionSet]) -> OptionError {
    let owners: Vec<_> = sets.iter().map(|set| format!("`{}`", set.owner)).collect();
    let error = OptionError::new(key, format!("there is no such option of {}", owners.join(" or ")));
    let names = || sets.iter().flat_map(|set| set.docs.iter()).map(|doc| doc.name);
    let by_bare_name = || {
        sets.iter().find_map(|set| {
            let bare = set.without_owner(key);
            let names = set.docs.iter().map(|doc| (set.without_owner(doc.name), doc.name));
            let found = nearest(bare, names.clone().map(|(bare, _)| bare))?;
            names
                .into_iter()
                .find(|(bare, _)| *bare == found)
                .map(|(_, name)| name)
        })
    };
    match nearest(key, names()).or_else(by_bare_name) {
        Some(name) => error.with_help(format!("did you mean `{name}`?")),
        None if names().next().is_none() => error.with_help("it has no options"),
        None => error.with_help(format!(
            "the options are {}",
            names().collect::<Vec<_>>().join(", ")
        )),
    }
}

impl Options {
    /// The connector's options and its format's, each with the keys as the user wrote them. A key that both know is the
    /// connector's, unless it bears the format's name as a prefix.
    ///
    /// **Errors** A key that neither knows.
    pub fn split(&self, connector: OptionSet, format: OptionSet) -> Result<(Options, Options), OptionError> {
        let (mut own, mut rest) = (Vec::new(), Vec::new());
        for (key, value) in self.iter() {
            let entry = (key.to_owned(), value.map(str::to_owned));
            let names_format = key
                .strip_prefix(format.owner)
                .is_some_and(|rest| rest.starts_with('.'));
            let (is_own, is_format) = (connector.find(key).is_some(), format.find(key).is_some());
            if is_format && (names_format || !is_own) {
                rest.push(entry);
            } else if is_own {
                own.push(entry);
            } else {
                return Err(unknown_key(key, &[connector, format]));
            }
        }
        Ok((Options::new(own), Options::new(rest)))
    }
}
