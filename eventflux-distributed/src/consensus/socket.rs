//! What connections of the control plane are made of: sockets of the operating system, or of a network that is simulated.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::server::Connected;

/// A connection, either way.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// Where a control plane's connections come from and go to.
#[async_trait::async_trait]
pub trait Sockets: fmt::Debug + Send + Sync {
    /// Listens at an address; port 0: any.
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// Connects to a host by its name or address.
    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>>;
}

/// Takes connections.
#[async_trait::async_trait]
pub trait Listener: Send + Sync {
    /// Where it listens.
    fn local_address(&self) -> io::Result<SocketAddr>;

    /// The next connection. An error is that of one connection.
    async fn accept(&self) -> io::Result<Box<dyn Socket>>;
}

/// TCP of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpSockets;

#[async_trait::async_trait]
impl Sockets for TcpSockets {
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(TcpListener::bind(address).await?))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Socket>> {
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        Ok(Box::new(tcp))
    }
}

#[async_trait::async_trait]
impl Listener for TcpListener {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        let (tcp, _) = TcpListener::accept(self).await?;
        tcp.set_nodelay(true)?;
        Ok(Box::new(tcp))
    }
}

/// A connection that somebody else has made, as the server takes it.
pub(crate) struct Accepted(pub(crate) Box<dyn Socket>);

impl Connected for Accepted {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
