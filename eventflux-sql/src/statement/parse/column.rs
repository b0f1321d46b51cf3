//! What stands between the parentheses of CREATE STREAM: columns, WATERMARK, PRIMARY KEY.

use std::collections::HashMap;

use sqlparser::{ast::Ident, tokenizer::Token as Kind};

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span, closest, did_you_mean},
    statement::{Column, ColumnKind, CreateRelation, PrimaryKey, SqlType, Watermark},
    text::{
        cursor::Cursor,
        delegate::{Run, parse_data_type},
    },
};

/// Reads all parts into `relation`. Every part with a mistake gives a diagnostic.
pub(super) fn body(body: &Cursor<'_>, relation: &mut CreateRelation) -> Result<(), Diagnostics> {
    let mut diagnostics = Vec::new();
    for cursor in body.split_commas() {
        if let Err(diagnostic) = part(cursor, relation) {
            diagnostics.push(diagnostic);
        }
    }
    if diagnostics.is_empty() {
        let names = relation.columns.iter().map(|column| &column.name);
        match refuse_duplicates(body.source(), names) {
            Ok(()) => return Ok(()),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    Err(diagnostics)
}

fn part(mut cursor: Cursor<'_>, relation: &mut CreateRelation) -> Result<(), Diagnostic> {
    if cursor.is_at_end() {
        return Err(cursor.expected("a column").with_help("remove the comma"));
    }
    refuse_constraint(&cursor)?;
    if cursor.are_words(&["WATERMARK", "FOR"]) {
        let watermark = watermark(&mut cursor)?;
        let span = watermark.span;
        return match relation.watermark.replace(watermark) {
            None => Ok(()),
            Some(first) => Err(twice("WATERMARK", span, first.span)),
        };
    }
    if cursor.are_words(&["PRIMARY", "KEY"]) {
        let start = cursor.span();
        cursor.take(2);
        let list = cursor.expect_parenthesised("`(` and the key's columns")?;
        let mut columns = Vec::new();
        for mut part in list.split_commas() {
            columns.push(part.expect_name("the name of a column")?);
            part.expect_part_end()?;
        }
        if columns.is_empty() {
            return Err(list.expected("the name of a column"));
        }
        let is_not_enforced = cursor.take_words(&["NOT", "ENFORCED"]);
        cursor.expect_part_end()?;
        refuse_duplicates(cursor.source(), columns.iter())?;
        let key = PrimaryKey {
            columns,
            is_not_enforced,
            span: start.to(cursor.last_span()),
        };
        return set_key(relation, key);
    }
    let (column, key) = column(&mut cursor)?;
    relation.columns.push(column);
    key.map_or(Ok(()), |key| set_key(relation, key))
}

fn set_key(relation: &mut CreateRelation, key: PrimaryKey) -> Result<(), Diagnostic> {
    let span = key.span;
    match relation.primary_key.replace(key) {
        None => Ok(()),
        Some(first) => Err(twice("PRIMARY KEY", span, first.span)
            .with_help("a key of several columns is written once: `PRIMARY KEY (a, b)`")),
    }
}

fn twice(clause: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::DuplicateClause, second, format!("{clause} is given twice"))
        .with_label(first, "it is given here first")
}

/// Constraints of other databases.
fn refuse_constraint(cursor: &Cursor<'_>) -> Result<(), Diagnostic> {
    let is_clause = |word: &str, behind: &[&str]| {
        cursor.is_word(word)
            && (cursor
                .peek_nth(1)
                .is_some_and(|next| next.is(&Kind::LParen) || next.is_any_word(behind)))
    };
    let (name, help) = if is_clause("UNIQUE", &["KEY"]) || is_clause("FOREIGN", &["KEY"]) {
        (
            "this constraint",
            "streams have no such constraint; `PRIMARY KEY (…) NOT ENFORCED` names a key",
        )
    } else if is_clause("CHECK", &[]) {
        ("CHECK", "filter with WHERE")
    } else if cursor.is_word("CONSTRAINT")
        && cursor
            .peek_nth(2)
            .is_some_and(|token| token.is_any_word(&["PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]))
    {
        ("a named constraint", "leave the name out: `PRIMARY KEY (…)`")
    } else if is_clause("INDEX", &[]) || is_clause("PERIOD", &["FOR"]) {
        ("this clause", "leave it out")
    } else {
        return Ok(());
    };
    Err(Diagnostic::error(
        Code::NotSupported,
        cursor.span(),
        format!("{name} is not supported"),
    )
    .with_help(help))
}

fn watermark(cursor: &mut Cursor<'_>) -> Result<Watermark, Diagnostic> {
    let start = cursor.span();
    cursor.take(2);
    let column = cursor.expect_name("the event-time column")?;
    let expr = match cursor.is_at_end() {
        true => None,
        false => {
            cursor.expect_word("AS")?;
            if cursor.is_at_end() {
                return Err(cursor
                    .expected("an expression")
                    .with_help("write `AS ts - INTERVAL '5' SECOND`"));
            }
            let run = Run::from(&*cursor);
            let expr = super::query::expression(run)?;
            cursor.take(run.tokens.len());
            Some(expr)
        }
    };
    Ok(Watermark {
        column,
        expr,
        span: start.to(cursor.last_span()),
    })
}

/// Words behind a column's type or expression.
#[derive(Default)]
struct Modifiers {
    is_not_null: bool,
    key: Option<PrimaryKey>,
    metadata: Option<(Option<String>, Span)>,
}

fn column(cursor: &mut Cursor<'_>) -> Result<(Column, Option<PrimaryKey>), Diagnostic> {
    let start = cursor.span();
    let name = cursor.expect_name("the name of a column")?;
    if let Some(diagnostic) = mistyped_clause(&name, start, cursor) {
        return Err(diagnostic);
    }
    if cursor.is_word("AS") {
        return computed(cursor, name, start);
    }
    if cursor.is_at_end() {
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            start,
            format!("the column `{}` has no type", name.value),
        );
        return Err(diagnostic.with_help("write `name TYPE`, or `name AS expression`"));
    }
    let run = Run::from(&*cursor);
    let (data_type, taken) = parse_data_type(run)?;
    let type_start = cursor.span();
    cursor.take(taken);
    let data_type = SqlType::from_ast(&data_type, type_start.to(cursor.last_span()))?;
    let Modifiers {
        is_not_null,
        key,
        metadata,
    } = modifiers(cursor, &name)?;
    let kind = match metadata {
        None => ColumnKind::Physical { data_type },
        Some((key, key_span)) => ColumnKind::Metadata {
            data_type,
            key,
            key_span,
        },
    };
    let span = start.to(cursor.last_span());
    Ok((
        Column {
            name,
            kind,
            is_not_null,
            span,
        },
        key,
    ))
}

fn computed(
    cursor: &mut Cursor<'_>,
    name: Ident,
    start: Span,
) -> Result<(Column, Option<PrimaryKey>), Diagnostic> {
    cursor.advance();
    if cursor.is_at_end() {
        return Err(cursor.expected("an expression"));
    }
    let run = Run::from(&*cursor);
    // `NOT NULL` behind an expression would be read as a test of it.
    if let [.., not, null] = run.tokens
        && not.is_word("NOT")
        && null.is_word("NULL")
    {
        let message = "a computed column takes no NOT NULL";
        return Err(
            Diagnostic::error(Code::InvalidColumn, not.span.to(null.span), message)
                .with_help("leave it out, or put a test in parentheses: `(x IS NOT NULL)`"),
        );
    }
    let expr = Box::new(super::query::expression(run)?);
    let expr_start = cursor.span();
    cursor.take(run.tokens.len());
    let expr_span = expr_start.to(cursor.last_span());
    let span = start.to(expr_span);
    Ok((
        Column {
            name,
            kind: ColumnKind::Computed { expr, expr_span },
            is_not_null: false,
            span,
        },
        None,
    ))
}

/// `WATERMRK FOR ts` would be a column of type FOR.
fn mistyped_clause(name: &Ident, span: Span, cursor: &Cursor<'_>) -> Option<Diagnostic> {
    let clause = match () {
        () if cursor.is_word("FOR") => "WATERMARK",
        () if cursor.is_word("KEY") || cursor.is(&Kind::LParen) => "PRIMARY",
        () => return None,
    };
    let meant = closest(&name.value, [clause])?;
    let found = &name.value;
    Some(
        Diagnostic::error(
            Code::Syntax,
            span,
            format!("expected a column or a clause, found `{found}`"),
        )
        .with_help(format!("did you mean `{meant}`?")),
    )
}

fn modifiers(cursor: &mut Cursor<'_>, name: &Ident) -> Result<Modifiers, Diagnostic> {
    let mut modifiers = Modifiers::default();
    while !cursor.is_at_end() {
        let start = cursor.span();
        if cursor.take_words(&["NOT", "NULL"]) {
            if modifiers.is_not_null {
                return Err(twice("NOT NULL", start.to(cursor.last_span()), start));
            }
            modifiers.is_not_null = true;
        } else if cursor.take_words(&["PRIMARY", "KEY"]) {
            let is_not_enforced = cursor.take_words(&["NOT", "ENFORCED"]);
            let span = start.to(cursor.last_span());
            let key = PrimaryKey {
                columns: vec![name.clone()],
                is_not_enforced,
                span,
            };
            if let Some(first) = modifiers.key.replace(key) {
                return Err(twice("PRIMARY KEY", span, first.span));
            }
        } else if cursor.take_word("METADATA") {
            let metadata = match cursor.take_word("FROM") {
                true => {
                    let (key, span) = cursor
                        .expect_string("the metadata's name")
                        .map_err(|diagnostic| {
                            diagnostic.with_help("it is a string: `METADATA FROM 'offset'`")
                        })?;
                    (Some(key), span)
                }
                false => (None, start),
            };
            if modifiers.metadata.replace(metadata).is_some() {
                return Err(twice("METADATA", start, start));
            }
        } else {
            return Err(refused_modifier(cursor));
        }
    }
    Ok(modifiers)
}

fn refused_modifier(cursor: &Cursor<'_>) -> Diagnostic {
    let word = cursor
        .peek()
        .and_then(|token| token.bare_word())
        .map(str::to_uppercase);
    let (what, help) = match word.as_deref() {
        Some("DEFAULT") => ("DEFAULT", "use `coalesce(column, value)` in the query"),
        Some("NULL") => (
            "NULL",
            "columns may be NULL unless they are NOT NULL; leave the word out",
        ),
        Some("GENERATED") => ("GENERATED", "write a computed column: `name AS expression`"),
        Some("UNIQUE") => ("UNIQUE", "use PRIMARY KEY"),
        Some("AS") => ("AS", "a computed column has no type: `name AS expression`"),
        Some("NOT") => {
            let mut behind = cursor.clone();
            behind.advance();
            let found = behind.peek().and_then(|token| token.bare_word());
            return behind
                .expected("`NULL` behind `NOT`")
                .with_help_opt(found.and_then(|found| did_you_mean(found, ["NULL"])));
        }
        Some("COMMENT") => ("COMMENT", "write a comment: `-- …`"),
        Some("CHECK") => ("CHECK", "filter with WHERE"),
        Some("COLLATE") => ("COLLATE", "strings compare by their bytes"),
        Some("REFERENCES") => ("REFERENCES", "leave it out"),
        Some("VIRTUAL" | "STORED") => ("this word", "leave it out"),
        found => {
            let candidates = ["NOT", "PRIMARY", "METADATA", "DEFAULT"];
            let help = found
                .and_then(|found| closest(found, candidates))
                .map(|candidate| format!("did you mean `{candidate}`?"));
            return cursor
                .expected("NOT NULL, PRIMARY KEY, METADATA or a comma")
                .with_help_opt(help);
        }
    };
    Diagnostic::error(
        Code::NotSupported,
        cursor.span(),
        format!("{what} is not supported behind a column"),
    )
    .with_help(help)
}

/// Two names are the same if they differ in nothing but case, unless quotes say otherwise.
pub(super) fn refuse_duplicates<'a>(
    source: &SourceText,
    names: impl Iterator<Item = &'a Ident>,
) -> Result<(), Diagnostic> {
    let mut seen: HashMap<String, &Ident> = HashMap::new();
    for name in names {
        let key = if name.quote_style.is_some() {
            name.value.clone()
        } else {
            name.value.to_lowercase()
        };
        if let Some(first) = seen.insert(key, name) {
            let message = format!("the column `{}` is named twice", name.value);
            return Err(
                Diagnostic::error(Code::DuplicateColumn, source.span_of(name.span), message)
                    .with_label(source.span_of(first.span), "it is named here first"),
            );
        }
    }
    Ok(())
}
