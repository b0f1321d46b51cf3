//! The source line with a caret, labels and help, as compilers print them.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::{in_order, without_control};
use crate::diagnostic::{Diagnostic, Severity, SourceText, Span};

/// Whether escape sequences for colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// They are.
    Always,
    /// They are not.
    Never,
}

/// Lines around a diagnostic; a text of a mebibyte in one line is not printed whole.
const LINE_BYTES_MAX: usize = 400;

/// Every diagnostic with its source line, separated by empty lines.
pub fn full(source: &SourceText, diagnostics: &[Diagnostic], colour: Colour) -> String {
    let renderer = match colour {
        Colour::Always => Renderer::styled(),
        Colour::Never => Renderer::plain(),
    };
    let rendered: Vec<String> = in_order(diagnostics)
        .into_iter()
        .map(|diagnostic| render(source, diagnostic, &renderer))
        .collect();
    let mut text = rendered.join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn render(source: &SourceText, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(without_control(&diagnostic.message))
        .id(diagnostic.code.name());
    let excerpt = Excerpt::around(source, diagnostic);
    let mut snippet = Snippet::source(same_length_without_control(&excerpt.text))
        .line_start(excerpt.first_line)
        .path(source.name().to_string());
    let at_caret = diagnostic
        .labels
        .iter()
        .find(|label| label.span == diagnostic.span);
    let primary = AnnotationKind::Primary.span(excerpt.range(diagnostic.span));
    snippet = snippet.annotation(match at_caret {
        Some(label) => primary.label(without_control(&label.message)),
        None => primary,
    });
    for label in diagnostic
        .labels
        .iter()
        .filter(|label| label.span != diagnostic.span)
    {
        if excerpt.contains(label.span) {
            let annotation = AnnotationKind::Context.span(excerpt.range(label.span));
            snippet = snippet.annotation(annotation.label(without_control(&label.message)));
        }
    }
    let mut elements: Vec<Element<'_>> = vec![snippet.into()];
    for label in diagnostic
        .labels
        .iter()
        .filter(|label| !excerpt.contains(label.span))
    {
        let place = source.line_column(label.span.start);
        let message = format!("line {}, column {}: {}", place.line, place.column, label.message);
        elements.push(Level::NOTE.message(without_control(&message)).into());
    }
    for help in &diagnostic.help {
        elements.push(Level::HELP.message(without_control(help)).into());
    }
    let report: &[Group<'_>] = &[title.elements(elements)];
    renderer.render(report)
}

/// The part of the text that is shown: the lines of the diagnostic and of its labels, if they are near.
struct Excerpt {
    text: String,
    start: usize,
    first_line: usize,
}

impl Excerpt {
    fn around(source: &SourceText, diagnostic: &Diagnostic) -> Self {
        const BYTES_MAX: usize = 4_000;
        let mut all = diagnostic.span;
        for label in &diagnostic.labels {
            let with_label = all.to(label.span);
            if with_label.len() <= BYTES_MAX {
                all = with_label;
            }
        }
        let text = source.text();
        let start = all.start.min(text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        // Of a very long line only the neighbourhood is shown.
        let start = text.floor_char_boundary(line_start.max(start.saturating_sub(LINE_BYTES_MAX)));
        let end = all
            .end
            .min(text.len())
            .min(all.start.saturating_add(BYTES_MAX))
            .max(all.start.min(text.len()));
        let line_end = text[text.floor_char_boundary(end)..]
            .find('\n')
            .map_or(text.len(), |at| text.floor_char_boundary(end) + at);
        let end = text.floor_char_boundary(line_end.min(end.saturating_add(LINE_BYTES_MAX)));
        Self {
            text: text[start..end].to_string(),
            start,
            first_line: source.line_column(start).line,
        }
    }

    fn contains(&self, span: Span) -> bool {
        span.start >= self.start && span.end <= self.start + self.text.len()
    }

    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let place = |offset: usize| {
            self.text
                .floor_char_boundary(offset.saturating_sub(self.start).min(self.text.len()))
        };
        let (start, end) = (place(span.start), place(span.end));
        start..end.max(start)
    }
}

/// As [`without_control`], and every other byte keeps its place.
fn same_length_without_control(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() && c != '\n' && c != '\t' {
            true => result.extend(std::iter::repeat_n('?', c.len_utf8())),
            false => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn a_long_line_is_shown_in_part() {
        let text = format!("SELECT {} x", "é,".repeat(100_000));
        let at = text.len() - 1;
        let source = SourceText::new("t", text);
        let diagnostic = Diagnostic::error(Code::Syntax, Span::new(at, at + 1), "wrong");
        assert!(full(&source, &[diagnostic], Colour::Never).len() < 3_000);
    }

    #[test]
    fn places_outside_of_the_text_are_rendered() {
        let source = SourceText::new("t", "SELECT");
        let diagnostic = Diagnostic::error(Code::Syntax, Span::new(60, 70), "wrong")
            .with_label(Span::new(99, 100), "here");
        assert!(full(&source, &[diagnostic], Colour::Never).contains("wrong"));
    }

    #[test]
    fn control_characters_of_the_text_do_not_reach_the_terminal() {
        let source = SourceText::new("t", "SELECT '\u{1b}[31m' FROM");
        let diagnostic = Diagnostic::error(Code::Syntax, Span::at(18), "found `\u{1b}[31m`");
        assert!(!full(&source, &[diagnostic], Colour::Never).contains('\u{1b}'));
    }
}
