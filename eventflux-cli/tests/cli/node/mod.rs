//! `eventflux node`: what is refused, and how nodes come, stay and go.

mod configuration;
mod example;
pub mod kit;
mod life;
mod tls;

pub use kit::own_host;
