//! Paths: `$.a.b[0]` of SQL/JSON, and `{a,b,0}` of PostgreSQL.

use datafusion_common::{Result, exec_err};

use super::document::Step;
use crate::function::ArgumentError;

/// Reads `$`, `.key`, `."quoted key"`, `['key']` and `[n]`.
///
/// **Errors** The text is no such path.
pub(super) fn parse_sql_path(path: &str) -> Result<Vec<Step>> {
    let Some(mut rest) = path.trim().strip_prefix('$') else {
        return Err(ArgumentError::new(1, format!("a JSON path begins with `$`, unlike `{path}`")).into());
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let parsed = if let Some(key) = rest.strip_prefix("[") {
            subscript(key)
        } else if let Some(key) = rest.strip_prefix(".\"") {
            key.split_once('"')
                .map(|(key, after)| (Step::Key(key.to_owned()), after))
        } else {
            rest.strip_prefix('.').and_then(member)
        };
        let Some((step, after)) = parsed else {
            let message = format!("`{rest}` is no step of a JSON path");
            return Err(ArgumentError::new(1, message)
                .with_help("the steps are `.key`, `.\"key\"`, `['key']` and `[0]`")
                .into());
        };
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn subscript(text: &str) -> Option<(Step, &str)> {
    for quote in ['\'', '"'] {
        if let Some(key) = text.strip_prefix(quote) {
            let (key, after) = key.split_once(quote)?;
            return Some((Step::Key(key.to_owned()), after.strip_prefix(']')?));
        }
    }
    let (index, after) = text.split_once(']')?;
    Some((Step::Index(index.trim().parse().ok()?), after))
}

fn member(text: &str) -> Option<(Step, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, after) = text.split_at(end);
    let is_plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '$');
    is_plain.then(|| (Step::Key(key.to_owned()), after))
}

/// Reads `{a,b,0}`; elements may be in double quotes.
///
/// **Errors** The text is no such path.
pub(super) fn parse_text_array(path: &str) -> Result<Vec<Step>> {
    let inside = path
        .trim()
        .strip_prefix('{')
        .and_then(|path| path.strip_suffix('}'));
    let Some(inside) = inside else {
        return exec_err!("a path is written as `{{a,b,0}}`, not `{path}`");
    };
    if inside.trim().is_empty() {
        return Ok(Vec::new());
    }
    let element = |text: &str| {
        let text = text.trim();
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        Step::Either(quoted.unwrap_or(text).to_owned())
    };
    Ok(inside.split(',').map(element).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(parse_sql_path("$").unwrap(), []);
        let steps = [key("a"), key("b c"), Step::Index(0), key("d"), Step::Index(-1)];
        assert_eq!(parse_sql_path("$.a.\"b c\"[0]['d'][-1]").unwrap(), steps);
        let either = |text: &str| Step::Either(text.to_owned());
        assert_eq!(
            parse_text_array("{a, \"b\",0}").unwrap(),
            [either("a"), either("b"), either("0")]
        );
        assert_eq!(parse_text_array("{}").unwrap(), []);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "a", "$a", "$.", "$..a", "$[*]", "$[", "$['a]", "$.a[x]", "$.a b", "",
        ] {
            assert!(parse_sql_path(path).is_err(), "{path}");
        }
        assert!(parse_text_array("a,b").is_err());
    }
}
