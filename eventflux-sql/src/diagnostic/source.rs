//! A named text and the way from lines and columns to bytes and back.

use super::Span;

/// A one-based line and a one-based column, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// One-based line.
    pub line: usize,
    /// One-based column, counted in characters.
    pub column: usize,
}

/// A text the user wrote, with the name it is known by (a path, `<stdin>`, a test's name).
///
/// **Invariant**: every offset it gives out lies on a character boundary within the text; a place outside of the
/// text is moved to the nearest end, so that a diagnostic can always be rendered.
#[derive(Debug, Clone)]
pub struct SourceText {
    name: String,
    text: String,
    lines: Vec<LineStart>,
    /// The byte offset of every `STRIDE`-th character, so that a column in a very long line is found quickly.
    strides: Vec<usize>,
    char_count: usize,
}

#[derive(Debug, Clone, Copy)]
struct LineStart {
    byte: usize,
    char: usize,
}

const STRIDE: usize = 128;

impl SourceText {
    /// Takes a text and the name to report it under.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut lines = vec![LineStart { byte: 0, char: 0 }];
        let mut strides = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut char_count = 0;
        for (byte, c) in text.char_indices() {
            if char_count % STRIDE == 0 {
                strides.push(byte);
            }
            char_count += 1;
            if c == '\n' {
                lines.push(LineStart {
                    byte: byte + 1,
                    char: char_count,
                });
            }
        }
        Self {
            name: name.into(),
            text,
            lines,
            strides,
            char_count,
        }
    }

    /// The name it is reported under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of the text under `span`.
    pub fn slice(&self, span: Span) -> &str {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.floor_char_boundary(span.end.max(span.start));
        &self.text[start..end]
    }

    /// The byte offset of a one-based line and column (in characters).
    pub fn offset_of(&self, line: u64, column: u64) -> usize {
        let line_index = usize::try_from(line.max(1) - 1).unwrap_or(usize::MAX);
        let column_index = usize::try_from(column.max(1) - 1).unwrap_or(usize::MAX);
        match self.lines.get(line_index) {
            Some(start) => self.offset_of_char(start.char.saturating_add(column_index)),
            None => self.text.len(),
        }
    }

    /// Where `offset` is, for people.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| start.byte <= offset);
        let start = self.lines[line - 1];
        LineColumn {
            line,
            column: self.text[start.byte..offset].chars().count() + 1,
        }
    }

    /// The bytes that a span of sqlparser's tokens or syntax tree covers. A span without position (line 0) is the
    /// end of the text, which is where sqlparser has no position.
    pub fn span_of(&self, span: sqlparser::tokenizer::Span) -> Span {
        if span.start.line == 0 {
            return Span::at(self.text.len());
        }
        let start = self.offset_of(span.start.line, span.start.column);
        let end = self.offset_of(span.end.line, span.end.column);
        Span::new(start, end.max(start))
    }

    fn offset_of_char(&self, index: usize) -> usize {
        if index >= self.char_count {
            return self.text.len();
        }
        let stride_start = self.strides[index / STRIDE];
        let within = self.text[stride_start..].char_indices().nth(index % STRIDE);
        within.map_or(self.text.len(), |(byte, _)| stride_start + byte)
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::tokenizer::{Location, Span as TokenSpan};

    use super::*;

    #[test]
    fn offsets_and_columns_count_characters_over_many_lines() {
        let long = "é".repeat(1_000);
        let source = SourceText::new("t", format!("ab\n{long}x\nlast"));
        let x = source.offset_of(2, 1_001);
        assert_eq!(source.slice(Span::new(x, x + 1)), "x");
        assert_eq!(
            source.line_column(x),
            LineColumn {
                line: 2,
                column: 1_001
            }
        );
        let last = source.offset_of(3, 1);
        assert_eq!(&source.text()[last..], "last");
    }

    #[test]
    fn places_outside_of_the_text_are_moved_to_its_end() {
        let source = SourceText::new("t", "ab\ncd");
        assert_eq!(source.offset_of(9, 1), 5);
        assert_eq!(source.offset_of(2, 99), 5);
        assert_eq!(source.line_column(99), LineColumn { line: 2, column: 3 });
        assert_eq!(source.span_of(TokenSpan::empty()), Span::at(5));
    }

    #[test]
    fn token_spans_become_byte_spans() {
        let source = SourceText::new("t", "é ab");
        let span = TokenSpan::new(Location::new(1, 3), Location::new(1, 5));
        assert_eq!(source.slice(source.span_of(span)), "ab");
    }
}
