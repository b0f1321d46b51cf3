//! Event ids: whose they are, when they happen, and which persons and auctions there are by then.

use super::options::{Kind, NexmarkOptions};
use crate::generator::{Draws, RowRun};

/// Persons and auctions are numbered from here.
pub const FIRST_ID: u64 = 1000;

/// Hot persons and auctions are the ones whose number this divides.
const HOT_STEP: u64 = 100;

/// Auctions and bids may name persons and auctions that come only so much later.
const LEAD: u64 = 10;

/// The events of one data set.
#[derive(Debug, Clone)]
pub struct Events {
    options: NexmarkOptions,
    /// Events of the wanted kind before the first one.
    skipped: u64,
}

impl Events {
    /// The events that these options describe.
    pub fn new(options: NexmarkOptions) -> Self {
        let skipped = count_before(&options, options.first_event_id);
        Self { options, skipped }
    }

    /// The options.
    pub fn options(&self) -> &NexmarkOptions {
        &self.options
    }

    /// How many events of the wanted kind there are.
    pub fn row_count(&self) -> Option<u64> {
        if share(&self.options).1 == 0 {
            return Some(0);
        }
        let end = self.options.first_event_id.saturating_add(self.options.events?);
        Some(count_before(&self.options, end) - self.skipped)
    }

    /// How many of the wanted kind are due per second.
    pub fn rows_per_second(&self) -> f64 {
        self.options.rate as f64 * share(&self.options).1 as f64 / cycle(&self.options) as f64
    }

    /// The ids of the events of these rows.
    pub fn ids(&self, run: RowRun) -> impl Iterator<Item = u64> + Clone {
        let (before, count) = share(&self.options);
        let (cycle, skipped) = (cycle(&self.options), self.skipped);
        run.indices().map(move |row| {
            let ordinal = row + skipped;
            ordinal / count * cycle + before + ordinal % count
        })
    }

    /// What is random about one column, before [`Draws::at`] an event's id.
    pub fn draws(&self, column: &str) -> Draws {
        Draws::new(self.options.seed, column)
    }

    /// When an event happens, microseconds since the epoch.
    pub fn time_us(&self, id: u64) -> i64 {
        let after_us = u128::from(id) * 1_000_000 / u128::from(self.options.rate);
        self.options
            .base_time
            .0
            .saturating_add(i64::try_from(after_us).unwrap_or(i64::MAX))
    }

    /// The number of the last person who is there by an event, from 0.
    pub fn last_person(&self, id: u64) -> u64 {
        let persons = self.options.person_proportion;
        let (cycles, offset) = (id / cycle(&self.options), id % cycle(&self.options));
        (cycles * persons + offset.min(persons.saturating_sub(1))).min(i64::MAX as u64)
    }

    /// The number of the last auction that is there by an event, from 0.
    pub fn last_auction(&self, id: u64) -> u64 {
        let NexmarkOptions {
            person_proportion: persons,
            auction_proportion: auctions,
            ..
        } = self.options;
        let (cycles, offset) = (id / cycle(&self.options), id % cycle(&self.options));
        // Auctions come after the persons of a cycle.
        let begun = offset.saturating_add(1).saturating_sub(persons).min(auctions);
        (cycles * auctions + begun).saturating_sub(1)
    }

    /// A person at random among those that are active by an event.
    pub fn active_person(&self, id: u64, draws: &mut Draws) -> u64 {
        let count = self.last_person(id) + 1;
        let active = count.min(self.options.active_people);
        count - active + draws.below(active + LEAD)
    }

    /// An auction at random among those that are open by an event.
    pub fn open_auction(&self, id: u64, draws: &mut Draws) -> u64 {
        let last = self.last_auction(id);
        let first = last.saturating_sub(self.options.in_flight_auctions);
        first + draws.below(last - first + 1 + LEAD)
    }
}

/// The hot one among the numbers up to the last.
pub fn hot(last: u64) -> u64 {
    last / HOT_STEP * HOT_STEP
}

/// Whether this time it is a hot one: all but one in so many times.
pub fn is_hot(ratio: u64, draws: &mut Draws) -> bool {
    draws.below(ratio) > 0
}

/// Events until the kinds repeat: persons first, then auctions, then bids.
fn cycle(options: &NexmarkOptions) -> u64 {
    (options.person_proportion + options.auction_proportion + options.bid_proportion).max(1)
}

/// Of the wanted kind: how many events come before it in a cycle, and how many it has.
fn share(options: &NexmarkOptions) -> (u64, u64) {
    let NexmarkOptions {
        person_proportion: persons,
        auction_proportion: auctions,
        bid_proportion: bids,
        ..
    } = *options;
    match options.stream {
        Kind::Person => (0, persons),
        Kind::Auction => (persons, auctions),
        Kind::Bid => (persons + auctions, bids),
    }
}

/// How many events of the wanted kind have ids below this.
fn count_before(options: &NexmarkOptions, id: u64) -> u64 {
    let ((before, count), cycle) = (share(options), cycle(options));
    (id / cycle) * count + (id % cycle).saturating_sub(before).min(count)
}

#[cfg(test)]
mod tests {
    use eventflux_core::connector::Options;

    use super::*;

    fn events(given: &[(&str, &str)]) -> Events {
        let given = given
            .iter()
            .map(|(key, value)| (key.to_string(), Some(value.to_string())));
        Events::new(NexmarkOptions::parse(&Options::new(given.collect())).unwrap())
    }

    fn ids(events: &Events) -> Vec<u64> {
        events
            .ids(RowRun {
                first: 0,
                step: 1,
                count: events.row_count().unwrap() as usize,
            })
            .collect()
    }

    #[test]
    fn of_fifty_events_one_is_a_person_three_are_auctions_and_the_rest_bids() {
        let all = |kind| ids(&events(&[("stream", kind), ("events", "150")]));
        assert_eq!(all("person"), [0, 50, 100]);
        assert_eq!(all("auction"), [1, 2, 3, 51, 52, 53, 101, 102, 103]);
        assert_eq!(all("bid"), (0..150).filter(|id| id % 50 >= 4).collect::<Vec<_>>());
    }

    #[test]
    fn a_data_set_can_be_made_piece_by_piece() {
        for kind in ["person", "auction", "bid"] {
            let whole = ids(&events(&[("stream", kind), ("events", "230")]));
            for cut in [0, 1, 2, 3, 49, 50, 53, 101, 230] {
                let (cut, rest) = (cut.to_string(), (230 - cut).to_string());
                let mut pieces = ids(&events(&[("stream", kind), ("events", &cut)]));
                pieces.extend(ids(&events(&[
                    ("stream", kind),
                    ("events", &rest),
                    ("first_event_id", &cut),
                ])));
                assert_eq!(pieces, whole, "{kind} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_last_person_and_auction_are_those_whose_events_have_come() {
        let events = events(&[("stream", "bid")]);
        let last = |id| (events.last_person(id), events.last_auction(id));
        assert_eq!(
            [last(0), last(1), last(3), last(49)],
            [(0, 0), (0, 0), (0, 2), (0, 2)]
        );
        assert_eq!(
            [last(50), last(51), last(53), last(99)],
            [(1, 2), (1, 3), (1, 5), (1, 5)]
        );
    }

    #[test]
    fn kinds_without_a_share_have_no_events() {
        let none = events(&[("stream", "bid"), ("bid_proportion", "0")]);
        assert_eq!(none.row_count(), Some(0));
        let only = events(&[
            ("stream", "bid"),
            ("person_proportion", "0"),
            ("auction_proportion", "0"),
            ("events", "3"),
        ]);
        assert_eq!(ids(&only), [0, 1, 2]);
        assert_eq!((only.last_person(2), only.last_auction(2)), (0, 0));
    }
}
