//! Lists, maps and objects of cells.

use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::datatypes::Field;

use super::cell::Cell;
use super::text::write_string;
use crate::error::Result;

/// The fields of objects: each cell with what stands before it, the brace or comma and the key.
pub(super) type ObjectFields<'a> = Vec<(Vec<u8>, Cell<'a>)>;

/// The fields of objects with these columns.
pub(super) fn object_fields<'a>(
    columns: impl Iterator<Item = (&'a ArrayRef, &'a Field)>,
) -> Result<ObjectFields<'a>> {
    let fields = columns.enumerate().map(|(place, (array, field))| {
        let mut lead = vec![if place == 0 { b'{' } else { b',' }];
        write_string(field.name(), &mut lead);
        lead.push(b':');
        Ok((lead, Cell::new(array, field)?))
    });
    fields.collect()
}

/// Appends an object of one row's cells.
pub(super) fn write_object(fields: &ObjectFields<'_>, row: usize, out: &mut Vec<u8>) {
    for (lead, cell) in fields {
        out.extend_from_slice(lead);
        cell.write_json(row, out);
    }
    if fields.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Appends the items of a list.
pub(super) fn write_list(range: Range<usize>, item: &Cell<'_>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (count, row) in range.enumerate() {
        if count > 0 {
            out.push(b',');
        }
        item.write_json(row, out);
    }
    out.push(b']');
}

/// Appends the entries of a map as an object.
pub(super) fn write_map(range: Range<usize>, keys: &Cell<'_>, values: &Cell<'_>, out: &mut Vec<u8>) {
    let mut key = Vec::new();
    out.push(b'{');
    for (count, row) in range.enumerate() {
        if count > 0 {
            out.push(b',');
        }
        key.clear();
        keys.write_text(row, &mut key);
        // Text of a cell is UTF-8.
        write_string(&String::from_utf8_lossy(&key), out);
        out.push(b':');
        values.write_json(row, out);
    }
    out.push(b'}');
}
