//! A ledger: transfers between accounts through keyed totals and windows, by a process that dies again and again. No transfer is
//! lost, none is counted twice, the balances are conserved, and the windows are right.
//!
//! ```text
//! transfers ──► entries ──► totals per account ─────────────► balances (a changelog)
//!     │            └──────► totals per account and minute ──► minutes
//!     └────────────────────────────────────────────────────► seen
//! ```
//!
//! `EVENTFLUX_LEDGER_KILLS` and `EVENTFLUX_LEDGER_SEED` make it longer or another one; see `scripts/ledger.sh`.

mod books;
#[cfg(feature = "kafka")]
mod broker;
#[cfg(feature = "kafka")]
mod cluster;
mod crash;
mod damage;
mod disk;
mod file;
#[cfg(feature = "kafka")]
mod kafka;
mod killer;
mod node;
mod point;
#[cfg(feature = "kafka")]
mod topics;
mod transfers;
