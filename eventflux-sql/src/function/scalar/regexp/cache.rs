//! Compiled patterns: compiling costs more than matching a batch.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use datafusion_common::{Result, exec_err};
use regex::{Regex, RegexBuilder};

/// So many patterns are kept per thread; when there are more, all are dropped.
const PATTERNS_MAX: usize = 64;

/// A compiled pattern takes no more memory than this.
const PATTERN_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Rc<Regex>>> = RefCell::new(HashMap::new());
}

/// The compiled form of a pattern. It is shared, since a copy of a `Regex` has to grow its caches anew.
///
/// **Errors** The text is no regular expression, or one that is too large.
pub(super) fn compiled(pattern: &str) -> Result<Rc<Regex>> {
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(regex) = patterns.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        match RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build() {
            Ok(regex) => {
                if patterns.len() >= PATTERNS_MAX {
                    patterns.clear();
                }
                let regex = Rc::new(regex);
                patterns.insert(pattern.to_owned(), Rc::clone(&regex));
                Ok(regex)
            }
            Err(regex::Error::CompiledTooBig(_)) => exec_err!("the regular expression is too large"),
            Err(error) => exec_err!("{error}"),
        }
    })
}
