//! The HTTP server.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::oneshot;

use super::address::{ListenAddress, Refusal, resolve};
use super::monitor::Monitor;
use crate::exit::Exit;
use crate::report;

/// Answers that are under way when the run ends get so long.
const GRACE: Duration = Duration::from_millis(500);

const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A server on a thread of its own; it ends when it is dropped.
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens at an address, if there is one, and tells the user where. A port that is taken, or an address that others could reach
    /// and that was not allowed, is the end of the command.
    pub fn start(
        address: &ListenAddress,
        is_public_allowed: bool,
        is_quiet: bool,
        monitor: &Arc<Monitor>,
    ) -> Result<Option<Self>, Exit> {
        let ListenAddress::At(address) = address else {
            return Ok(None);
        };
        let addresses = resolve(address, is_public_allowed).map_err(|refusal| refused(address, &refusal))?;
        let failed = |error: io::Error| {
            let why = match error.kind() {
                io::ErrorKind::AddrInUse => "the port is taken by another program".to_owned(),
                _ => error.to_string(),
            };
            report::mistake(format_args!("cannot listen at {address}: {why}"));
            Exit::Environment
        };
        let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let server = Self::serve(listener, Arc::clone(monitor)).map_err(failed)?;
        // A port of the system's choice is known to nobody else.
        if !is_quiet || addresses.iter().any(|address| address.port() == 0) {
            report::plain(&format!("listening on http://{bound}\n"));
        }
        Ok(Some(server))
    }

    fn serve(listener: TcpListener, monitor: Arc<Monitor>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _guard = tokio.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            tokio.block_on(serve_until(listener, monitor, stopped));
            // Connections that are kept open do not hold up the end.
            tokio.shutdown_background();
        };
        let thread = thread::Builder::new().name("eventflux-http".into()).spawn(body)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its hook.
            let _ = thread.join();
        }
    }
}

fn refused(address: &str, refusal: &Refusal) -> Exit {
    match refusal {
        Refusal::Unknown(why) => {
            report::mistake(format_args!("cannot listen at {address}: {why}"));
            Exit::Environment
        }
        Refusal::Public(found) => {
            report::mistake(format_args!(
                "cannot listen at {address}: other machines could reach {found} and read what this run does"
            ));
            report::plain("  help: `--listen-public` allows it; `127.0.0.1` is for this machine only\n");
            Exit::Usage
        }
    }
}

async fn serve_until(
    listener: tokio::net::TcpListener,
    monitor: Arc<Monitor>,
    stopped: oneshot::Receiver<()>,
) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .fallback(nothing_there)
        .with_state(monitor);
    let (begin_end, end) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        // An error is a sender that is gone, which means the same.
        let _ = end.await;
    });
    let ending = async {
        let _ = stopped.await;
        drop(begin_end);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving.into_future() => {
            if let Err(error) = served {
                tracing::warn!("metrics are not served any more: {error}");
            }
        }
        () = ending => {}
    }
}

async fn metrics(State(monitor): State<Arc<Monitor>>) -> Response {
    ([(CONTENT_TYPE, EXPOSITION)], monitor.metrics()).into_response()
}

async fn livez() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

async fn readyz(State(monitor): State<Arc<Monitor>>) -> Response {
    match monitor.obstacles() {
        none if none.is_empty() => plain(StatusCode::OK, "ok\n".to_owned()),
        obstacles => plain(StatusCode::SERVICE_UNAVAILABLE, obstacles.join("\n") + "\n"),
    }
}

async fn nothing_there() -> Response {
    let there_is = "there are /metrics, /livez and /readyz\n".to_owned();
    plain(StatusCode::NOT_FOUND, there_is)
}

/// A text that is true now and may not be a moment later.
fn plain(status: StatusCode, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, PLAIN),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}
