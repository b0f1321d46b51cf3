//! Bids.

use std::fmt::Write;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::column::{Column, TIME, date_time, integers, price};
use super::event::{Events, FIRST_ID, hot, is_hot};
use super::text::{push, push_extra, push_text, texts};
use crate::generator::{Draws, RowRun};

pub static COLUMNS: [Column; 7] = [
    Column::new("auction", DataType::Int64, auction),
    Column::new("bidder", DataType::Int64, bidder),
    Column::new("price", DataType::Int64, |events, run| {
        integers(events, run, "bid.price", |_, draws| price(draws))
    }),
    Column::new("channel", DataType::Utf8, channel),
    Column::new("url", DataType::Utf8, url),
    Column::new("date_time", TIME, date_time),
    Column::new("extra", DataType::Utf8, extra),
];

/// Bytes of the other columns, channel and url not counted.
const OTHER_BYTES: u64 = 32;

/// Every other bid comes through one of these.
const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];
const COLD_CHANNEL_COUNT: u64 = 10_000;

/// Through which channel a bid comes.
enum Channel {
    Hot(&'static str),
    Cold(u64),
}

impl Channel {
    fn draw(mut draws: Draws) -> Self {
        match draws.below(2) {
            0 => Channel::Cold(draws.below(COLD_CHANNEL_COUNT)),
            _ => Channel::Hot(HOT_CHANNELS[draws.below(HOT_CHANNELS.len() as u64) as usize]),
        }
    }
}

fn auction(events: &Events, run: RowRun) -> ArrayRef {
    let ratio = events.options().hot_auction_ratio;
    integers(events, run, "bid.auction", |id, mut draws| {
        let auction = match is_hot(ratio, &mut draws) {
            true => hot(events.last_auction(id)),
            false => events.open_auction(id, &mut draws),
        };
        (FIRST_ID + auction) as i64
    })
}

fn bidder(events: &Events, run: RowRun) -> ArrayRef {
    let ratio = events.options().hot_bidder_ratio;
    integers(events, run, "bid.bidder", |id, mut draws| {
        let person = match is_hot(ratio, &mut draws) {
            // Not the hot seller but the one after.
            true => hot(events.last_person(id)) + 1,
            false => events.active_person(id, &mut draws),
        };
        (FIRST_ID + person) as i64
    })
}

fn channel(events: &Events, run: RowRun) -> ArrayRef {
    texts(events, run, "bid.channel", |_, draws, out| {
        match Channel::draw(draws) {
            Channel::Hot(name) => push(out, name),
            // Writing to memory does not fail.
            Channel::Cold(number) => _ = write!(out, "channel-{number}"),
        }
    })
}

fn url(events: &Events, run: RowRun) -> ArrayRef {
    let channels = events.draws("bid.channel");
    texts(events, run, "bid.url", |id, mut draws, out| {
        push(out, "https://www.nexmark.com/");
        // A hot channel has one address, a cold one another for each bid.
        let channel = Channel::draw(channels.at(id));
        if let Channel::Hot(name) = channel {
            draws = events.draws(name);
        }
        for _ in 0..3 {
            push_path(out, &mut draws);
        }
        push(out, "item.htm?query=1");
        if let Channel::Cold(number) = channel {
            // Writing to memory does not fail.
            _ = write!(out, "&channel_id={number}");
        }
    })
}

fn push_path(out: &mut arrow::array::StringBuilder, draws: &mut Draws) {
    push_text(out, draws, 5);
    push(out, "/");
}

fn extra(events: &Events, run: RowRun) -> ArrayRef {
    let average = events.options().avg_bid_byte_size;
    texts(events, run, "bid.extra", |_, mut draws, out| {
        push_extra(out, &mut draws, average, OTHER_BYTES)
    })
}
