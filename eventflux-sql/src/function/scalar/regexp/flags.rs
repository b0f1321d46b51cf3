//! Flags of regular expressions.

use std::rc::Rc;

use datafusion_common::{Result, exec_err};
use regex::Regex;

use super::cache::compiled;

/// What the letters of a flags argument say.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// `g`: all matches rather than the first.
    pub(super) is_global: bool,
    /// What stands in front of the pattern: `i` does not look at case, `m` lets `^` and `$` match at lines, `s` lets `.`
    /// match a line break, `x` passes over white space.
    inline: String,
}

impl Flags {
    /// Reads the flags of a call of this function.
    ///
    /// **Errors** There is a letter that is no flag.
    pub(super) fn read(function: &str, letters: &str) -> Result<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            match letter {
                'g' => flags.is_global = true,
                // Case counts by default.
                'c' => {}
                'n' => flags.inline.push('m'),
                'i' | 'm' | 's' | 'x' => flags.inline.push(letter),
                other => return exec_err!("{function} knows the flags g, i, m, s and x, not {other}"),
            }
        }
        Ok(flags)
    }

    /// A pattern with these flags.
    pub(super) fn compile(&self, pattern: &str) -> Result<Rc<Regex>> {
        match self.inline.as_str() {
            "" => compiled(pattern),
            inline => compiled(&format!("(?{inline}){pattern}")),
        }
    }
}
