//! The control plane's connections on the simulated network.

use std::io;
use std::net::SocketAddr;

use eventflux_distributed::consensus::{Listener, Socket, Sockets};
use turmoil::net::{TcpListener, TcpStream};

/// Those of the host that runs.
#[derive(Debug)]
pub struct SimulatedSockets;

#[async_trait::async_trait]
impl Sockets for SimulatedSockets {
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(SimulatedListener(TcpListener::bind(address).await?)))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>> {
        Ok(Box::new(TcpStream::connect((host, port)).await?))
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
