//! HTTP: metrics, liveness and readiness of a run (`run --listen`), and the server that nodes use, too.
//!
//! | path | answers |
//! |---|---|
//! | `/metrics` | all metrics, as Prometheus reads them |
//! | `/livez` | 200 while the process serves |
//! | `/readyz` | 200 when the run works, otherwise 503 and why |

mod address;
mod answer;
mod monitor;
mod router;
mod server;

pub use address::ListenAddress;
#[cfg(feature = "cluster")]
pub use answer::{exposition, plain};
pub use monitor::Monitor;
#[cfg(feature = "cluster")]
pub use router::readiness;
pub use router::router;
pub use server::{Exposure, Server};
