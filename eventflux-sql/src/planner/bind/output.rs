//! The names of result columns.

use sqlparser::ast::{AccessExpr, Expr, Value, ValueWithSpan};

/// The name of a column whose expression has no alias: that of the column or the function, else the expression's text.
pub(super) fn implicit_name(expr: &Expr) -> String {
    let word = match expr {
        Expr::Identifier(ident) => return ident.value.clone(),
        Expr::CompoundIdentifier(idents) => {
            return idents.last().map_or_else(String::new, |last| last.value.clone());
        }
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(ident))) => return ident.value.clone(),
            _ => return implicit_name(root),
        },
        Expr::Nested(inner) => return implicit_name(inner),
        Expr::Cast { expr: inner, .. } if has_own_name(inner) => return implicit_name(inner),
        Expr::Function(function) => return function.name.to_string().to_lowercase(),
        Expr::Case { .. } => "case",
        Expr::Extract { .. } => "extract",
        Expr::Substring { .. } => "substring",
        Expr::Trim { .. } => "trim",
        Expr::Position { .. } => "position",
        Expr::Overlay { .. } => "overlay",
        Expr::Ceil { .. } => "ceil",
        Expr::Floor { .. } => "floor",
        Expr::Array(_) => "array",
        Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(text),
            ..
        }) => return text.clone(),
        other => return other.to_string(),
    };
    word.to_owned()
}

fn has_own_name(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::CompoundFieldAccess { .. }
        | Expr::Function(_) => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => has_own_name(inner),
        _ => false,
    }
}

/// Makes a name unlike those taken: `count`, `count_2`, `count_3`.
pub(super) fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2_u32..)
        .map(|number| format!("{name}_{number}"))
        .find(|candidate| !is_taken(candidate))
        .unwrap_or_else(|| name.to_owned())
}
