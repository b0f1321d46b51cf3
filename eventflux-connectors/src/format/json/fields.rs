//! The fields of an object: what each key is for, and the order in which they came last.

use std::collections::HashMap;

use super::cursor::{Cursor, DEPTH_MAX};
use super::fault::Parsed;
use super::pattern::Pattern;
use super::string::unescape;
use crate::format::column::{Misfit, excerpt};

/// Keys whose order is remembered, at the most: data with ever new keys does not fill the memory.
const REMEMBERED_MAX: usize = 256;
/// Remembered keys that are tried before a key is looked up.
const TRIED_MAX: usize = 16;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Nothing: its value is skipped.
    None,
    /// The target of this index, by its exact name.
    Exact(usize),
    /// The target of this index, by its name in other case: the exact name goes before.
    Folded(usize),
}

/// What an object's next step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A value follows; the cursor stands before it.
    Value(Use),
    /// The object is over.
    End,
}

/// The keys of an object.
///
/// Records of one source mostly have the same keys in the same order with the same blanks. So the text between two values
/// is first compared with what was there last time, and only read if it differs.
#[derive(Debug, Clone)]
pub struct Fields {
    exact: HashMap<Box<[u8]>, usize>,
    /// By ASCII lower case; `None` where several names have the same.
    folded: HashMap<Box<[u8]>, Option<usize>>,
    /// Opening braces with the first key, the latest in front.
    openings: Vec<(Pattern, Use)>,
    /// What came between values, in order.
    seen: Vec<(Pattern, Use)>,
    /// Whether a key without a target is a fault.
    is_closed: bool,
}

impl Fields {
    /// Fields by name; the target of each is its index.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>, is_closed: bool) -> Self {
        let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
        for (target, name) in names.enumerate() {
            exact.insert(name.as_bytes().into(), target);
            let lower: Box<[u8]> = name.to_ascii_lowercase().into_bytes().into();
            folded
                .entry(lower)
                .and_modify(|target| *target = None)
                .or_insert(Some(target));
        }
        Self {
            exact,
            folded,
            openings: Vec::new(),
            seen: Vec::new(),
            is_closed,
        }
    }

    /// Moves into the object and to its first value. `place` is where the order is known, and moves along.
    #[inline]
    pub fn first(&mut self, cursor: &mut Cursor<'_>, depth: usize, place: &mut usize) -> Parsed<Step> {
        *place = 0;
        if depth < DEPTH_MAX {
            for (pattern, target) in self.openings.iter().take(TRIED_MAX) {
                if pattern.take(cursor) {
                    return Ok(Step::Value(*target));
                }
            }
        }
        let start = cursor.position();
        cursor.open(b'{', depth)?;
        if cursor.skip_blanks() == b'}' {
            cursor.advance(1);
            return Ok(Step::End);
        }
        let target = self.key(cursor)?;
        if self.openings.len() < REMEMBERED_MAX
            && let Some(pattern) = Pattern::new(cursor.since(start))
        {
            self.openings.insert(0, (pattern, target));
        }
        Ok(Step::Value(target))
    }

    /// Moves from the end of a value to the next one.
    #[inline]
    pub fn next(&mut self, cursor: &mut Cursor<'_>, place: &mut usize) -> Parsed<Step> {
        if let Some((pattern, target)) = self.seen.get(*place)
            && pattern.take(cursor)
        {
            *place += 1;
            return Ok(Step::Value(*target));
        }
        if cursor.peek() == b'}' {
            cursor.advance(1);
            return Ok(Step::End);
        }
        self.search(cursor, place)
    }

    /// The next value, where it is not the expected one.
    fn search(&mut self, cursor: &mut Cursor<'_>, place: &mut usize) -> Parsed<Step> {
        let count = self.seen.len();
        for step in 0..TRIED_MAX.min(count) {
            let other = (*place + step) % count;
            let (pattern, target) = &self.seen[other];
            if pattern.take(cursor) {
                *place = other + 1;
                return Ok(Step::Value(*target));
            }
        }
        let start = cursor.position();
        if cursor.has_closed(b'}')? {
            return Ok(Step::End);
        }
        let target = self.key(cursor)?;
        if count < REMEMBERED_MAX
            && let Some(pattern) = Pattern::new(cursor.since(start))
        {
            let at = (*place).min(count);
            self.seen.insert(at, (pattern, target));
            *place = at + 1;
        }
        Ok(Step::Value(target))
    }

    /// Reads a key and moves to its value.
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Use> {
        let token = cursor.string()?;
        let mut unescaped = Vec::new();
        let name = match token.has_escapes {
            true => {
                unescape(token.raw, &mut unescaped).map_err(|reason| cursor.fault(reason))?;
                &unescaped
            }
            false => token.raw,
        };
        let target = self.find(name);
        if target == Use::None && self.is_closed {
            return Err(Misfit::new(format!("there is no column `{}`", excerpt(name))).into());
        }
        cursor.skip_blanks();
        cursor.expect(b':')?;
        cursor.skip_blanks();
        Ok(target)
    }

    fn find(&self, name: &[u8]) -> Use {
        if let Some(target) = self.exact.get(name) {
            return Use::Exact(*target);
        }
        match self.folded.get(&*name.to_ascii_lowercase()) {
            Some(Some(target)) => Use::Folded(*target),
            _ => Use::None,
        }
    }
}
