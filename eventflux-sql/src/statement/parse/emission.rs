//! EMIT and OUTPUT: when results are written.

use sqlparser::tokenizer::Token as Kind;

use super::duration::{duration, positive};
use crate::{
    diagnostic::{Code, Diagnostic, Span, did_you_mean},
    statement::{Emit, EmitMode, OutputLimit, OutputRate, OutputSelection},
    text::{cursor::Cursor, token::Token},
};

/// Whether an EMIT clause begins at `index`, rather than a column of that name.
pub(crate) fn begins_emit(tokens: &[Token], index: usize) -> bool {
    tokens[index].is_word("EMIT")
        && tokens.get(index + 1).is_some_and(|next| {
            next.is_any_word(&[
                "CHANGES", "FINAL", "ON", "EVERY", "AFTER", "BEFORE", "WITHOUT", "WITH",
            ])
        })
}

/// Whether an OUTPUT clause begins at `index`.
pub(crate) fn begins_output(tokens: &[Token], index: usize) -> bool {
    let next = |n: usize| tokens.get(index + n);
    let is_every = |n: usize| next(n).is_some_and(|token| token.is_word("EVERY"));
    tokens[index].is_word("OUTPUT")
        && (is_every(1)
            || next(1).is_some_and(|token| token.is_any_word(&["ALL", "FIRST", "LAST", "SNAPSHOT"])))
}

/// `EMIT CHANGES | FINAL | ON WINDOW CLOSE | EVERY duration`.
pub(super) fn emit(cursor: &mut Cursor<'_>) -> Result<Emit, Diagnostic> {
    let start = cursor.expect_word("EMIT")?;
    let mode = if cursor.take_word("CHANGES") {
        EmitMode::Changes
    } else if cursor.take_word("FINAL") || cursor.take_words(&["ON", "WINDOW", "CLOSE"]) {
        EmitMode::OnWindowClose
    } else if cursor.take_word("EVERY") {
        EmitMode::Every(positive(duration(cursor)?, "the period")?)
    } else {
        let span = start.to(cursor.span());
        return Err(Diagnostic::error(
            Code::InvalidEmit,
            span,
            format!("EMIT is not followed by {}", cursor.found()),
        )
        .with_help("write EMIT CHANGES, EMIT ON WINDOW CLOSE or EMIT EVERY INTERVAL '1' SECOND"));
    };
    Ok(Emit {
        mode,
        span: start.to(cursor.last_span()),
    })
}

/// `OUTPUT [ALL | FIRST | LAST | SNAPSHOT] EVERY n EVENTS | duration`.
pub(super) fn output(cursor: &mut Cursor<'_>) -> Result<OutputRate, Diagnostic> {
    let start = cursor.expect_word("OUTPUT")?;
    let selection = if cursor.take_word("FIRST") {
        OutputSelection::First
    } else if cursor.take_word("LAST") {
        OutputSelection::Last
    } else if cursor.take_word("SNAPSHOT") {
        OutputSelection::Snapshot
    } else {
        cursor.take_word("ALL");
        OutputSelection::All
    };
    cursor.expect_word("EVERY")?;
    let every = match (cursor.peek().map(Token::kind), cursor.peek_nth(1)) {
        (Some(Kind::Number(digits, _)), Some(unit))
            if unit.is_any_word(&["EVENTS", "EVENT", "ROWS", "ROW"]) =>
        {
            let span = cursor.span().to(unit.span);
            let count = digits.parse().ok().filter(|count| *count > 0);
            cursor.take(2);
            OutputLimit::Events(count.ok_or_else(|| not_a_count(span))?)
        }
        (Some(Kind::Number(..)), Some(unit)) => {
            let help = unit.bare_word().and_then(|word| did_you_mean(word, ["EVENTS"]));
            let time = duration(cursor).map_err(|diagnostic| diagnostic.with_help_opt(help))?;
            OutputLimit::Time(positive(time, "the period")?)
        }
        _ => OutputLimit::Time(positive(duration(cursor)?, "the period")?),
    };
    Ok(OutputRate {
        selection,
        every,
        span: start.to(cursor.last_span()),
    })
}

fn not_a_count(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::InvalidEmit,
        span,
        "the number of events must be a whole number above zero",
    )
}
