//! Tokens with their place in bytes.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Location, Token as Kind, TokenWithSpan, Tokenizer, TokenizerError, Whitespace, Word},
};

use super::dialect::EventFluxDialect;
use crate::diagnostic::{Code, Diagnostic, SourceText, Span};

/// A text longer than this is refused unread.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// A text with more tokens than this (white space and comments do not count) is refused.
pub(crate) const TOKEN_COUNT_MAX: usize = 20_000;

/// A token of the user's text, or one that a splice put in the place of some.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The token as `sqlparser` sees it, with lines and columns.
    pub(crate) inner: TokenWithSpan,
    /// Where it stands, in bytes.
    pub(crate) span: Span,
}

impl Token {
    /// A token that a splice puts where `place` stands.
    pub(crate) fn at(place: &Token, kind: Kind) -> Self {
        Self {
            inner: TokenWithSpan::new(kind, place.inner.span),
            span: place.span,
        }
    }

    /// What it is.
    pub(crate) fn kind(&self) -> &Kind {
        &self.inner.token
    }

    /// The word, if it is one, quoted or not.
    pub(crate) fn word(&self) -> Option<&Word> {
        match &self.inner.token {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The unquoted word, if it is one.
    pub(crate) fn bare_word(&self) -> Option<&str> {
        self.word()
            .filter(|word| word.quote_style.is_none())
            .map(|word| word.value.as_str())
    }

    /// Whether it is this unquoted word, in any case.
    pub(crate) fn is_word(&self, expected: &str) -> bool {
        self.bare_word()
            .is_some_and(|word| word.eq_ignore_ascii_case(expected))
    }

    /// Whether it is one of these unquoted words, in any case.
    pub(crate) fn is_any_word(&self, expected: &[&str]) -> bool {
        expected.iter().any(|word| self.is_word(word))
    }

    /// The keyword of an unquoted word.
    pub(crate) fn keyword(&self) -> Keyword {
        match self.word() {
            Some(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    /// Whether it is exactly this sign.
    pub(crate) fn is(&self, kind: &Kind) -> bool {
        self.inner.token == *kind
    }
}

/// The place of a whole run of tokens.
pub(crate) fn span_of(tokens: &[Token]) -> Option<Span> {
    Some(tokens.first()?.span.to(tokens.last()?.span))
}

/// The tokens of a text without white space and comments, or the one diagnostic that keeps it from having any.
pub(crate) fn tokenise(source: &SourceText) -> Result<Vec<Token>, Diagnostic> {
    let text = source.text();
    if text.len() > TEXT_BYTES_MAX {
        let message = format!(
            "the text has {} bytes, and at most {TEXT_BYTES_MAX} are read",
            text.len()
        );
        return Err(
            Diagnostic::error(Code::TextTooLong, Span::at(TEXT_BYTES_MAX), message)
                .with_help("split the pipeline into several files"),
        );
    }
    let raw = raw_tokens(text).map_err(|error| unreadable(source, &error.message, error.location))?;
    let mut bytes = ByteCounter::new(text);
    let mut tokens = Vec::new();
    for inner in raw {
        let span = Span::new(bytes.offset_of(inner.span.start), bytes.offset_of(inner.span.end));
        match &inner.token {
            Kind::Whitespace(Whitespace::MultiLineComment(comment)) if comment.starts_with('+') => {
                return Err(
                    Diagnostic::error(Code::NotSupported, span, "there are no optimizer hints")
                        .with_help("for a comment, write `/* … */` without the `+`"),
                );
            }
            Kind::Whitespace(_) => continue,
            Kind::Char('\u{feff}') if span.start == 0 => continue,
            Kind::Char(c) => return Err(stray_character(*c, span)),
            _ if tokens.len() == TOKEN_COUNT_MAX => {
                let message = format!("the text has more than {TOKEN_COUNT_MAX} words, literals and signs");
                return Err(Diagnostic::error(Code::TooManyTokens, span, message)
                    .with_help("split the pipeline into several files"));
            }
            _ => tokens.push(Token { inner, span }),
        }
    }
    Ok(tokens)
}

/// The tokens of the text, or enough of them to refuse it: a text that is far too long is not read to its end.
fn raw_tokens(text: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    const FIRST_BYTES: usize = 64 * 1024;
    let dialect = EventFluxDialect::new(0);
    let mut length = FIRST_BYTES;
    loop {
        let mut tokens = Vec::new();
        let prefix = &text[..text.floor_char_boundary(length)];
        let result = Tokenizer::new(&dialect, prefix).tokenize_with_location_into_buf(&mut tokens);
        if prefix.len() == text.len() {
            return result.map(|()| tokens);
        }
        // The last token may be cut, so there must be one more than is refused.
        let is_significant = |token: &&TokenWithSpan| !matches!(token.token, Kind::Whitespace(_));
        if tokens.iter().filter(is_significant).count() > TOKEN_COUNT_MAX + 1 {
            return Ok(tokens);
        }
        length *= 2;
    }
}

fn stray_character(c: char, span: Span) -> Diagnostic {
    let message = format!("the character `{}` has no meaning in SQL", c.escape_debug());
    let help = match c {
        '‘' | '’' | '´' => "strings are written with straight quotes: 'text'",
        '“' | '”' | '„' => "names are quoted with straight quotes: \"name\"",
        '\\' => "a quote within a string is doubled: 'it''s'",
        _ => "names with other characters than letters, digits and `_` are quoted: \"name\"",
    };
    Diagnostic::error(Code::InvalidCharacter, span, message).with_help(help)
}

/// The tokeniser's own error in our words. It has a place and a fixed text per kind of error.
fn unreadable(source: &SourceText, message: &str, location: Location) -> Diagnostic {
    let start = source.offset_of(location.line, location.column);
    let first = source.text()[start..].chars().next().map_or(0, char::len_utf8);
    let span = Span::new(start, start + first);
    let lower = message.to_lowercase();
    if lower.contains("comment") {
        // It is noticed at the end of the text; the place to look is where it was opened.
        let opened = source.text().rfind("/*").map_or(span, |at| Span::new(at, at + 2));
        return Diagnostic::error(Code::UnterminatedText, opened, "this comment is never closed")
            .with_help("close it with `*/`; comments nest");
    }
    if lower.contains("expected close delimiter") {
        return Diagnostic::error(Code::UnterminatedText, span, "this quoted name is never closed");
    }
    if lower.contains("unterminated") {
        return Diagnostic::error(Code::UnterminatedText, span, "this string is never closed")
            .with_help("a quote within a string is doubled: 'it''s'");
    }
    let message = lower.trim_end_matches('.').to_string();
    Diagnostic::error(Code::InvalidCharacter, span, message)
}

/// Turns ascending lines and columns into byte offsets in one pass over the text.
struct ByteCounter<'a> {
    chars: std::str::Chars<'a>,
    offset: usize,
    at: Location,
}

impl<'a> ByteCounter<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.chars(),
            offset: 0,
            at: Location::new(1, 1),
        }
    }

    fn offset_of(&mut self, location: Location) -> usize {
        while self.at < location {
            let Some(c) = self.chars.next() else { break };
            self.offset += c.len_utf8();
            if c == '\n' {
                self.at = Location::new(self.at.line + 1, 1);
            } else {
                self.at.column += 1;
            }
        }
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let source = SourceText::new("t", text);
        let tokens = tokenise(&source).unwrap();
        let slices: Vec<_> = tokens.iter().map(|token| source.slice(token.span)).collect();
        assert_eq!(slices, expected);
    }

    #[test]
    fn tokens_know_their_bytes_across_lines_and_wide_characters() {
        check(
            "SELECT 'é\n',\r\n  x->>'a' -- c\n, \"b c\"",
            &["SELECT", "'é\n'", ",", "x", "->>", "'a'", ",", "\"b c\""],
        );
    }

    #[test]
    fn a_long_text_is_read_as_a_whole_or_refused_at_the_same_token() {
        let comment = "-- x\n".repeat(20_000);
        check(
            &format!("{comment}SELECT 'é{}'", "y".repeat(200_000)),
            &["SELECT", &format!("'é{}'", "y".repeat(200_000))],
        );
        for text in [
            "ab ".repeat(100_000),
            format!("{comment}{}", "ab ".repeat(TOKEN_COUNT_MAX + 1)),
        ] {
            let diagnostic = tokenise(&SourceText::new("t", text.clone())).unwrap_err();
            assert_eq!(diagnostic.code, Code::TooManyTokens);
            assert_eq!(
                text[..diagnostic.span.start].matches("ab").count(),
                TOKEN_COUNT_MAX
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        check("\u{feff}SELECT 1", &["SELECT", "1"]);
    }

    #[test]
    fn a_comparison_with_a_negative_number_needs_no_space() {
        check("a<-1", &["a", "<", "-", "1"]);
    }

    #[test]
    fn both_quotes_of_names_are_read() {
        check("`a b`.\"c\"", &["`a b`", ".", "\"c\""]);
    }
}
