//! CREATE STREAM, SOURCE, SINK, TABLE and VIEW.

use sqlparser::{ast::Ident, tokenizer::Token as Kind};

use super::{column, options::options, query};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean},
    statement::{CreateRelation, CreateView, RelationKind, StatementKind},
    text::{cursor::Cursor, token::Token},
};

const RELATIONS: &[(&str, RelationKind)] = &[
    ("STREAM", RelationKind::Stream),
    ("SOURCE", RelationKind::Source),
    ("SINK", RelationKind::Sink),
    ("TABLE", RelationKind::Table),
];

/// What can be created, for suggestions.
const CREATED: &[&str] = &["STREAM", "SOURCE", "SINK", "TABLE", "VIEW"];

/// `CREATE [OR REPLACE] …`.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<StatementKind, Diagnostics> {
    cursor.expect_word("CREATE").map_err(one)?;
    let is_or_replace = cursor.take_words(&["OR", "REPLACE"]);
    if let Some((_, kind)) = RELATIONS.iter().find(|(word, _)| cursor.is_word(word)) {
        cursor.advance();
        return relation(cursor, *kind, is_or_replace).map(|it| StatementKind::CreateRelation(Box::new(it)));
    }
    if cursor.take_word("VIEW") {
        return view(cursor, is_or_replace).map(|it| StatementKind::CreateView(Box::new(it)));
    }
    let word = cursor.peek().and_then(Token::bare_word);
    let help = match word.map(str::to_uppercase).as_deref() {
        Some("TEMPORARY" | "TEMP" | "EXTERNAL") => Some(
            "leave the word out: nothing outlives the pipeline, and `WITH (…)` names what is outside".into(),
        ),
        Some("DATABASE" | "SCHEMA" | "CATALOG") => Some("there is one name space per pipeline".into()),
        Some("INDEX") => Some("keys are indexed by themselves".into()),
        _ => word.and_then(|word| did_you_mean(word, CREATED.iter().copied())),
    };
    Err(one(cursor
        .expected("STREAM, SOURCE, SINK, TABLE or VIEW")
        .with_help_opt(help)))
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    vec![diagnostic]
}

fn relation(
    cursor: &mut Cursor<'_>,
    kind: RelationKind,
    is_or_replace: bool,
) -> Result<CreateRelation, Diagnostics> {
    let is_if_not_exists = cursor.take_words(&["IF", "NOT", "EXISTS"]);
    let (name, name_span) = cursor.expect_object_name("a name").map_err(one)?;
    let mut relation = CreateRelation {
        kind,
        is_or_replace,
        is_if_not_exists,
        name,
        name_span,
        columns: Vec::new(),
        watermark: None,
        primary_key: None,
        options: None,
    };
    if cursor.is(&Kind::LParen) {
        let body = cursor.expect_parenthesised("`(`").map_err(one)?;
        column::body(&body, &mut relation)?;
    }
    refuse_clause(cursor).map_err(one)?;
    if cursor.take_word("WITH") {
        relation.options = Some(options(cursor).map_err(one)?);
    }
    refuse_clause(cursor).map_err(one)?;
    if let Some(text) = cursor.peek().filter(|token| token.is_word("WITH")) {
        return Err(one(Diagnostic::error(
            Code::DuplicateClause,
            text.span,
            "WITH is given twice",
        )
        .with_help("put all options into one `WITH (…)`")));
    }
    cursor.expect_end("the statement").map_err(|diagnostic| {
        let found = cursor.peek().and_then(Token::bare_word);
        one(diagnostic.with_help_opt(found.and_then(|found| did_you_mean(found, ["WITH"]))))
    })?;
    Ok(relation)
}

/// Clauses other engines have behind the columns.
fn refuse_clause(cursor: &Cursor<'_>) -> Result<(), Diagnostic> {
    let Some(token) = cursor.peek() else { return Ok(()) };
    let (what, help) = match token.bare_word().map(str::to_uppercase).as_deref() {
        Some("AS") => (
            "a relation cannot be created from a query",
            "declare it, or leave it undeclared, and write `INSERT INTO name SELECT …`",
        ),
        Some("PARTITIONED" | "PARTITION") => (
            "`PARTITIONED BY` is not supported",
            "the key of a sink is an option of its connector: `'key' = 'column'`",
        ),
        Some("COMMENT") => ("`COMMENT` is not supported", "write a comment: `-- …`"),
        Some("LIKE") => ("`LIKE` is not supported", "repeat the columns"),
        Some("FORMAT" | "ENCODE") => ("formats are options", "write `WITH ('format' = 'json')`"),
        Some("WATERMARK" | "PRIMARY") => (
            "this clause stands behind the columns",
            "put it into the parentheses, behind the last column",
        ),
        _ => return Ok(()),
    };
    Err(Diagnostic::error(Code::NotSupported, token.span, what).with_help(help))
}

fn view(cursor: &mut Cursor<'_>, is_or_replace: bool) -> Result<CreateView, Diagnostics> {
    let is_if_not_exists = cursor.take_words(&["IF", "NOT", "EXISTS"]);
    let (name, name_span) = cursor.expect_object_name("a name").map_err(one)?;
    let mut columns: Vec<Ident> = Vec::new();
    if cursor.is(&Kind::LParen) {
        let list = cursor.expect_parenthesised("`(`").map_err(one)?;
        for mut part in list.split_commas() {
            columns.push(part.expect_name("the name of a column").map_err(one)?);
            part.expect_part_end()
                .map_err(|diagnostic| one(diagnostic.with_help("a view takes its types from its query")))?;
        }
        column::refuse_duplicates(cursor.source(), columns.iter()).map_err(one)?;
    }
    if let Some(with) = cursor.peek().filter(|token| token.is_word("WITH")) {
        return Err(one(Diagnostic::error(
            Code::NotSupported,
            with.span,
            "a view has no options",
        )));
    }
    cursor.expect_word("AS").map_err(one)?;
    let query = query::query(cursor)?;
    Ok(CreateView {
        is_or_replace,
        is_if_not_exists,
        name,
        name_span,
        columns,
        query,
    })
}
