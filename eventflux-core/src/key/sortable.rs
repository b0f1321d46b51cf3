//! Keys as bytes that sort by plain comparison, for ORDER BY inside of aggregates.
//!
//! **Layout** Each canonical value becomes a marker (before, at or after all values) and, unless it is NULL, its payload:
//! fixed-width payloads as they are; strings and binaries with `00` written as `00 FF` and `00 01` at the end; the
//! elements of lists, structs and maps each after `02`, then `01`. Descending columns have all bits of the payload
//! flipped.

use super::order::{delimited, fixed_width, take_count};
use super::tag;

const NULL_FIRST: u8 = 0x00;
const VALUE: u8 = 0x01;
const NULL_LAST: u8 = 0x02;
const END: u8 = 0x01;
const ELEMENT: u8 = 0x02;

/// Appends the sortable form of the first value of a canonical key, and moves past it.
pub fn write_sortable(key: &mut &[u8], descending: bool, nulls_first: bool, out: &mut Vec<u8>) {
    if key.first() == Some(&tag::NULL) {
        *key = &key[1..];
        out.push(if nulls_first { NULL_FIRST } else { NULL_LAST });
        return;
    }
    out.push(VALUE);
    let start = out.len();
    write_payload(key, out);
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn write_payload(key: &mut &[u8], out: &mut Vec<u8>) {
    let Some((&tag, rest)) = key.split_first() else {
        return;
    };
    *key = rest;
    // Values of one column may still differ in their tag: a time that is no whole microsecond.
    out.push(tag);
    match tag {
        tag::STRING | tag::BINARY => {
            for byte in delimited(key) {
                out.push(*byte);
                if *byte == 0 {
                    out.push(0xFF);
                }
            }
            out.extend_from_slice(&[0, END]);
        }
        tag::LIST | tag::STRUCT | tag::MAP => {
            let per_element = if tag == tag::MAP { 2 } else { 1 };
            for _ in 0..take_count(key) * per_element {
                out.push(ELEMENT);
                write_payload(key, out);
            }
            out.push(END);
        }
        tag => {
            let (payload, rest) = key.split_at(fixed_width(tag).min(key.len()));
            *key = rest;
            out.extend_from_slice(payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int64Array, ListArray};
    use arrow::datatypes::Int32Type;
    use proptest::prelude::*;

    use super::*;
    use crate::key::{KeyBytes, compare};

    fn check(column: ArrayRef) {
        let mut bytes = KeyBytes::default();
        bytes.fill_columns(&[column], 2).unwrap();
        let sortable = |row, descending, nulls_first| {
            let mut out = Vec::new();
            let mut key = bytes.row(row);
            write_sortable(&mut key, descending, nulls_first, &mut out);
            assert!(key.is_empty());
            out
        };
        let is_null = |row| bytes.row(row) == [tag::NULL];
        for (descending, nulls_first) in [(false, false), (false, true), (true, false), (true, true)] {
            let values = compare(bytes.row(0), bytes.row(1));
            let expected = match (is_null(0), is_null(1)) {
                (false, false) if descending => values.reverse(),
                (false, false) => values,
                (left, right) if nulls_first => right.cmp(&left),
                (left, right) => left.cmp(&right),
            };
            let actual = sortable(0, descending, nulls_first).cmp(&sortable(1, descending, nulls_first));
            assert_eq!(
                actual, expected,
                "descending {descending}, nulls first {nulls_first}"
            );
        }
    }

    #[test]
    fn nothing_is_a_prefix_of_anything() {
        check(Arc::new(BinaryArray::from(vec![&b"a"[..], b"a\0"])));
        check(Arc::new(BinaryArray::from(vec![&b""[..], b"\0\0"])));
        let lists = [Some(vec![Some(1)]), Some(vec![Some(1), None])];
        check(Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)));
    }

    proptest! {
        #[test]
        fn bytes_sort_as_values_do(
            ints: [Option<i64>; 2],
            floats: [Option<f64>; 2],
            binaries in prop::array::uniform2(prop::option::of(prop::collection::vec(0u8..3, 0..4))),
        ) {
            check(Arc::new(Int64Array::from(ints.to_vec())));
            check(Arc::new(Float64Array::from(floats.to_vec())));
            check(Arc::new(binaries.iter().map(Option::as_deref).collect::<BinaryArray>()));
        }
    }
}
