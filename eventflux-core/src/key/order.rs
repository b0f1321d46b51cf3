//! The order of keys: as their values are ordered, NULLs last.

use std::cmp::Ordering;

use super::tag;

/// Compares two keys of the same columns by their canonical bytes: integers and floats by value, strings by their bytes,
/// lists by their elements, NULL after all values.
pub fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        match (left.is_empty(), right.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => match value(&mut left, &mut right) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

/// Compares one value of each and moves past it if they are equal.
fn value(left: &mut &[u8], right: &mut &[u8]) -> Ordering {
    let (Some(&left_tag), Some(&right_tag)) = (left.first(), right.first()) else {
        return left.len().cmp(&right.len());
    };
    if left_tag != right_tag {
        return left_tag.cmp(&right_tag);
    }
    *left = &left[1..];
    *right = &right[1..];
    match left_tag {
        tag::STRING | tag::BINARY => {
            let (one, other) = (delimited(left), delimited(right));
            one.cmp(other)
        }
        tag::LIST | tag::STRUCT | tag::MAP => {
            let per_element = if left_tag == tag::MAP { 2 } else { 1 };
            let (left_count, right_count) = (take_count(left), take_count(right));
            for _ in 0..left_count.min(right_count) * per_element {
                match value(left, right) {
                    Ordering::Equal => {}
                    decided => return decided,
                }
            }
            left_count.cmp(&right_count)
        }
        _ => {
            let width = fixed_width(left_tag);
            let (one, left_rest) = left.split_at(width.min(left.len()));
            let (other, right_rest) = right.split_at(width.min(right.len()));
            *left = left_rest;
            *right = right_rest;
            one.cmp(other)
        }
    }
}

/// The payload's length under a tag without a length of its own.
pub(super) fn fixed_width(tag: u8) -> usize {
    match tag {
        tag::BOOLEAN => 1,
        tag::DECIMAL => 17,
        tag::DECIMAL_WIDE => 33,
        tag::TIME_FINE | tag::INSTANT_FINE | tag::DURATION_FINE | tag::INTERVAL => 16,
        tag::NULL => 0,
        _ => 8,
    }
}

pub(super) fn take_count(bytes: &mut &[u8]) -> usize {
    match bytes.split_first_chunk::<4>() {
        Some((count, rest)) => {
            *bytes = rest;
            u32::from_be_bytes(*count) as usize
        }
        None => 0,
    }
}

pub(super) fn delimited<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = take_count(bytes);
    let (value, rest) = bytes.split_at(length.min(bytes.len()));
    *bytes = rest;
    value
}
