//! What a filter does to the kinds of a changelog's rows.

use arrow::buffer::BooleanBuffer;

use crate::batch::RowKind;

/// The kinds of the rows that are kept.
///
/// An update is a `-U` and the `+U` right behind it. If only one of the two is kept, the row has left the result (`-U`
/// becomes `-D`) or come into it (`+U` becomes `+I`). A `-U` or `+U` that stands alone in its batch, because a batch ended
/// between the two or an exchange parted them, is a deletion or an insertion too: always right, if not as short.
pub(super) fn kinds_of_kept(kinds: &[RowKind], kept: &BooleanBuffer) -> Vec<RowKind> {
    let is_kept = |row: usize, kind: RowKind| row < kinds.len() && kinds[row] == kind && kept.value(row);
    let kind_of = |row: usize| match kinds[row] {
        RowKind::UpdateBefore if !is_kept(row + 1, RowKind::UpdateAfter) => RowKind::Delete,
        RowKind::UpdateAfter if row == 0 || !is_kept(row - 1, RowKind::UpdateBefore) => RowKind::Insert,
        kind => kind,
    };
    kept.set_indices().map(kind_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &str, expected: &str) {
        let rows: Vec<&str> = rows.split_whitespace().collect();
        let kinds: Vec<RowKind> = rows
            .iter()
            .map(|row| RowKind::from_symbol(&row[..2]).unwrap())
            .collect();
        let kept: BooleanBuffer = rows.iter().map(|row| !row.ends_with('x')).collect();
        let symbols: Vec<&str> = kinds_of_kept(&kinds, &kept)
            .into_iter()
            .map(RowKind::symbol)
            .collect();
        assert_eq!(symbols.join(" "), expected);
    }

    #[test]
    fn an_update_of_which_both_rows_pass_stays_one() {
        check("+I -U +U -D", "+I -U +U -D");
    }

    #[test]
    fn a_row_that_leaves_the_result_is_deleted() {
        check("-U +Ux -U +U", "-D -U +U");
    }

    #[test]
    fn a_row_that_comes_into_the_result_is_inserted() {
        check("-Ux +U -Ux +Ux +I", "+I +I");
    }

    #[test]
    fn half_an_update_is_a_deletion_or_an_insertion() {
        check("+U -D -U", "+I -D -D");
        check("-U -U +U +U", "-D -U +U +I");
    }
}
