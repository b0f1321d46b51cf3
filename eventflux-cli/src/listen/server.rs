//! The HTTP server.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use tokio::sync::oneshot;

use super::address::{ListenAddress, Refusal, resolve};
use crate::exit::Exit;
use crate::report;

/// Answers that are under way when the run ends get so long.
const GRACE: Duration = Duration::from_millis(500);

/// What somebody elsewhere could do who reaches an address, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub struct Exposure {
    /// After `other machines could reach … and `.
    pub risk: &'static str,
    /// What allows it.
    pub help: &'static str,
}

/// A server on a thread of its own; it ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens at an address, if there is one, and tells the user where. A port that is taken, or an address that others could reach
    /// and that was not allowed, is the end of the command.
    pub fn start(
        address: &ListenAddress,
        is_public_allowed: bool,
        exposure: Exposure,
        is_quiet: bool,
        router: Router,
    ) -> Result<Option<Self>, Exit> {
        let ListenAddress::At(address) = address else {
            return Ok(None);
        };
        let addresses =
            resolve(address, is_public_allowed).map_err(|refusal| refused(address, &refusal, exposure))?;
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
        let server = Self::serve(listener, bound, router).map_err(failed)?;
        // A port of the system's choice is known to nobody else.
        if !is_quiet || addresses.iter().any(|address| address.port() == 0) {
            report::plain(&format!("listening on http://{bound}\n"));
        }
        Ok(Some(server))
    }

    /// Where it listens.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "only nodes ask"))]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn serve(listener: TcpListener, address: SocketAddr, router: Router) -> io::Result<Self> {
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
            tokio.block_on(serve_until(listener, router, stopped));
            // Connections that are kept open do not hold up the end.
            tokio.shutdown_background();
        };
        let thread = thread::Builder::new().name("eventflux-http".into()).spawn(body)?;
        Ok(Self {
            address,
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

fn refused(address: &str, refusal: &Refusal, exposure: Exposure) -> Exit {
    match refusal {
        Refusal::Unknown(why) => {
            report::mistake(format_args!("cannot listen at {address}: {why}"));
            Exit::Environment
        }
        Refusal::Public(found) => {
            report::mistake(format_args!(
                "cannot listen at {address}: other machines could reach {found} and {}",
                exposure.risk
            ));
            report::plain(&format!(
                "  help: {}; `127.0.0.1` is for this machine only\n",
                exposure.help
            ));
            Exit::Usage
        }
    }
}

async fn serve_until(listener: tokio::net::TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
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
                tracing::warn!("nothing is served over HTTP any more: {error}");
            }
        }
        () = ending => {}
    }
}
