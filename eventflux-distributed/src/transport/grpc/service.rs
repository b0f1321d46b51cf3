//! The side that is dialled.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};

use super::pieces::{PIECES_MAX, PieceReader, PieceSink};
use super::proto::Piece;
use super::proto::frames_server::Frames;
use crate::transport::frame::FrameReader;
use crate::transport::tcp::{Accepting, Socket};
use crate::transport::transport::Link;

/// Makes a link of every call.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) links: mpsc::Sender<Link>,
}

#[async_trait]
impl Frames for Calls {
    type ExchangeStream = Arriving<Result<Piece, Status>>;

    async fn exchange(
        &self,
        request: Request<Streaming<Piece>>,
    ) -> Result<Response<Self::ExchangeStream>, Status> {
        let who = request.extensions().get::<Who>().cloned();
        let who = who.ok_or_else(|| Status::internal("a call without a connection"))?;
        let (pieces, leaving) = mpsc::channel(PIECES_MAX);
        let link = Link {
            sink: Box::new(PieceSink::new(&who.peer, pieces, Ok, ())),
            stream: Box::new(FrameReader::new(
                &who.peer,
                PieceReader::new(request.into_inner()),
            )),
            peer: who.peer,
            certificate: who.certificate,
            is_in_process: false,
        };
        let taken = self.links.send(link).await;
        taken.map_err(|_| Status::unavailable("nobody listens"))?;
        Ok(Response::new(Arriving(leaving)))
    }
}

/// What comes out of a queue.
#[derive(Debug)]
pub(super) struct Arriving<T>(pub(super) mpsc::Receiver<T>);

impl<T> Stream for Arriving<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().0.poll_recv(context)
    }
}

/// Sockets that were taken in.
#[derive(Debug)]
pub(super) struct Sockets(pub(super) Accepting);

impl Stream for Sockets {
    type Item = std::io::Result<Taken>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let socket = std::task::ready!(self.get_mut().0.sockets.poll_recv(context));
        Poll::Ready(socket.map(|socket| Ok(Taken(socket))))
    }
}

/// A socket that tells calls who is at its other end.
#[derive(Debug)]
pub(super) struct Taken(Socket);

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(super) struct Who {
    peer: String,
    certificate: Option<CertificateDer<'static>>,
}

impl Connected for Taken {
    type ConnectInfo = Who;

    fn connect_info(&self) -> Who {
        Who {
            peer: self.0.peer(),
            certificate: self.0.certificate(),
        }
    }
}

impl AsyncRead for Taken {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Taken {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}
