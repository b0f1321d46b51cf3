//! The control plane's connections on the simulated network.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use eventflux_distributed::consensus::{Listener, Socket, Sockets};
use tokio::time::{Instant, sleep};
use turmoil::net::{TcpListener, TcpStream};

/// Whoever connects over a network that is cut finds out after so long.
const SILENCE: Duration = Duration::from_secs(5);

/// Those of the host that runs.
#[derive(Debug)]
pub struct SimulatedSockets;

#[async_trait::async_trait]
impl Sockets for SimulatedSockets {
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(SimulatedListener(TcpListener::bind(address).await?)))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>> {
        let begun = Instant::now();
        match TcpStream::connect((host, port)).await {
            Ok(stream) => Ok(Box::new(stream)),
            // Only a host without a listener refuses, and its answer takes time; a cut network says nothing.
            Err(_) if begun.elapsed().is_zero() => {
                sleep(SILENCE).await;
                Err(io::ErrorKind::TimedOut.into())
            }
            Err(error) => Err(error),
        }
    }
}

struct SimulatedListener(TcpListener);

#[async_trait::async_trait]
impl Listener for SimulatedListener {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        Ok(Box::new(self.0.accept().await?.0))
    }
}
