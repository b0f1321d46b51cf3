//! Paths to nested values: `a.b[0].c`, `$.a['b c']`.

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// The field of an object.
    Field(String),
    /// The item of an array, from 0.
    Item(usize),
}

/// Reads a path; the error says what is wrong with it.
pub fn parse_path(text: &str) -> Result<Vec<PathStep>, String> {
    let mut rest = text.trim();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step = if let Some(inside) = rest.strip_prefix('[') {
            take_bracket(inside, &mut rest)
        } else if let Some(after) = rest.strip_prefix('.') {
            take_name(after, &mut rest)
        } else if steps.is_empty() {
            take_name(rest, &mut rest)
        } else {
            None
        };
        steps.push(step.ok_or_else(|| format!("`{text}` is not a path such as a.b[0].c or a['b c']"))?);
    }
    if steps.is_empty() {
        Err(format!("`{text}` is a path to nothing"))
    } else {
        Ok(steps)
    }
}

fn take_name<'a>(text: &'a str, rest: &mut &'a str) -> Option<PathStep> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    *rest = after;
    (!name.is_empty()).then(|| PathStep::Field(name.to_owned()))
}

fn take_bracket<'a>(text: &'a str, rest: &mut &'a str) -> Option<PathStep> {
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '\'' | '"')) {
        let (name, after) = text[1..].split_once(quote)?;
        *rest = after.strip_prefix(']')?;
        return Some(PathStep::Field(name.to_owned()));
    }
    let (digits, after) = text.split_once(']')?;
    *rest = after;
    digits.parse().ok().map(PathStep::Item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_and_indices() {
        let shown = |text: &str| {
            parse_path(text).map(|steps| {
                let steps = steps.iter().map(|step| match step {
                    PathStep::Field(name) => format!("<{name}>"),
                    PathStep::Item(index) => format!("<{index}>"),
                });
                steps.collect::<String>()
            })
        };
        assert_eq!(shown("a.b[0].c").unwrap(), "<a><b><0><c>");
        assert_eq!(shown("$.a").unwrap(), "<a>");
        assert_eq!(shown("a['b.c'][\"d\"][12]").unwrap(), "<a><b.c><d><12>");
        assert_eq!(shown("$[0]").unwrap(), "<0>");
        for wrong in ["", "$", "a..b", "a.", "a[", "a[x]", "a[-1]", "a['b]", "a[0]b"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }
}
