//! What went wrong in an expression, in one sentence for users.

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;

use super::wording::in_our_words;

/// The error's cause in one line: lower case, without the names of the libraries that handed it up and without a full stop.
pub fn error_message(error: &DataFusionError) -> String {
    match error {
        DataFusionError::ArrowError(error, _) => arrow_message(error),
        DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => error_message(error),
        DataFusionError::Shared(error) => error_message(error),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(error) => error_message(error),
            None => tidy(&error.strip_backtrace()),
        },
        DataFusionError::External(error) => source_message(error.as_ref()),
        DataFusionError::Execution(message)
        | DataFusionError::Plan(message)
        | DataFusionError::NotImplemented(message)
        | DataFusionError::Internal(message)
        | DataFusionError::ResourcesExhausted(message) => tidy(message),
        other => tidy(&other.strip_backtrace()),
    }
}

fn arrow_message(error: &ArrowError) -> String {
    match error {
        ArrowError::DivideByZero => "division by zero".to_owned(),
        ArrowError::ArithmeticOverflow(message) => {
            let operation = message.strip_prefix("Overflow happened on: ").unwrap_or(message);
            format!("overflow: {}", tidy(operation))
        }
        ArrowError::ExternalError(error) => source_message(error.as_ref()),
        ArrowError::CastError(message)
        | ArrowError::ComputeError(message)
        | ArrowError::InvalidArgumentError(message)
        | ArrowError::NotYetImplemented(message)
        | ArrowError::ParseError(message)
        | ArrowError::SchemaError(message) => tidy(message),
        other => tidy(&other.to_string()),
    }
}

fn source_message(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    match (
        error.downcast_ref::<DataFusionError>(),
        error.downcast_ref::<ArrowError>(),
    ) {
        (Some(error), _) => error_message(error),
        (_, Some(error)) => arrow_message(error),
        _ => tidy(&error.to_string()),
    }
}

/// What libraries put in front of a message, and behind it.
const PREFIXES: &[&str] = &[
    "Arrow error: ",
    "Cast error: ",
    "Compute error: ",
    "Error during planning: ",
    "Execution error: ",
    "External error: ",
    "Internal error: ",
    "Invalid argument error: ",
    "Parser error: ",
    "This feature is not implemented: ",
];
const SUFFIXES: &[&str] = &["\n\nbacktrace:", "\nThis issue was likely caused by a bug"];

fn tidy(message: &str) -> String {
    let mut message = message;
    for suffix in SUFFIXES {
        message = message.split(suffix).next().unwrap_or(message);
    }
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| message.strip_prefix(prefix)) {
        message = rest;
    }
    // The regex crate draws the pattern and puts the reason last.
    if message.contains("regex parse error")
        && let Some(reason) = message.lines().find_map(|line| line.strip_prefix("error: "))
    {
        return format!("not a regular expression: {reason}");
    }
    let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = in_our_words(one_line.trim_end_matches(['.', ',']));
    let mut words = message.split_whitespace();
    let mut line = words.next().map_or(String::new(), lower_first);
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    line
}

/// The first letter in lower case, unless the word is a name in capitals.
fn lower_first(word: &str) -> String {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second))
            if (second.is_lowercase() || second == '\'')
                && !word[first.len_utf8()..].contains(char::is_uppercase) =>
        {
            format!("{}{}", first.to_lowercase(), &word[first.len_utf8()..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: DataFusionError, expected: &str) {
        assert_eq!(error_message(&error), expected);
    }

    #[test]
    fn the_cause_is_said_without_those_who_passed_it_on() {
        check(
            DataFusionError::from(ArrowError::DivideByZero),
            "division by zero",
        );
        let overflow = ArrowError::ArithmeticOverflow("Overflow happened on: 1 + 2".into());
        check(DataFusionError::from(overflow), "overflow: 1 + 2");
        let inner = DataFusionError::Execution("cannot take square root of a negative number".into());
        let nested = ArrowError::ComputeError(inner.to_string());
        check(
            DataFusionError::from(nested),
            "cannot take square root of a negative number",
        );
        let boxed = ArrowError::ExternalError(Box::new(DataFusionError::Execution("Month is 13".into())));
        check(
            DataFusionError::from(boxed).context("while doing so"),
            "month is 13",
        );
    }

    #[test]
    fn messages_are_one_line() {
        let regex = "Regular expression did not compile: Syntax(\n~~~\nregex parse error:\n    (\n    ^\nerror: unclosed group\n~~~\n)";
        let error = DataFusionError::from(ArrowError::ComputeError(regex.into()));
        check(error, "not a regular expression: unclosed group");
        let bug =
            "Function 'f' failed.\nThis issue was likely caused by a bug in DataFusion's code. Please help.";
        check(DataFusionError::Internal(bug.into()), "function 'f' failed");
        check(DataFusionError::Plan("UDF x\n  takes y".into()), "UDF x takes y");
        check(DataFusionError::Plan("NaN is no date".into()), "NaN is no date");
    }
}
