//! From an expression's text to a typed logical expression, as for a computed column.

use datafusion_expr::Expr;

use crate::diagnostic::SourceText;
use crate::function::FunctionRegistry;
use crate::planner::computed::plan_computed;
use crate::text::delegate::{Run, parse_expr};
use crate::text::token::tokenise;

/// The typed expression, or why it is refused.
pub(super) fn plan(text: &str, functions: &FunctionRegistry) -> Result<Expr, String> {
    let source = SourceText::new("golden", text);
    let tokens = tokenise(&source).map_err(|diagnostic| diagnostic.message)?;
    let run = Run {
        source: &source,
        tokens: &tokens,
        end: text.len(),
    };
    let ast = parse_expr(run).map_err(|diagnostic| diagnostic.message)?;
    match plan_computed(&ast, &[], &source, functions) {
        Ok((typed, _)) => Ok(typed),
        Err(diagnostics) => Err(diagnostics
            .into_iter()
            .map(|diagnostic| diagnostic.message)
            .collect::<Vec<_>>()
            .join("; ")),
    }
}
