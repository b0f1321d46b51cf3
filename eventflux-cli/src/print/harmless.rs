//! Text of others, which must not steer a terminal.

/// The text with a sign in place of each control character, line breaks and tabs apart.
pub fn harmless(text: &str) -> String {
    let sign = |c: char| match c.is_control() && c != '\n' && c != '\t' {
        true => '\u{fffd}',
        false => c,
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(harmless("a\u{1b}[31m\tb\nc"), "a\u{fffd}[31m\tb\nc");
    }
}
