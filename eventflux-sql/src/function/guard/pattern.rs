//! LIKE with an escape sign of the user's choice.

use datafusion_common::{Result, plan_err};
use datafusion_expr::Expr;
use datafusion_expr::expr::Like;

/// The same LIKE with the backslash as escape sign, the only one that DataFusion has.
///
/// **Errors** The pattern is no constant, or ends in the escape sign.
pub(super) fn with_backslash(like: Like) -> Result<Like> {
    let escape = match like.escape_char {
        None | Some('\\') => return Ok(like),
        Some(escape) => escape,
    };
    let Expr::Literal(value, metadata) = like.pattern.as_ref() else {
        return plan_err!("LIKE … ESCAPE needs a pattern that stands in the text");
    };
    let Some(pattern) = value.try_as_str() else {
        return plan_err!("LIKE … ESCAPE needs a pattern of text");
    };
    let mut converted = String::new();
    let mut chars = pattern.unwrap_or_default().chars();
    while let Some(c) = chars.next() {
        match c {
            c if c == escape => match chars.next() {
                Some(escaped) => converted.extend(['\\', escaped]),
                None => return plan_err!("LIKE pattern must not end with its escape sign"),
            },
            '\\' => converted.push_str("\\\\"),
            c => converted.push(c),
        }
    }
    let converted = pattern.map(|_| converted);
    let pattern = Expr::Literal(datafusion_common::ScalarValue::Utf8(converted), metadata.clone());
    Ok(Like {
        pattern: Box::new(pattern),
        escape_char: None,
        ..like
    })
}
