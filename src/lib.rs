//! EventFlux: SQL over streams, in your process.
//!
//! ```
//! use eventflux::EventFluxAppRuntimeBuilder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = "
//!     CREATE STREAM InputStream (id STRING, value DOUBLE);
//!
//!     INSERT INTO OutputStream
//!     SELECT *
//!     FROM InputStream
//!     WHERE value > 100;";
//!
//! let runtime = EventFluxAppRuntimeBuilder::new(app).build()?;
//! runtime.add_callback("OutputStream", |rows| {
//!     for row in rows {
//!         assert_eq!(row.get::<String>("id").unwrap(), "b");
//!     }
//! })?;
//! runtime.start()?;
//!
//! let input = runtime.input_handler("InputStream")?;
//! input.send(("a", 7.5))?;
//! input.send(("b", 107.5))?;
//! let summary = runtime.finish()?;
//! assert_eq!(summary.metrics.rows_out(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! This crate joins the compiler ([`sql`]), the engine and the built-in connectors, and is what programs depend on.
//!
//! | to … | look at |
//! |---|---|
//! | build and run a text | [`EventFluxAppRuntimeBuilder`], [`EventFluxAppRuntime`] |
//! | send rows | [`InputHandler`], [`IntoRow`] |
//! | get rows | [`EventFluxAppRuntime::add_callback`], [`RowStream`], [`Rows`] |
//! | add a source, a sink, a format | [`connector`] |
//! | keep state over restarts | [`persistence`] |
//! | run on a cluster | [`distributed`] |
//! | add a function | [`expr::RowFunction`], [`expr::ScalarFunction`] |

mod app_runtime;
mod builder;
mod delivery;
mod error;
mod input_handler;
mod output;
mod registry;
mod row;
mod row_stream;

#[cfg(feature = "cluster")]
pub mod distributed;
pub mod persistence;
pub mod prelude;

pub use arrow;
pub use async_trait::async_trait;
#[doc(hidden)]
pub use eventflux_core::fail_point;
pub use eventflux_core::{
    Error, ErrorKind, Result, batch, checkpoint, connector, element, expr, key, metrics, operator, plan,
    runtime, state, time,
};
pub use eventflux_sql as sql;

pub use app_runtime::EventFluxAppRuntime;
pub use builder::EventFluxAppRuntimeBuilder;
pub use delivery::{SinkDelivery, sink_deliveries};
pub use error::{AppError, BuildError, Rejected};
pub use eventflux_core::batch::Value;
pub use eventflux_core::runtime::{InputError, RunEnd, RunSummary};
pub use input_handler::InputHandler;
pub use registry::built_in_registry;
pub use row::{FromValue, IntoRow, Row, RowError, Rows};
pub use row_stream::RowStream;

/// The guide's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guides/embedding.md")]
struct EmbeddingGuide;
