//! Auctions.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::column::{Column, TIME, date_time, integers, price, times};
use super::event::{Events, FIRST_ID, hot, is_hot};
use super::text::{push_extra, push_text, texts};
use crate::generator::RowRun;

pub static COLUMNS: [Column; 10] = [
    Column::new("id", DataType::Int64, id),
    Column::new("item_name", DataType::Utf8, item_name),
    Column::new("description", DataType::Utf8, description),
    Column::new("initial_bid", DataType::Int64, initial_bid),
    Column::new("reserve", DataType::Int64, reserve),
    Column::new("date_time", TIME, date_time),
    Column::new("expires", TIME, expires),
    Column::new("seller", DataType::Int64, seller),
    Column::new("category", DataType::Int64, category),
    Column::new("extra", DataType::Utf8, extra),
];

/// Bytes of the other columns.
const OTHER_BYTES: u64 = 110;

const FIRST_CATEGORY: u64 = 10;
const CATEGORY_COUNT: u64 = 5;

fn id(events: &Events, run: RowRun) -> ArrayRef {
    integers(events, run, "", |id, _| {
        (FIRST_ID + events.last_auction(id)) as i64
    })
}

fn item_name(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "auction.item_name", |_, mut draws, out| {
        push_text(out, &mut draws, 20)
    })
}

fn description(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "auction.description", |_, mut draws, out| {
        push_text(out, &mut draws, 100)
    })
}

fn initial_bid(events: &Events, run: RowRun) -> ArrayRef {
    integers(events, run, "auction.initial_bid", |_, draws| price(draws))
}

fn reserve(events: &Events, run: RowRun) -> ArrayRef {
    let initial = events.draws("auction.initial_bid");
    integers(events, run, "auction.reserve", |id, draws| {
        price(initial.at(id)) + price(draws)
    })
}

/// An auction ends within about twice the time in which all open auctions are replaced by new ones.
fn expires(events: &Events, run: RowRun) -> ArrayRef {
    let options = events.options();
    let per_cycle = options.person_proportion + options.auction_proportion + options.bid_proportion;
    let events_ahead =
        options.in_flight_auctions.saturating_mul(per_cycle) / options.auction_proportion.max(1);
    times(events, run, "auction.expires", |id, mut draws| {
        let now_us = events.time_us(id);
        let horizon_ms = (events.time_us(id.saturating_add(events_ahead)) - now_us) / 1000;
        let length_ms = 1 + draws.below((horizon_ms * 2).max(1).unsigned_abs());
        now_us.saturating_add(length_ms as i64 * 1000)
    })
}

fn seller(events: &Events, run: RowRun) -> ArrayRef {
    let ratio = events.options().hot_seller_ratio;
    integers(events, run, "auction.seller", |id, mut draws| {
        let person = match is_hot(ratio, &mut draws) {
            true => hot(events.last_person(id)),
            false => events.active_person(id, &mut draws),
        };
        (FIRST_ID + person) as i64
    })
}

fn category(events: &Events, run: RowRun) -> ArrayRef {
    integers(events, run, "auction.category", |_, mut draws| {
        (FIRST_CATEGORY + draws.below(CATEGORY_COUNT)) as i64
    })
}

fn extra(events: &Events, run: RowRun) -> ArrayRef {
    let average = events.options().avg_auction_byte_size;
    texts(events, run, "auction.extra", |_, mut draws, out| {
        push_extra(out, &mut draws, average, OTHER_BYTES)
    })
}
