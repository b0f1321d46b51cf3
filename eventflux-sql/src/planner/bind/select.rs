//! One SELECT.

use sqlparser::ast::{Expr, GroupByExpr, Select, SelectItem, Spanned, WildcardAdditionalOptions};

use super::binder::OutputColumn;
use super::column::ident;
use super::expression::{Alias, Clause};
use super::output::{implicit_name, unique};
use super::scope::Scope;
use super::{Binder, refuse};
use crate::catalog::Name;
use crate::planner::cast_mark::mark_casts;

/// A result column on its way.
struct Item {
    expr: Expr,
    name: String,
    has_alias: bool,
    data_type: Option<arrow::datatypes::DataType>,
    span: crate::diagnostic::Span,
}

impl Binder<'_> {
    /// Finds the names of a SELECT and gives its columns.
    pub(super) fn select(&mut self, select: &mut Select) -> Vec<OutputColumn> {
        let refused = refuse::select(select, self.source);
        if !refused.is_empty() {
            self.diagnostics.extend(refused);
            return Vec::new();
        }
        let mut scope = Scope::default();
        if let Some(relation) = select.from.first_mut() {
            // Without its relation, every name would be unknown.
            let Some(found) = self.factor(&mut relation.relation) else {
                return Vec::new();
            };
            scope.relations.push(found);
        }
        if let Some(condition) = &mut select.selection {
            self.select_aliases = aliases_of(&select.projection);
            self.expression(condition, &scope, Clause::Where, &[]);
            self.select_aliases.clear();
        }
        let written = std::mem::take(&mut select.projection);
        let items: Vec<Item> = written
            .into_iter()
            .flat_map(|item| self.item(item, &scope))
            .collect();
        let aliases: Vec<Alias> = items
            .iter()
            .filter(|item| item.has_alias)
            .map(|item| Alias {
                name: item.name.clone(),
                expr: item.expr.clone(),
            })
            .collect();
        if let Some(having) = &mut select.having {
            self.expression(having, &scope, Clause::Having, &aliases);
        }
        let exprs: Vec<&Expr> = items.iter().map(|item| &item.expr).collect();
        let is_grouped = self.group(select, &exprs, &scope, &aliases);
        let columns = output_columns(&items);
        let mut items = items;
        if is_grouped {
            let keys = match &mut select.group_by {
                GroupByExpr::Expressions(keys, _) => keys.as_mut_slice(),
                GroupByExpr::All(_) => &mut [],
            };
            let exprs = items.iter_mut().map(|item| &mut item.expr);
            exprs.chain(keys).chain(&mut select.having).for_each(mark_casts);
        }
        select.projection = items
            .into_iter()
            .zip(&columns)
            .map(|(item, column)| {
                let alias = ident(&column.name, item.expr.span());
                SelectItem::ExprWithAlias {
                    expr: item.expr,
                    alias,
                }
            })
            .collect();
        columns
    }

    fn item(&mut self, item: SelectItem, scope: &Scope) -> Vec<Item> {
        match item {
            SelectItem::UnnamedExpr(expr) => self.expression_item(expr, None, scope),
            SelectItem::ExprWithAlias { expr, alias } => self.expression_item(expr, Some(alias.value), scope),
            SelectItem::Wildcard(options) => self.star_items(None, &options, scope),
            SelectItem::QualifiedWildcard(kind, options) => self.star_items(Some(&kind), &options, scope),
            SelectItem::ExprWithAliases { expr, .. } => {
                let span = self.source.span_of(expr.span());
                self.report(refuse::not_yet(span, "a list of aliases"));
                Vec::new()
            }
        }
    }

    fn expression_item(&mut self, mut expr: Expr, alias: Option<String>, scope: &Scope) -> Vec<Item> {
        let span = self.source.span_of(expr.span());
        let written = expr.clone();
        self.expression(&mut expr, scope, Clause::Select, &[]);
        let column = match &written {
            Expr::Identifier(ident) => scope.resolve(&Name::of_ident(ident, self.source)).ok(),
            Expr::CompoundIdentifier(idents) => scope.resolve(&Name::of_idents(idents, self.source)).ok(),
            _ => None,
        };
        let data_type = column.as_ref().and_then(|column| column.data_type.clone());
        let has_alias = alias.is_some();
        let name = alias.unwrap_or_else(|| match column {
            Some(column) => column.parts.last().cloned().unwrap_or(column.column),
            None => implicit_name(&written),
        });
        vec![Item {
            expr,
            name,
            has_alias,
            data_type,
            span,
        }]
    }

    fn star_items(
        &mut self,
        qualifier: Option<&sqlparser::ast::SelectItemQualifiedWildcardKind>,
        options: &WildcardAdditionalOptions,
        scope: &Scope,
    ) -> Vec<Item> {
        let span = self.source.span_of(options.wildcard_token.0.span);
        let columns = self.star(qualifier, options, scope);
        let item = |column: super::star::StarColumn| Item {
            expr: column.expr,
            name: column.name,
            has_alias: false,
            data_type: column.column.and_then(|column| column.data_type),
            span,
        };
        columns.into_iter().map(item).collect()
    }
}

fn aliases_of(projection: &[SelectItem]) -> Vec<String> {
    let alias = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    };
    projection.iter().filter_map(alias).collect()
}

/// The columns with unique names. A name that is taken from an expression gives way to one that was given.
fn output_columns(items: &[Item]) -> Vec<OutputColumn> {
    let mut names: Vec<Option<String>> = vec![None; items.len()];
    let mut taken: Vec<String> = Vec::new();
    for with_alias in [true, false] {
        for (item, place) in items.iter().zip(&mut names) {
            if item.has_alias == with_alias {
                let name = unique(&item.name, |name| {
                    taken.iter().any(|other| other.eq_ignore_ascii_case(name))
                });
                taken.push(name.clone());
                *place = Some(name);
            }
        }
    }
    items
        .iter()
        .zip(names)
        .map(|(item, name)| {
            let name = name.unwrap_or_default();
            let written = (item.has_alias && name != item.name).then(|| item.name.clone());
            OutputColumn {
                written,
                name,
                data_type: item.data_type.clone(),
                span: item.span,
            }
        })
        .collect()
}
