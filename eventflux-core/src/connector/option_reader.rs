//! Given options, matched to the declared ones.

use super::option_key::unknown_key;
use super::{OptionDoc, OptionError, OptionField, OptionSet, Options};

/// Given options, matched to the declared ones. Made by the `parse` function of an [`options!`](crate::options) struct.
#[derive(Debug)]
pub struct OptionReader<'a> {
    set: OptionSet,
    given: Vec<Given<'a>>,
}

#[derive(Debug)]
struct Given<'a> {
    option: usize,
    part: &'a str,
    key: &'a str,
    value: Option<&'a str>,
}

impl<'a> OptionReader<'a> {
    /// Matches keys to options.
    ///
    /// **Errors** A key that is not one of the options, or two keys that name the same one.
    pub fn new(set: OptionSet, options: &'a Options) -> Result<Self, OptionError> {
        let mut given: Vec<Given<'a>> = Vec::new();
        for (key, value) in options.iter() {
            let Some(found) = set.find(key) else {
                return Err(unknown_key(key, &[set]));
            };
            if let Some(other) = given
                .iter()
                .find(|other| (other.option, other.part) == (found.option, found.part))
            {
                let message = match other.key == key {
                    true => "is given twice".to_owned(),
                    false => format!("is the same option as `{}`, which is given too", other.key),
                };
                return Err(OptionError::new(key, message));
            }
            given.push(Given {
                option: found.option,
                part: found.part,
                key,
                value,
            });
        }
        Ok(Self { set, given })
    }

    /// Reads the option of this name.
    ///
    /// **Errors** It is missing or its value cannot be used.
    pub fn read<T: OptionField>(&self, name: &str) -> Result<T, OptionError> {
        let doc = self.set.docs.iter().find(|doc| doc.name == name);
        T::read(
            doc.ok_or_else(|| OptionError::new(name, "is not declared"))?,
            self,
        )
    }

    /// Whose options they are.
    pub fn owner(&self) -> &'static str {
        self.set.owner
    }

    /// The key and the value of an option, if it is given.
    pub(super) fn value(&self, doc: &OptionDoc) -> Option<(&'a str, Option<&'a str>)> {
        self.parts(doc).next().map(|(_, key, value)| (key, value))
    }

    /// What stands for `*`, the key and the value, of each time that the option is given.
    pub(super) fn parts(&self, doc: &OptionDoc) -> impl Iterator<Item = (&'a str, &'a str, Option<&'a str>)> {
        let name = doc.name;
        let is_it = move |given: &&Given<'a>| self.set.docs[given.option].name == name;
        self.given
            .iter()
            .filter(is_it)
            .map(|given| (given.part, given.key, given.value))
    }
}
