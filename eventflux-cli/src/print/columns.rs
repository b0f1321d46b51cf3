//! Cells in columns.

use super::harmless::harmless;

/// Lines of cells, each column as wide as it has to be; the first line is the head.
pub fn columns<L: AsRef<[String]>>(lines: &[L]) -> String {
    let clean = |line: &[String]| {
        line.iter()
            .map(|cell| harmless(&cell.replace('\n', " ")))
            .collect()
    };
    let lines: Vec<Vec<String>> = lines.iter().map(|line| clean(line.as_ref())).collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = [["a", "head", ""], ["über", "x", "last"]];
        let lines = lines.map(|line| line.map(str::to_owned));
        assert_eq!(columns(&lines), "a     head\nüber  x     last\n");
        assert_eq!(columns::<Vec<String>>(&[]), "");
    }
}
