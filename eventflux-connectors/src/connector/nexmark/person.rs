//! Persons.

use std::fmt::Write;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::column::{Column, TIME, date_time, integers};
use super::event::{Events, FIRST_ID};
use super::text::{push, push_extra, push_one_of, push_text, texts};
use crate::generator::RowRun;

pub static COLUMNS: [Column; 8] = [
    Column::new("id", DataType::Int64, id),
    Column::new("name", DataType::Utf8, name),
    Column::new("email_address", DataType::Utf8, email_address),
    Column::new("credit_card", DataType::Utf8, credit_card),
    Column::new("city", DataType::Utf8, city),
    Column::new("state", DataType::Utf8, state),
    Column::new("date_time", TIME, date_time),
    Column::new("extra", DataType::Utf8, extra),
];

/// Bytes of the other columns.
const OTHER_BYTES: u64 = 70;

const FIRST_NAMES: [&str; 11] = [
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter",
];
const LAST_NAMES: [&str; 9] = [
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris",
];
const CITIES: [&str; 10] = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];

fn id(events: &Events, run: RowRun) -> ArrayRef {
    integers(events, run, "", |id, _| {
        (FIRST_ID + events.last_person(id)) as i64
    })
}

fn name(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "person.name", |_, mut draws, out| {
        push_one_of(out, &mut draws, &FIRST_NAMES);
        push(out, " ");
        push_one_of(out, &mut draws, &LAST_NAMES);
    })
}

fn email_address(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "person.email_address", |_, mut draws, out| {
        push_text(out, &mut draws, 7);
        push(out, "@");
        push_text(out, &mut draws, 5);
        push(out, ".com");
    })
}

fn credit_card(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "person.credit_card", |_, mut draws, out| {
        let mut four = || draws.below(10_000);
        let (first, second, third, fourth) = (four(), four(), four(), four());
        // Writing to memory does not fail.
        let _ = write!(out, "{first:04} {second:04} {third:04} {fourth:04}");
    })
}

fn city(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "person.city", |_, mut draws, out| {
        push_one_of(out, &mut draws, &CITIES)
    })
}

fn state(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "person.state", |_, mut draws, out| {
        push_one_of(out, &mut draws, &STATES)
    })
}

fn extra(events: &Events, run: RowRun) -> ArrayRef {
    let average = events.options().avg_person_byte_size;
    texts(events, run, "person.extra", |_, mut draws, out| {
        push_extra(out, &mut draws, average, OTHER_BYTES)
    })
}
