//! What stands in FROM.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    TableAlias, TableFactor, TableFunctionArgs, TableSample, TableSampleKind, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::Lower;
use crate::{
    diagnostic::{Code, Diagnostic, Span, did_you_mean},
    statement::{
        WINDOW_FUNCTION, Window, WindowForm,
        splice::{ClauseWindow, carried},
        window::{FUNCTIONS, function_kind},
    },
};

impl Lower<'_> {
    #[recursive::recursive]
    pub(super) fn table_factor(&mut self, factor: &mut TableFactor) {
        let span = self.table_place(factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                let refused = [
                    (
                        !with_hints.is_empty() || !index_hints.is_empty(),
                        "a hint behind a relation",
                    ),
                    (version.is_some(), "a version of a relation"),
                    (*with_ordinality, "WITH ORDINALITY"),
                    (!partitions.is_empty(), "PARTITION behind a relation"),
                    (json_path.is_some(), "a path behind a relation"),
                ];
                refused
                    .iter()
                    .filter(|(is_present, _)| *is_present)
                    .for_each(|(_, what)| self.refuse(span, what, ""));
                if let Some(alias) = alias {
                    self.alias(alias);
                }
                let clause = sample.take().and_then(|sample| self.clause_of(sample, span));
                match args.take() {
                    Some(args) => {
                        let (name, alias) = (name.clone(), alias.take());
                        *factor = self.table_function(name, args, alias, span);
                    }
                    None => {
                        if let [part] = name.0.as_slice()
                            && let Some(ident) = part.as_ident()
                        {
                            self.count_reference(&ident.value, ident.span);
                        }
                    }
                }
                if let Some(clause) = clause {
                    self.apply(clause, factor, span);
                }
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                if *lateral {
                    self.refuse_yet(span, "LATERAL");
                }
                self.query(subquery);
                if let Some(alias) = alias {
                    self.alias(alias);
                }
                if let Some(clause) = sample.take().and_then(|sample| self.clause_of(sample, span)) {
                    self.apply(clause, factor, span);
                }
            }
            TableFactor::TableFunction { expr, alias } => {
                if let Some(alias) = alias {
                    self.alias(alias);
                }
                match as_call(expr) {
                    Some((name, args)) => {
                        let (args, alias) = (TableFunctionArgs { args, settings: None }, alias.take());
                        *factor = self.table_function(name, args, alias, span);
                    }
                    None => {
                        let diagnostic =
                            Diagnostic::error(Code::Syntax, span, "`TABLE(…)` takes a window function")
                                .with_help(
                                    "write `TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' MINUTE))`",
                                );
                        self.report(diagnostic);
                    }
                }
            }
            TableFactor::Function {
                lateral: _,
                name: _,
                args: _,
                with_ordinality: _,
                alias: _,
            } => {
                self.refuse_yet(span, "LATERAL");
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                with_ordinality,
            } => {
                array_exprs.iter_mut().for_each(|expr| self.expr(expr));
                if let Some(alias) = alias {
                    self.alias(alias);
                }
                if *with_offset || with_offset_alias.is_some() || *with_ordinality {
                    self.refuse_yet(span, "UNNEST with a position");
                }
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.table_with_joins(table_with_joins);
                if let Some(alias) = alias {
                    self.alias(alias);
                }
            }
            TableFactor::Pivot { .. } => {
                let span = self.places.word(&["PIVOT"]).unwrap_or(span);
                self.refuse(span, "PIVOT", "write aggregates with FILTER");
            }
            TableFactor::Unpivot { .. } => {
                let span = self.places.word(&["UNPIVOT"]).unwrap_or(span);
                self.refuse(span, "UNPIVOT", "write UNION ALL");
            }
            TableFactor::MatchRecognize { .. } => self.refuse_yet(span, "MATCH_RECOGNIZE"),
            TableFactor::JsonTable { .. } | TableFactor::OpenJsonTable { .. } => {
                self.refuse(
                    span,
                    "a JSON table",
                    "declare the columns with `json.path` options",
                );
            }
            TableFactor::XmlTable { .. } => self.refuse(span, "XMLTABLE", ""),
            TableFactor::SemanticView { .. } => self.refuse(span, "SEMANTIC_VIEW", ""),
        }
    }

    /// Where a relation stands: its name, or its alias, or else the whole query.
    pub(super) fn table_place(&self, factor: &TableFactor) -> Span {
        match factor {
            TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
                name_place(name).map_or(self.places.whole(), |place| self.places.span(place))
            }
            TableFactor::TableFunction {
                expr: Expr::Function(function),
                ..
            } => name_place(&function.name).map_or(self.places.whole(), |place| self.places.call(place)),
            TableFactor::Derived {
                alias: Some(alias), ..
            }
            | TableFactor::UNNEST {
                alias: Some(alias), ..
            }
            | TableFactor::NestedJoin {
                alias: Some(alias), ..
            } => self.places.span(alias.name.span),
            TableFactor::Derived { subquery, .. } => match subquery.body.as_select() {
                Some(select) => self.places.span(select.select_token.0.span),
                None => self.places.whole(),
            },
            _ => self.places.whole(),
        }
    }

    /// The clause window a carrier stands for; anything else is the user's TABLESAMPLE.
    fn clause_of(&mut self, sample: TableSampleKind, span: Span) -> Option<ClauseWindow> {
        let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample;
        let TableSample {
            modifier: _,
            name: _,
            quantity,
            seed,
            bucket,
            offset,
        } = *sample;
        if offset.is_some() && quantity.is_some() && bucket.is_none() && seed.is_none() {
            // The sample would take an OFFSET that belongs to the query.
            self.refuse(span, "OFFSET directly behind a window", "leave it out");
            return None;
        }
        let index = match quantity.map(|quantity| quantity.value) {
            Some(Expr::Value(ValueWithSpan {
                value: Value::Placeholder(text),
                ..
            })) => carried(&text),
            _ => None,
        };
        let is_plain = seed.is_none() && bucket.is_none();
        let clause = index
            .filter(|_| is_plain)
            .and_then(|index| self.clauses.get_mut(index)?.take());
        if clause.is_none() {
            self.refuse(span, "TABLESAMPLE", "filter on a hash of a column");
        }
        clause
    }

    /// Puts a clause window around the relation it stands behind.
    fn apply(&mut self, clause: ClauseWindow, factor: &mut TableFactor, input_span: Span) {
        let ClauseWindow {
            kind,
            partition_by,
            name_span,
            span,
        } = clause;
        let alias = take_alias(factor);
        let window = Window {
            kind,
            form: WindowForm::Clause,
            input: std::mem::replace(factor, reference(0, TokenSpan::empty(), None)),
            time_column: None,
            partition_by: partition_by.into_iter().map(Expr::Identifier).collect(),
            offset: None,
            name_span,
            input_span,
            time_span: span,
            span,
        };
        let place = factor_place(&window.input);
        *factor = reference(self.add(window), place, alias);
    }

    /// A call in FROM: a window, or nothing that exists.
    fn table_function(
        &mut self,
        name: ObjectName,
        args: TableFunctionArgs,
        alias: Option<TableAlias>,
        span: Span,
    ) -> TableFactor {
        let TableFunctionArgs { args, settings } = args;
        if settings.is_some() {
            self.refuse(span, "SETTINGS", "");
        }
        let place = name_place(&name).unwrap_or(TokenSpan::empty());
        let kind = match name.0.as_slice() {
            [part] => part
                .as_ident()
                .filter(|ident| ident.quote_style.is_none())
                .map(|ident| ident.value.clone()),
            _ => None,
        };
        let Some(kind) = kind.as_deref().and_then(function_kind) else {
            let written = name.to_string();
            let message = format!("no table function is named `{written}`");
            let known = FUNCTIONS.iter().map(|(name, _)| *name).chain(["UNNEST"]);
            let diagnostic = Diagnostic::error(Code::UnknownWindow, self.places.span(place), message)
                .with_help_opt(did_you_mean(&written, known));
            self.report(diagnostic);
            return reference(0, place, alias);
        };
        match self.window_function(kind, place, args) {
            Ok(window) => reference(self.add(window), place, alias),
            Err(diagnostic) => {
                self.report(diagnostic);
                reference(0, place, alias)
            }
        }
    }
}

/// The table factor that stands for a window.
pub(super) fn reference(index: usize, place: TokenSpan, alias: Option<TableAlias>) -> TableFactor {
    let name = Ident {
        value: WINDOW_FUNCTION.to_string(),
        quote_style: None,
        span: place,
    };
    let index = Expr::Value(Value::Number(index.to_string(), false).with_span(place));
    TableFactor::Table {
        name: ObjectName::from(vec![name]),
        alias,
        args: Some(TableFunctionArgs {
            args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(index))],
            settings: None,
        }),
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// A relation by its name alone.
pub(super) fn named(name: ObjectName) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// Takes the alias of a relation, for the window around it.
pub(super) fn take_alias(factor: &mut TableFactor) -> Option<TableAlias> {
    match factor {
        TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => alias.take(),
        _ => None,
    }
}

/// Name and arguments of a plain call.
pub(super) fn as_call(expr: &mut Expr) -> Option<(ObjectName, Vec<FunctionArg>)> {
    let Expr::Function(function) = expr else {
        return None;
    };
    let Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        filter,
        null_treatment,
        over,
        within_group,
    } = function;
    let is_plain = !*uses_odbc_syntax
        && *parameters == FunctionArguments::None
        && filter.is_none()
        && null_treatment.is_none()
        && over.is_none()
        && within_group.is_empty();
    match args {
        FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses,
        }) if is_plain && clauses.is_empty() => Some((name.clone(), std::mem::take(args))),
        _ => None,
    }
}

pub(super) fn name_place(name: &ObjectName) -> Option<TokenSpan> {
    name.0.first()?.as_ident().map(|ident| ident.span)
}

/// A place for a reference to a window over this relation.
pub(super) fn factor_place(factor: &TableFactor) -> TokenSpan {
    match factor {
        TableFactor::Table { name, .. } => name_place(name).unwrap_or(TokenSpan::empty()),
        TableFactor::Derived { subquery, .. } => subquery
            .body
            .as_select()
            .map_or(TokenSpan::empty(), |select| select.select_token.0.span),
        _ => TokenSpan::empty(),
    }
}
