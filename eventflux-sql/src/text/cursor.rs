//! A place in a run of tokens, for the productions that are our own.

use sqlparser::{ast::Ident, ast::ObjectName, keywords::Keyword, tokenizer::Token as Kind};

use super::token::Token;
use crate::diagnostic::{Code, Diagnostic, SourceText, Span, did_you_mean};

/// Reads a run of tokens from left to right.
///
/// **Errors**: every `expect_…` gives a `syntax` diagnostic at the token found, or just behind the last token.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    source: &'a SourceText,
    tokens: &'a [Token],
    next: usize,
    /// Where the run ends, for errors at its end.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `tokens`. An error at the end of the run points to `end`.
    pub(crate) fn new(source: &'a SourceText, tokens: &'a [Token], end: usize) -> Self {
        Self {
            source,
            tokens,
            next: 0,
            end,
        }
    }

    /// The text the tokens are of.
    pub(crate) fn source(&self) -> &'a SourceText {
        self.source
    }

    /// Where the run ends.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The next token.
    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    /// The token `n` after the next.
    pub(crate) fn peek_nth(&self, n: usize) -> Option<&'a Token> {
        self.tokens.get(self.next + n)
    }

    /// Takes the next token.
    pub(crate) fn advance(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.next)?;
        self.next += 1;
        Some(token)
    }

    /// Whether every token is taken.
    pub(crate) fn is_at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    /// The tokens not yet taken.
    pub(crate) fn rest(&self) -> &'a [Token] {
        &self.tokens[self.next..]
    }

    /// Takes the next `count` tokens.
    pub(crate) fn take(&mut self, count: usize) -> &'a [Token] {
        let start = self.next;
        self.next = (start + count).min(self.tokens.len());
        &self.tokens[start..self.next]
    }

    /// The place of the next token, or the end of the run.
    pub(crate) fn span(&self) -> Span {
        self.peek().map_or(Span::at(self.end), |token| token.span)
    }

    /// The place of the last token taken.
    pub(crate) fn last_span(&self) -> Span {
        match self.next.checked_sub(1).and_then(|last| self.tokens.get(last)) {
            Some(token) => token.span,
            None => self.span(),
        }
    }

    /// Whether the next token is this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    /// Whether the next tokens are these words.
    pub(crate) fn are_words(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(n, word)| self.peek_nth(n).is_some_and(|token| token.is_word(word)))
    }

    /// Takes the next token if it is this word.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is_word = self.is_word(word);
        self.next += usize::from(is_word);
        is_word
    }

    /// Takes the next tokens if they are these words.
    pub(crate) fn take_words(&mut self, words: &[&str]) -> bool {
        let are_words = self.are_words(words);
        if are_words {
            self.next += words.len();
        }
        are_words
    }

    /// Whether the next token is this sign.
    pub(crate) fn is(&self, kind: &Kind) -> bool {
        self.peek().is_some_and(|token| token.is(kind))
    }

    /// Takes the next token if it is this sign.
    pub(crate) fn take_sign(&mut self, kind: &Kind) -> bool {
        let is_sign = self.is(kind);
        self.next += usize::from(is_sign);
        is_sign
    }

    /// Takes this word, or it is an error.
    pub(crate) fn expect_word(&mut self, word: &str) -> Result<Span, Diagnostic> {
        if self.take_word(word) {
            return Ok(self.last_span());
        }
        let found = self.peek().and_then(Token::bare_word);
        let help = found.and_then(|found| did_you_mean(found, [word]));
        Err(self.expected(&format!("`{word}`")).with_help_opt(help))
    }

    /// Takes this sign, or it is an error.
    pub(crate) fn expect_sign(&mut self, kind: &Kind) -> Result<Span, Diagnostic> {
        if self.take_sign(kind) {
            Ok(self.last_span())
        } else {
            Err(self.expected(&format!("`{kind}`")))
        }
    }

    /// Takes a name. Words that begin a clause are no names unless quoted.
    pub(crate) fn expect_name(&mut self, what: &str) -> Result<Ident, Diagnostic> {
        match self.peek() {
            Some(token) if is_name(token) => {
                self.next += 1;
                Ok(ident(token))
            }
            Some(token) if token.word().is_some() => Err(self
                .expected(what)
                .with_help("to use this word as a name, quote it: \"name\"")),
            _ => Err(self.expected(what)),
        }
    }

    /// Takes a name of one or more parts.
    pub(crate) fn expect_object_name(&mut self, what: &str) -> Result<(ObjectName, Span), Diagnostic> {
        let mut parts = vec![self.expect_name(what)?];
        let start = self.last_span();
        while self.take_sign(&Kind::Period) {
            // Behind a period every word is a name.
            match self.advance() {
                Some(token) if token.word().is_some() => parts.push(ident(token)),
                _ => {
                    self.next -= 1;
                    return Err(self.expected("a name after the period"));
                }
            }
        }
        Ok((ObjectName::from(parts), start.to(self.last_span())))
    }

    /// Takes a string, and gives its text and place.
    pub(crate) fn expect_string(&mut self, what: &str) -> Result<(String, Span), Diagnostic> {
        match self.peek().map(Token::kind) {
            Some(Kind::SingleQuotedString(text) | Kind::EscapedStringLiteral(text)) => {
                let text = text.clone();
                self.next += 1;
                Ok((text, self.last_span()))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// It is an error if a token is left.
    pub(crate) fn expect_end(&self, behind: &str) -> Result<(), Diagnostic> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.expected(&format!("the end of {behind}")))
        }
    }

    /// It is an error if a token is left of a part of a list.
    pub(crate) fn expect_part_end(&self) -> Result<(), Diagnostic> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.expected("`,` or `)`"))
        }
    }

    /// `expected …, found …` at the next token.
    pub(crate) fn expected(&self, what: &str) -> Diagnostic {
        Diagnostic::error(
            Code::Syntax,
            self.span(),
            format!("expected {what}, found {}", self.found()),
        )
    }

    /// What the next token is, for people.
    pub(crate) fn found(&self) -> String {
        match self.peek() {
            Some(token) => quoted(self.source.slice(token.span)),
            None => found_behind(self.source, self.end),
        }
    }

    /// The tokens inside of the parenthesis that is next, and moves behind its end.
    pub(crate) fn expect_parenthesised(&mut self, what: &str) -> Result<Cursor<'a>, Diagnostic> {
        let open = self.peek().filter(|token| token.is(&Kind::LParen));
        let Some(open) = open else {
            return Err(self.expected(what));
        };
        let Some(length) = closing(self.rest()) else {
            return Err(Diagnostic::error(
                Code::Syntax,
                open.span,
                "this parenthesis is never closed",
            ));
        };
        let all = self.take(length + 1);
        let close = &all[length];
        Ok(Cursor::new(self.source, &all[1..length], close.span.start))
    }

    /// The parts of the run between commas outside of any bracket. An empty run has no parts.
    pub(crate) fn split_commas(&self) -> Vec<Cursor<'a>> {
        if self.is_at_end() {
            return Vec::new();
        }
        let rest = self.rest();
        let mut parts = Vec::new();
        let (mut start, mut depth, mut angles) = (0, 0_usize, 0_usize);
        for (index, token) in rest.iter().enumerate() {
            match token.kind() {
                Kind::LParen | Kind::LBracket | Kind::LBrace => depth += 1,
                Kind::RParen | Kind::RBracket | Kind::RBrace => depth = depth.saturating_sub(1),
                Kind::Lt if index > 0 && is_type_with_angles(&rest[index - 1]) => angles += 1,
                Kind::Gt => angles = angles.saturating_sub(1),
                Kind::ShiftRight => angles = angles.saturating_sub(2),
                Kind::Comma if depth == 0 && angles == 0 => {
                    parts.push(Cursor::new(self.source, &rest[start..index], token.span.start));
                    start = index + 1;
                }
                _ => {}
            }
        }
        parts.push(Cursor::new(self.source, &rest[start..], self.end));
        parts
    }
}

/// The index of the sign that closes the bracket `tokens` begin with.
pub(crate) fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind() {
            Kind::LParen | Kind::LBracket | Kind::LBrace => depth += 1,
            Kind::RParen | Kind::RBracket | Kind::RBrace => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a `<` behind this word opens a type's parameters.
pub(crate) fn is_type_with_angles(token: &Token) -> bool {
    token.is_any_word(&["ARRAY", "MAP", "STRUCT", "ROW", "MULTISET"])
}

/// The token as a name, with its span. Only for words.
pub(crate) fn ident(token: &Token) -> Ident {
    match token.word() {
        Some(word) => Ident {
            value: word.value.clone(),
            quote_style: word.quote_style,
            span: token.inner.span,
        },
        None => Ident {
            value: String::new(),
            quote_style: None,
            span: token.inner.span,
        },
    }
}

/// What stands behind a run of tokens, for people: the comma or bracket that ends it, or the end of the statement.
pub(crate) fn found_behind(source: &SourceText, end: usize) -> String {
    let rest = source.slice(Span::new(end, source.text().len()));
    match rest.trim_start().chars().next() {
        Some(sign @ (',' | ')' | ']')) => quoted(&sign.to_string()),
        _ => "the end of the statement".to_string(),
    }
}

/// A piece of the user's text as it is shown within a sentence: short, on one line, in back quotes.
pub(crate) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let escaped = |c: char| {
        if c.is_control() {
            c.escape_debug().to_string()
        } else {
            c.to_string()
        }
    };
    let mut shown: String = text.chars().take(CHARS_MAX).map(escaped).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn is_name(token: &Token) -> bool {
    token
        .word()
        .is_some_and(|word| word.quote_style.is_some() || !NO_NAMES.contains(&word.keyword))
}

/// Words that are read as the next clause where a name is wanted.
const NO_NAMES: &[Keyword] = &[
    Keyword::AS,
    Keyword::CREATE,
    Keyword::DROP,
    Keyword::FROM,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::INSERT,
    Keyword::INTO,
    Keyword::JOIN,
    Keyword::NOT,
    Keyword::ON,
    Keyword::ORDER,
    Keyword::SELECT,
    Keyword::UNION,
    Keyword::VALUES,
    Keyword::WHERE,
    Keyword::WITH,
];
