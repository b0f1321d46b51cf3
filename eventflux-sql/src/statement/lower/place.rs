//! Places of nodes that do not know theirs, found by their tokens.

use std::collections::HashMap;

use sqlparser::tokenizer::{Location, Span as TokenSpan, Token as Kind};

use crate::{
    diagnostic::Span,
    duration::mistyped_unit,
    text::{cursor::closing, delegate::Run, token::Token},
};

/// The tokens of a query by their place.
pub(super) struct Places<'a> {
    run: Run<'a>,
    by_start: HashMap<Location, usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(run: Run<'a>) -> Self {
        let mut by_start = HashMap::with_capacity(run.tokens.len());
        for (index, token) in run.tokens.iter().enumerate() {
            by_start.entry(token.inner.span.start).or_insert(index);
        }
        Self { run, by_start }
    }

    /// The whole query.
    pub(super) fn whole(&self) -> Span {
        crate::text::token::span_of(self.run.tokens).unwrap_or(Span::at(self.run.end))
    }

    /// The bytes of a place of the tree; the whole query if it has none.
    pub(super) fn span(&self, span: TokenSpan) -> Span {
        if span.start.line == 0 {
            self.whole()
        } else {
            self.run.source.span_of(span)
        }
    }

    /// A call, from its name to its closing parenthesis.
    pub(super) fn call(&self, name: TokenSpan) -> Span {
        let start = self.span(name);
        let behind_name = self.index(name).map(|index| &self.run.tokens[index..]);
        let open = behind_name
            .and_then(|tokens| Some((tokens, tokens.iter().position(|token| token.is(&Kind::LParen))?)));
        let close = open.and_then(|(tokens, open)| Some(&tokens[open + closing(&tokens[open..])?]));
        close.map_or(start, |close| start.to(close.span))
    }

    /// An interval, from INTERVAL to its unit, by the place of its value.
    pub(super) fn interval(&self, value: TokenSpan) -> Span {
        let span = self.span(value);
        let Some(index) = self.index(value) else {
            return span;
        };
        let word = |token: Option<&Token>| {
            token
                .filter(|token| token.bare_word().is_some())
                .map(|token| token.span)
        };
        let keyword = index.checked_sub(1).and_then(|index| self.run.tokens.get(index));
        let keyword = keyword
            .filter(|token| token.is_word("INTERVAL"))
            .map(|token| token.span);
        let unit = word(self.run.tokens.get(index + 1)).filter(|_| keyword.is_some());
        span.to(keyword.unwrap_or(span)).to(unit.unwrap_or(span))
    }

    /// The first of these words behind a place, on its level of parentheses; the place itself if there is none.
    pub(super) fn clause(&self, behind: TokenSpan, words: &[&str]) -> Span {
        let fallback = self.span(behind);
        let start = self.index(behind).unwrap_or(0);
        let mut depth = 0_i64;
        for token in &self.run.tokens[start.min(self.run.tokens.len())..] {
            match token.kind() {
                Kind::LParen | Kind::LBracket => depth += 1,
                Kind::RParen | Kind::RBracket => depth -= 1,
                _ if depth == 0 && token.is_any_word(words) => return token.span,
                _ => {}
            }
            if depth < 0 {
                break;
            }
        }
        fallback
    }

    /// The first of a run of words.
    pub(super) fn word(&self, words: &[&str]) -> Option<Span> {
        let are_words = |tokens: &&[Token]| tokens.iter().zip(words).all(|(token, word)| token.is_word(word));
        let found = self.run.tokens.windows(words.len().max(1)).find(are_words)?;
        if words.is_empty() {
            None
        } else {
            crate::text::token::span_of(found)
        }
    }

    /// The first occurrence of a word at or behind a place.
    pub(super) fn near(&self, place: TokenSpan, word: &str) -> Option<Span> {
        let start = self.index(place)?.saturating_sub(1);
        self.run.tokens[start..]
            .iter()
            .find(|token| token.is_word(word))
            .map(|token| token.span)
    }

    /// The word behind an interval's number that is almost a unit, and the unit: it would be read as an alias.
    pub(super) fn mistyped_unit(&self, value: TokenSpan) -> Option<(Span, (String, &'static str))> {
        let index = self.index(value)?;
        let has_letter = |text: &str| text.contains(char::is_alphabetic);
        let is_number = match self.run.tokens[index].kind() {
            Kind::SingleQuotedString(text) => !has_letter(text),
            Kind::Number(..) => true,
            _ => false,
        };
        let next = self.run.tokens.get(index + 1).filter(|_| is_number)?;
        let word = next.bare_word()?;
        Some((next.span, (word.to_string(), mistyped_unit(word)?)))
    }

    fn index(&self, span: TokenSpan) -> Option<usize> {
        self.by_start.get(&span.start).copied()
    }
}
