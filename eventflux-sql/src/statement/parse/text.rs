//! A whole text.

use sqlparser::tokenizer::Token as Kind;

use super::{command, create, insert, later};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, SourceText, did_you_mean},
    statement::{Statement, StatementKind},
    text::{
        cap,
        cursor::Cursor,
        token::{Token, span_of, tokenise},
    },
};

/// With so many mistakes nobody reads on, so neither does the parser.
const DIAGNOSTICS_MAX: usize = 100;

/// The deepest run of calls between two checks of the stack takes less, also in an unoptimised build.
const STACK_BYTES_MIN: usize = 512 * 1024;

/// Reads a whole text into statements, in their order.
///
/// Empty statements (`;;`) are skipped. A text that passes a bound on its size gives that one diagnostic; otherwise
/// every statement with a mistake gives at least one, until a hundred are found.
///
/// **Stack**: as small as the caller's is, it is enough. Parsers and walks go on on a new stack when less than
/// [`STACK_BYTES_MIN`] is left.
pub fn parse(source: &SourceText) -> Result<Vec<Statement>, Diagnostics> {
    // For the whole process, as it is the crate's only way; the default is too small for unoptimised builds.
    recursive::set_minimum_stack_size(STACK_BYTES_MIN);
    let tokens = tokenise(source).map_err(|diagnostic| vec![diagnostic])?;
    cap::check(&tokens).map_err(|diagnostic| vec![diagnostic])?;
    let mut statements = Vec::new();
    let mut diagnostics = Vec::new();
    for run in runs(&tokens) {
        match run_to_statement(source, run) {
            Ok(statement) => statements.push(statement),
            Err(mut found) => diagnostics.append(&mut found),
        }
        if diagnostics.len() >= DIAGNOSTICS_MAX {
            break;
        }
    }
    if diagnostics.is_empty() {
        Ok(statements)
    } else {
        Err(diagnostics)
    }
}

/// The tokens of each statement.
fn runs(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut rest = tokens;
    std::iter::from_fn(move || {
        while let [first, behind @ ..] = rest
            && first.is(&Kind::SemiColon)
        {
            rest = behind;
        }
        if rest.is_empty() {
            return None;
        }
        let length = later::block_length(rest)
            .or_else(|| rest.iter().position(|token| token.is(&Kind::SemiColon)))
            .unwrap_or(rest.len());
        let (run, behind) = rest.split_at(length);
        rest = behind;
        Some(run)
    })
}

fn run_to_statement(source: &SourceText, run: &[Token]) -> Result<Statement, Diagnostics> {
    let end = run.last().map_or(0, |token| token.span.end);
    statement(Cursor::new(source, run, end))
}

/// The whole run as one statement.
pub(super) fn statement(mut cursor: Cursor<'_>) -> Result<Statement, Diagnostics> {
    let Some(first) = cursor.peek() else {
        return Err(vec![cursor.expected("a statement")]);
    };
    let span = span_of(cursor.rest()).unwrap_or(first.span);
    later::refuse(&cursor).map_err(|diagnostic| vec![diagnostic])?;
    let word = first.bare_word().map(str::to_uppercase).unwrap_or_default();
    let kind = match word.as_str() {
        "CREATE" => create::create(&mut cursor)?,
        "INSERT" => StatementKind::Insert(Box::new(insert::insert(&mut cursor)?)),
        "SELECT" | "WITH" | "VALUES" => insert::query_or_insert(&mut cursor)?,
        "EXPLAIN" => command::explain(&mut cursor)?,
        _ if first.is(&Kind::LParen) => insert::query_or_insert(&mut cursor)?,
        "DESCRIBE" | "DESC" => StatementKind::Describe(command::describe(&mut cursor).map_err(one)?),
        "SHOW" => StatementKind::Show(command::show(&mut cursor).map_err(one)?),
        "SET" => StatementKind::Set(command::set(&mut cursor).map_err(one)?),
        "DROP" => StatementKind::Drop(command::drop(&mut cursor).map_err(one)?),
        _ => return Err(vec![unknown(&cursor, first)]),
    };
    Ok(Statement { kind, span })
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    vec![diagnostic]
}

/// Words that begin a statement, for suggestions.
const FIRST_WORDS: &[&str] = &[
    "CREATE", "INSERT", "SELECT", "WITH", "VALUES", "EXPLAIN", "DESCRIBE", "SHOW", "SET", "DROP",
];

fn unknown(cursor: &Cursor<'_>, first: &Token) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::Syntax,
        first.span,
        format!("no statement begins with {}", cursor.found()),
    );
    let Some(word) = first.bare_word() else {
        return diagnostic;
    };
    let help = match word.to_uppercase().as_str() {
        "FROM" => Some("a query begins with SELECT: `SELECT … FROM …`".to_string()),
        "DEFINE" => Some("streams are declared with `CREATE STREAM name (column TYPE, …)`".to_string()),
        "ALTER" => Some("drop and create it again, or edit its CREATE statement".to_string()),
        "USE" | "EXPECT" | "ADVANCE" | "CHECKPOINT" => {
            Some("this statement belongs into a test file; see `eventflux test --help`".to_string())
        }
        _ => did_you_mean(word, FIRST_WORDS.iter().copied()),
    };
    match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic.with_help(
            "statements begin with CREATE, INSERT, SELECT, WITH, EXPLAIN, DESCRIBE, SHOW, SET or DROP",
        ),
    }
}
