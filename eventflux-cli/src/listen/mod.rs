//! `run --listen`: metrics, liveness and readiness over HTTP, for as long as the run lasts.
//!
//! | path | answers |
//! |---|---|
//! | `/metrics` | all metrics, as Prometheus reads them |
//! | `/livez` | 200 while the process serves |
//! | `/readyz` | 200 when the run works, otherwise 503 and why |

mod address;
mod monitor;
mod server;

pub use address::ListenAddress;
pub use monitor::Monitor;
pub use server::Server;
