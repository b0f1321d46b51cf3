//! Aligned columns, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use eventflux::arrow::datatypes::DataType;
use eventflux::batch::EventBatch;
use eventflux::batch::json::Cell;

use super::RowPrinter;

/// Wider cells are cut, with a mark.
const CELL_CHARS_MAX: usize = 60;

/// Prints each stream under its own header. Column widths grow with what has been seen: rows appear as they come, so a
/// later, wider value widens only the rows after it. A changelog has the kind of each row in its first column.
#[derive(Default)]
pub struct TablePrinter {
    changelogs: BTreeSet<String>,
    widths: BTreeMap<String, Vec<usize>>,
    last_stream: Option<String>,
}

impl TablePrinter {
    /// A printer that knows which streams are changelogs.
    pub fn new(changelogs: BTreeSet<String>) -> Self {
        Self {
            changelogs,
            ..Self::default()
        }
    }
}

impl RowPrinter for TablePrinter {
    fn print(&mut self, stream: &str, batch: &EventBatch, out: &mut Vec<u8>) -> io::Result<()> {
        let schema = batch.schema();
        let is_changelog = self.changelogs.contains(stream);
        let columns = batch.rows().columns().iter().zip(schema.fields());
        let columns: Vec<Cell<'_>> = columns
            .map(|(column, field)| Cell::new(column.as_ref(), field))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let rows: Vec<Vec<String>> = (0..batch.num_rows())
            .map(|row| columns.iter().map(|column| text_of(column, row)).collect())
            .collect();

        let widths = self.widths.entry(stream.to_owned()).or_insert_with(|| {
            schema
                .fields()
                .iter()
                .map(|field| field.name().chars().count())
                .collect()
        });
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if self.last_stream.as_deref() != Some(stream) {
            if self.last_stream.is_some() {
                writeln!(out)?;
            }
            write_header(stream, &schema, widths, is_changelog, out)?;
            self.last_stream = Some(stream.to_owned());
        }
        for (row, cells) in rows.iter().enumerate() {
            if is_changelog {
                write!(out, "{}  ", batch.kind(row).symbol())?;
            }
            let columns = cells.iter().zip(&*widths).zip(schema.fields());
            write_line(
                columns.map(|((cell, width), field)| (cell.as_str(), *width, is_number(field.data_type()))),
                out,
            )?;
        }
        Ok(())
    }
}

fn text_of(column: &Cell<'_>, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    let mut text = Vec::new();
    column.write_text(row, &mut text);
    cut(String::from_utf8_lossy(&text).into_owned())
}

fn write_header(
    stream: &str,
    schema: &eventflux::arrow::datatypes::Schema,
    widths: &[usize],
    is_changelog: bool,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    writeln!(out, "-- {stream}")?;
    if is_changelog {
        write!(out, "op  ")?;
    }
    let columns = schema.fields().iter().zip(widths);
    write_line(
        columns.map(|(field, width)| (field.name().as_str(), *width, is_number(field.data_type()))),
        out,
    )
}

/// Cells with their widths; numbers stand to the right. No blanks at the end of a line.
fn write_line<'a>(cells: impl Iterator<Item = (&'a str, usize, bool)>, out: &mut Vec<u8>) -> io::Result<()> {
    let mut line = String::new();
    for (position, (cell, width, is_number)) in cells.enumerate() {
        if position > 0 {
            line.push_str("  ");
        }
        let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
        if is_number {
            line.push_str(&padding);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&padding);
        }
    }
    writeln!(out, "{}", line.trim_end())
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

/// One line of at most [`CELL_CHARS_MAX`] characters; control characters are shown, not sent to the terminal.
fn cut(cell: String) -> String {
    let cell = if cell.chars().any(char::is_control) {
        cell.chars()
            .flat_map(|c| {
                if c.is_control() {
                    c.escape_default().collect()
                } else {
                    vec![c]
                }
            })
            .collect()
    } else {
        cell
    };
    if cell.chars().count() <= CELL_CHARS_MAX {
        return cell;
    }
    cell.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use eventflux::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use eventflux::batch::RowKind;

    use super::*;

    fn batch(names: &[&str], counts: &[i64]) -> EventBatch {
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        let counts: ArrayRef = Arc::new(Int64Array::from(counts.to_vec()));
        EventBatch::at(
            RecordBatch::try_from_iter([("name", names), ("n", counts)]).unwrap(),
            0,
        )
    }

    fn text(out: &[u8]) -> &str {
        std::str::from_utf8(out).unwrap()
    }

    #[test]
    fn a_stream_has_one_header_and_aligned_columns() {
        let mut out = Vec::new();
        let mut printer = TablePrinter::default();
        printer
            .print("totals", &batch(&["a", "bcd"], &[1, 20]), &mut out)
            .unwrap();
        printer
            .print("totals", &batch(&["long name"], &[3]), &mut out)
            .unwrap();
        assert_eq!(
            text(&out),
            "-- totals\nname   n\na      1\nbcd   20\nlong name   3\n"
        );
    }

    #[test]
    fn another_stream_begins_under_its_own_header() {
        let mut out = Vec::new();
        let mut printer = TablePrinter::default();
        printer.print("x", &batch(&["a"], &[1]), &mut out).unwrap();
        printer.print("y", &batch(&["b"], &[2]), &mut out).unwrap();
        assert_eq!(text(&out), "-- x\nname  n\na     1\n\n-- y\nname  n\nb     2\n");
    }

    #[test]
    fn a_changelog_shows_what_each_row_does() {
        let mut out = Vec::new();
        let rows = batch(&["a", "a"], &[1, 2]);
        let kinds = vec![RowKind::UpdateBefore, RowKind::UpdateAfter].into();
        let mut printer = TablePrinter::new(BTreeSet::from(["x".to_owned()]));
        printer
            .print("x", &rows.with_kinds(Some(kinds)).unwrap(), &mut out)
            .unwrap();
        assert_eq!(text(&out), "-- x\nop  name  n\n-U  a     1\n+U  a     2\n");
    }

    #[test]
    fn long_and_hostile_cells_cannot_break_the_table() {
        let mut out = Vec::new();
        let long = "x".repeat(100);
        TablePrinter::default()
            .print("x", &batch(&[&long, "a\u{1b}[2J\nb"], &[1, 2]), &mut out)
            .unwrap();
        assert!(!out.contains(&0x1b));
        assert_eq!(text(&out).lines().count(), 4);
        assert!(text(&out).contains('…'));
    }
}
