//! `*` and `relation.*`, written out.

use sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, ObjectName, SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::Binder;
use super::column::name_of;
use super::expression::Clause;
use super::scope::{Scope, ScopeColumn, ScopeRelation};
use crate::catalog::Name;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};

/// A column of a written-out `*`.
pub(super) struct StarColumn {
    /// Its name in the result.
    pub(super) name: String,
    /// Its full name, or what REPLACE puts in its place.
    pub(super) expr: Expr,
    /// Its column, if it is one.
    pub(super) column: Option<ScopeColumn>,
}

impl Binder<'_> {
    /// The columns of `*`, or of `relation.*`.
    pub(super) fn star(
        &mut self,
        qualifier: Option<&SelectItemQualifiedWildcardKind>,
        options: &WildcardAdditionalOptions,
        scope: &Scope,
    ) -> Vec<StarColumn> {
        let place = options.wildcard_token.0.span;
        let relations = match qualifier {
            None => scope.relations.iter().collect(),
            Some(SelectItemQualifiedWildcardKind::ObjectName(name)) => self.qualified(name, scope),
            Some(SelectItemQualifiedWildcardKind::Expr(_)) => {
                let span = self.source.span_of(place);
                self.report(super::refuse::not_yet(span, "`*` of an expression"));
                return Vec::new();
            }
        };
        if relations.is_empty() {
            if scope.relations.is_empty() {
                let span = self.source.span_of(place);
                self.report(Diagnostic::error(
                    Code::UnknownColumn,
                    span,
                    "`*` has no columns, since there is no FROM",
                ));
            }
            return Vec::new();
        }
        let mut columns = written_out(&relations, place);
        for excluded in excluded(options) {
            match self.find(&columns, &excluded) {
                Some(index) => {
                    columns.remove(index);
                }
                None => return Vec::new(),
            }
        }
        for item in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            let Some(index) = self.find(&columns, &item.column_name) else {
                return Vec::new();
            };
            let mut expr = item.expr.clone();
            self.expression(&mut expr, scope, Clause::Select, &[]);
            columns[index].expr = expr;
            columns[index].column = None;
        }
        columns
    }

    fn qualified<'s>(&mut self, name: &ObjectName, scope: &'s Scope) -> Vec<&'s ScopeRelation> {
        let mut name = Name::of_object(name, self.source);
        // A qualifier always has a column behind it.
        let star = crate::catalog::Name::of_ident(&Ident::new("*"), self.source);
        name.parts.extend(star.parts);
        let found: Vec<_> = scope
            .relations
            .iter()
            .filter(|relation| relation.qualifier_length(&name) == Some(name.parts.len() - 1))
            .collect();
        if found.is_empty() {
            name.parts.pop();
            let named = scope.relations.iter().filter(|relation| !relation.is_unnamed);
            let names = named.map(|relation| relation.qualifier.join("."));
            let names: Vec<_> = names.collect();
            let message = format!("there is no relation `{}` here", name.text());
            let help = did_you_mean(&name.text(), names.iter().map(String::as_str))
                .or_else(|| (!names.is_empty()).then(|| format!("in scope: {}", names.join(", "))));
            self.report(Diagnostic::error(Code::UnknownRelation, name.span, message).with_help_opt(help));
        }
        found
    }

    fn find(&mut self, columns: &[StarColumn], ident: &Ident) -> Option<usize> {
        let found = crate::catalog::find_name(ident, columns.iter().map(|column| column.name.as_str()));
        if found.is_none() {
            let message = format!("there is no column `{}` in `*`", ident.value);
            let help = did_you_mean(&ident.value, columns.iter().map(|column| column.name.as_str()));
            let span = self.source.span_of(ident.span);
            self.report(Diagnostic::error(Code::UnknownColumn, span, message).with_help_opt(help));
        }
        found
    }
}

fn written_out(relations: &[&ScopeRelation], place: TokenSpan) -> Vec<StarColumn> {
    let mut columns = Vec::new();
    for relation in relations {
        for column in relation.columns.iter().filter(|column| !column.is_hidden) {
            let mut parts = relation.qualifier.clone();
            parts.push(column.name.clone());
            let expr = name_of(&parts, place);
            columns.push(StarColumn {
                name: column.name.clone(),
                expr,
                column: Some(column.clone()),
            });
        }
    }
    columns
}

/// The names behind EXCLUDE or EXCEPT.
fn excluded(options: &WildcardAdditionalOptions) -> Vec<Ident> {
    let mut idents = Vec::new();
    let last = |name: &ObjectName| name.0.last().and_then(|part| part.as_ident().cloned());
    match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => idents.extend(last(name)),
        Some(ExcludeSelectItem::Multiple(names)) => idents.extend(names.iter().filter_map(last)),
        None => {}
    }
    if let Some(except) = &options.opt_except {
        idents.push(except.first_element.clone());
        idents.extend(except.additional_elements.iter().cloned());
    }
    idents
}
