//! What the generator can be told.

use eventflux_core::connector::OptionValue;
use eventflux_core::time::iso::parse_timestamp;

eventflux_core::choices! {
    /// Which of the three streams.
    pub enum Kind {
        /// Who sells and bids.
        Person = "person",
        /// What is for sale.
        Auction = "auction",
        /// What is offered for it.
        Bid = "bid",
    }
}

eventflux_core::options! {
    /// Options of the nexmark source.
    pub struct NexmarkOptions of "nexmark" {
        /// Which events the stream holds. Streams of one data set have the other options in common.
        pub stream: Kind ["stream", "table.type"],
        /// How many events there are, persons, auctions and bids together; without it, they never end.
        pub events: Option<u64> ["events", "event.num"],
        /// Events per second of event time, persons, auctions and bids together.
        pub rate: u64 ["rate"] = "10000",
        /// Whether rows come when they are due by `rate`; otherwise they come as fast as they are taken.
        pub paced: bool ["paced"] = "false",
        /// Another seed gives other events.
        pub seed: u64 ["seed"] = "0",
        /// The first event's id: a data set can be made piece by piece.
        pub first_event_id: u64 ["first_event_id"] = "0",
        /// The event time of event 0.
        pub base_time: Moment ["base_time"] = "2015-07-15T00:00:00Z",
        /// Persons among `person_proportion + auction_proportion + bid_proportion` events.
        pub person_proportion: u64 ["person_proportion"] = "1",
        /// Auctions among them.
        pub auction_proportion: u64 ["auction_proportion"] = "3",
        /// Bids among them.
        pub bid_proportion: u64 ["bid_proportion"] = "46",
        /// All but one in so many bids are for a hot auction.
        pub hot_auction_ratio: u64 ["hot_auction_ratio"] = "2",
        /// All but one in so many auctions are by a hot seller.
        pub hot_seller_ratio: u64 ["hot_seller_ratio"] = "4",
        /// All but one in so many bids are by a hot bidder.
        pub hot_bidder_ratio: u64 ["hot_bidder_ratio"] = "4",
        /// Persons of whom auctions and bids are, the most recent ones.
        pub active_people: u64 ["active_people"] = "1000",
        /// Auctions that are open at the same time.
        pub in_flight_auctions: u64 ["in_flight_auctions"] = "100",
        /// Bytes of a person on average; `extra` is filled up to it.
        pub avg_person_byte_size: u64 ["avg_person_byte_size"] = "200",
        /// Bytes of an auction on average.
        pub avg_auction_byte_size: u64 ["avg_auction_byte_size"] = "500",
        /// Bytes of a bid on average.
        pub avg_bid_byte_size: u64 ["avg_bid_byte_size"] = "100",
    }
}

/// A point in time, microseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub i64);

impl OptionValue for Moment {
    const KIND: &'static str = "timestamp";

    fn parse(text: &str) -> Result<Self, String> {
        let moment = parse_timestamp(text.trim().as_bytes());
        let micros = moment.and_then(|moment| moment.to_units(arrow::datatypes::TimeUnit::Microsecond));
        micros
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a timestamp such as 2015-07-15T00:00:00Z"))
    }

    fn unknown() -> Self {
        Self(0)
    }
}
