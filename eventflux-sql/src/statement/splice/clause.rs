//! Clause windows: `FROM s WINDOW TUMBLING(1 MINUTE)`, `FROM s WINDOW('tumbling', 1 MINUTE)`.

use sqlparser::{
    ast::Ident,
    keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS},
    tokenizer::Token as Kind,
};

use super::carrier;
use crate::{
    diagnostic::{Code, Diagnostic, SourceText, Span, did_you_mean},
    duration::Duration,
    statement::{
        WindowKind,
        parse::{duration, positive},
    },
    text::{
        cursor::{Cursor, quoted},
        token::Token,
    },
};

/// A clause window, taken out of the text.
#[derive(Debug, Clone)]
pub(crate) struct ClauseWindow {
    pub(crate) kind: WindowKind,
    pub(crate) partition_by: Vec<Ident>,
    /// The name of the kind.
    pub(crate) name_span: Span,
    /// From WINDOW to the closing parenthesis.
    pub(crate) span: Span,
}

/// Takes every clause window out and leaves carriers.
pub(super) fn splice(
    source: &SourceText,
    tokens: &[Token],
    end: usize,
) -> Result<(Vec<Token>, Vec<ClauseWindow>), Diagnostic> {
    let mut cursor = Cursor::new(source, tokens, end);
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut clauses = Vec::new();
    while let Some(token) = cursor.peek() {
        if !begins_clause(result.last(), &cursor) {
            result.push(token.clone());
            cursor.advance();
            continue;
        }
        clauses.push(clause(&mut cursor)?);
        // The alias may stand behind the window; `sqlparser` wants it before the carrier.
        result.extend_from_slice(alias(&mut cursor));
        result.extend(carrier(token, clauses.len() - 1));
    }
    Ok((result, clauses))
}

/// Whether WINDOW stands behind a relation and is followed by a window, not by a definition (`WINDOW w AS (…)`).
fn begins_clause(previous: Option<&Token>, cursor: &Cursor<'_>) -> bool {
    let is_call = |n: usize| cursor.peek_nth(n).is_some_and(|token| token.is(&Kind::LParen));
    let is_window = cursor.is_word("WINDOW")
        && (is_call(1)
            || is_call(2)
                && cursor
                    .peek_nth(1)
                    .is_some_and(|token| token.bare_word().is_some()));
    is_window
        && previous.is_some_and(|previous| match previous.kind() {
            Kind::RParen => true,
            Kind::Word(word) => {
                word.quote_style.is_some()
                    || word.keyword != Keyword::AS
                        && word.keyword != Keyword::BY
                        && word.keyword != Keyword::DISTINCT
                        && !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
            }
            _ => false,
        })
}

fn alias<'a>(cursor: &mut Cursor<'a>) -> &'a [Token] {
    if cursor.is_word("AS") {
        return cursor.take(2);
    }
    let is_alias = cursor
        .peek()
        .and_then(Token::word)
        .is_some_and(|word| word.quote_style.is_some() || !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword));
    cursor.take(usize::from(is_alias))
}

/// Kinds of Siddhi and EventFlux that come later.
const LATER: &[&str] = &[
    "length",
    "time",
    "timeLength",
    "lengthBatch",
    "batch",
    "expressionBatch",
    "externalTime",
    "externalTimeBatch",
    "sort",
    "unique",
    "firstUnique",
    "delay",
    "expression",
    "cron",
    "frequent",
    "lossyFrequent",
];

/// Kinds of this version, for suggestions.
const KINDS: &[&str] = &["tumbling", "timeBatch", "hopping", "session"];

fn clause(cursor: &mut Cursor<'_>) -> Result<ClauseWindow, Diagnostic> {
    let start = cursor.expect_word("WINDOW")?;
    let is_quoted = cursor.is(&Kind::LParen);
    let (name, name_span, mut arguments) = if is_quoted {
        let list = cursor.expect_parenthesised("`(`")?;
        let mut parts = list.split_commas().into_iter();
        let mut first = parts.next().unwrap_or_else(|| list.clone());
        let (name, span) = first.expect_string("the kind of the window, such as 'tumbling'")?;
        first.expect_part_end()?;
        (name, span, parts.collect::<Vec<_>>())
    } else {
        let name = cursor.expect_name("the kind of the window")?;
        let span = cursor.last_span();
        let list = cursor.expect_parenthesised("`(`")?;
        (name.value, span, list.split_commas())
    };
    let span = start.to(cursor.last_span());
    let mut call = Arguments {
        name: &name,
        span,
        parts: &mut arguments,
    };
    let mut partition_by = Vec::new();
    let kind = match name.to_lowercase().replace('_', "").as_str() {
        "tumbling" | "tumble" | "timebatch" => WindowKind::Tumble {
            size: call.one_duration("the size")?,
        },
        "hopping" | "hop" => {
            let (slide, size) = call.two_durations(("the slide", "the size"))?;
            if slide.us > size.us {
                let message = format!("the slide of `{name}` is longer than its size");
                return Err(
                    Diagnostic::error(Code::InvalidWindow, slide.span.to(size.span), message)
                        .with_help("the slide comes first: `HOPPING(slide, size)`"),
                );
            }
            WindowKind::Hop { slide, size }
        }
        "session" => {
            if call.parts.len() == 2
                && let Some(mut key) = call.parts.pop()
            {
                partition_by.push(key.expect_name("the column to keep sessions for")?);
                key.expect_part_end()?;
            }
            WindowKind::Session {
                gap: call.one_duration("the gap")?,
            }
        }
        _ => return Err(unknown(&name, name_span)),
    };
    Ok(ClauseWindow {
        kind,
        partition_by,
        name_span,
        span,
    })
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let is_later = |known: &&&str| known.eq_ignore_ascii_case(&name.replace('_', ""));
    if let Some(known) = LATER.iter().find(is_later) {
        return Diagnostic::error(
            Code::NotSupportedYet,
            span,
            format!("the window `{known}` is not supported yet"),
        )
        .with_help("windows of this version are tumbling, hopping and session");
    }
    Diagnostic::error(
        Code::UnknownWindow,
        span,
        format!("no window is named {}", quoted(name)),
    )
    .with_help_opt(did_you_mean(name, KINDS.iter().chain(LATER).copied()))
}

/// The arguments behind a window's kind.
struct Arguments<'a, 'b> {
    name: &'b str,
    span: Span,
    parts: &'b mut Vec<Cursor<'a>>,
}

impl Arguments<'_, '_> {
    fn one_duration(&mut self, what: &str) -> Result<Duration, Diagnostic> {
        match self.parts.as_mut_slice() {
            [only] => argument(only, what),
            _ => Err(self.wrong_count(what)),
        }
    }

    fn two_durations(&mut self, what: (&str, &str)) -> Result<(Duration, Duration), Diagnostic> {
        match self.parts.as_mut_slice() {
            [first, second] => Ok((argument(first, what.0)?, argument(second, what.1)?)),
            _ => Err(self.wrong_count(&format!("{} and {}", what.0, what.1))),
        }
    }

    fn wrong_count(&self, what: &str) -> Diagnostic {
        let count = self.parts.len();
        let message = format!(
            "the window `{}` takes {what}, and {count} arguments are given",
            self.name
        );
        Diagnostic::error(Code::InvalidWindow, self.span, message)
    }
}

fn argument(cursor: &mut Cursor<'_>, what: &str) -> Result<Duration, Diagnostic> {
    let duration = positive(duration(cursor)?, what)?;
    cursor.expect_part_end()?;
    Ok(duration)
}
