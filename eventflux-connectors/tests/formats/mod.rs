//! Formats through the registry, as connectors use them: every decoder and encoder from options to rows.

mod csv;
mod doc;
mod encode;
mod flights;
mod harness;
mod hostile;
mod json_decode;
mod round_trip;
mod single;
