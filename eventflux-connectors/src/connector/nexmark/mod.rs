//! The events of an online auction house, as the Nexmark benchmark describes them: persons register, auctions open, bids
//! are made.
//!
//! **Source** Tucker, Tufte, Papadimos, Maier, "NEXMark – A Benchmark for Queries over Data Streams" (2002), and the ratios
//! and sizes that its present-day generators publish.
//!
//! **Invariants** An event is known by its id and the options alone, and a column by the event: any subtask can make any
//! event, and only the columns that are asked for are made.

mod auction;
mod bid;
mod column;
mod connector;
mod event;
mod options;
mod person;
mod text;

pub use connector::Nexmark;
