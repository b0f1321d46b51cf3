//! SELECT and its clauses.

use sqlparser::ast::{
    Distinct, GroupByExpr, Join, JoinConstraint, JoinOperator, NamedWindowDefinition, NamedWindowExpr,
    Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, TableWithJoins,
    WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::Lower;
use super::instead::{ELEMENTS, FIRST_ROWS, ONE_RELATION};

impl Lower<'_> {
    pub(super) fn select(&mut self, select: &mut Select) {
        let Select {
            select_token,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let place = select_token.0.span;
        let refused: [(bool, &[&str], &str, &str); 13] = [
            (
                !optimizer_hints.is_empty(),
                &[],
                "an optimizer hint",
                "leave it out",
            ),
            (
                select_modifiers.is_some(),
                &[],
                "this modifier of SELECT",
                "leave it out",
            ),
            (top.is_some(), &["TOP"], "TOP", FIRST_ROWS),
            (
                exclude.is_some(),
                &["EXCLUDE"],
                "EXCLUDE behind the list",
                "write `* EXCLUDE (column)`",
            ),
            (
                into.is_some(),
                &["INTO"],
                "SELECT INTO",
                "write `INSERT INTO target SELECT …`",
            ),
            (!lateral_views.is_empty(), &["LATERAL"], "LATERAL VIEW", ELEMENTS),
            (prewhere.is_some(), &["PREWHERE"], "PREWHERE", "write WHERE"),
            (!connect_by.is_empty(), &["CONNECT", "START"], "CONNECT BY", ""),
            (
                !cluster_by.is_empty(),
                &["CLUSTER"],
                "CLUSTER BY",
                "rows are partitioned by themselves",
            ),
            (
                !distribute_by.is_empty(),
                &["DISTRIBUTE"],
                "DISTRIBUTE BY",
                "rows are partitioned by themselves",
            ),
            (
                !sort_by.is_empty(),
                &["SORT"],
                "SORT BY",
                "results of a stream have no end to sort at; leave it out",
            ),
            (
                qualify.is_some(),
                &["QUALIFY"],
                "QUALIFY",
                "today: aggregate with GROUP BY, and filter with HAVING",
            ),
            (value_table_mode.is_some(), &["AS"], "SELECT AS", "leave it out"),
        ];
        for (is_present, words, what, help) in refused {
            if is_present {
                let span = self.places.clause(place, words);
                self.refuse(span, what, help);
            }
        }
        match flavor {
            SelectFlavor::Standard => {}
            SelectFlavor::FromFirst | SelectFlavor::FromFirstNoSelect => {
                let span = self.places.span(place);
                self.refuse(span, "FROM before SELECT", "write `SELECT … FROM …`");
            }
        }
        for relation in from.iter_mut() {
            self.table_with_joins(relation);
        }
        // Group functions become windows of FROM before any expression is looked at.
        self.group_windows(from, group_by, place);
        match distinct {
            Some(Distinct::On(exprs)) => exprs.iter_mut().for_each(|expr| self.expr(expr)),
            Some(Distinct::All | Distinct::Distinct) | None => {}
        }
        for item in projection {
            self.select_item(item);
        }
        for expr in [selection, having].into_iter().flatten() {
            self.expr(expr);
        }
        self.group_by(group_by, place);
        for NamedWindowDefinition(_, definition) in named_window {
            match definition {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => self.window_spec(spec),
            }
        }
    }

    fn group_by(&mut self, group_by: &mut GroupByExpr, place: TokenSpan) {
        let modifiers = match group_by {
            GroupByExpr::All(modifiers) => modifiers,
            GroupByExpr::Expressions(exprs, modifiers) => {
                exprs.iter_mut().for_each(|expr| self.expr(expr));
                modifiers
            }
        };
        if !modifiers.is_empty() {
            let span = self.places.clause(place, &["GROUP"]);
            self.refuse(
                span,
                "this modifier of GROUP BY",
                "write `GROUP BY ROLLUP (…)`, `CUBE (…)` or `GROUPING SETS (…)`",
            );
        }
    }

    fn select_item(&mut self, item: &mut SelectItem) {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => self.expr(expr),
            SelectItem::ExprWithAliases { expr, aliases } => {
                self.expr(expr);
                let span = aliases
                    .first()
                    .map_or(self.places.whole(), |alias| self.places.span(alias.span));
                self.refuse(span, "a list of aliases", "give every column its own alias");
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(_) => {}
                    SelectItemQualifiedWildcardKind::Expr(expr) => self.expr(expr),
                }
                self.wildcard(options);
            }
            SelectItem::Wildcard(options) => self.wildcard(options),
        }
    }

    fn wildcard(&mut self, options: &mut WildcardAdditionalOptions) {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude: _,
            opt_except: _,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        let place = wildcard_token.0.span;
        if let Some(replace) = opt_replace {
            replace
                .items
                .iter_mut()
                .for_each(|item| self.expr(&mut item.expr));
        }
        for (is_present, word) in [
            (opt_ilike.is_some(), "ILIKE"),
            (opt_rename.is_some(), "RENAME"),
            (opt_alias.is_some(), "AS"),
        ] {
            if is_present {
                let span = self.places.clause(place, &[word]);
                self.refuse(span, &format!("{word} behind `*`"), "name the columns");
            }
        }
    }

    pub(super) fn table_with_joins(&mut self, relation: &mut TableWithJoins) {
        let TableWithJoins { relation, joins } = relation;
        self.table_factor(relation);
        for join in joins {
            self.join(join);
        }
    }

    fn join(&mut self, join: &mut Join) {
        let Join {
            relation,
            global,
            join_operator,
        } = join;
        self.table_factor(relation);
        let span = self.table_place(relation);
        if *global {
            self.refuse(span, "GLOBAL JOIN", "leave GLOBAL out");
        }
        match join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::CrossJoin(constraint)
            | JoinOperator::Semi(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::RightSemi(constraint)
            | JoinOperator::Anti(constraint)
            | JoinOperator::LeftAnti(constraint)
            | JoinOperator::RightAnti(constraint) => self.join_constraint(constraint),
            JoinOperator::AsOf {
                match_condition,
                constraint,
            } => {
                self.expr(match_condition);
                self.join_constraint(constraint);
                self.refuse(span, "ASOF JOIN", ONE_RELATION);
            }
            JoinOperator::StraightJoin(constraint) => {
                self.join_constraint(constraint);
                self.refuse(span, "STRAIGHT_JOIN", ONE_RELATION);
            }
            JoinOperator::CrossApply | JoinOperator::OuterApply => {
                self.refuse(span, "APPLY", ELEMENTS);
            }
            JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
                self.refuse(span, "ARRAY JOIN", ELEMENTS);
            }
        }
    }

    fn join_constraint(&mut self, constraint: &mut JoinConstraint) {
        match constraint {
            JoinConstraint::On(expr) => self.expr(expr),
            JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => {}
        }
    }
}
