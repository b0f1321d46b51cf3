//! The end of the socket that answers.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eventflux::persistence::CheckpointStore;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::conversation::converse;
use super::socket::Socket;
use crate::listen::Monitor;

/// So many may ask at a time; others wait for their turn.
const CONVERSATIONS_MAX: usize = 32;
/// Answers that are under way when the run ends get so long.
const GRACE: Duration = Duration::from_millis(500);
/// After the system has refused a connection.
const PAUSE: Duration = Duration::from_millis(500);

/// Answers on a thread of its own until it is dropped, and takes its socket away then.
pub struct ControlServer {
    socket: Socket,
    is_over: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    /// Nobody else makes the socket as long as its directory is held.
    _held: Arc<dyn CheckpointStore>,
}

impl ControlServer {
    /// Answers for the run that a monitor watches. The store's lock is held.
    ///
    /// **Errors** There can be no socket at that place.
    pub fn start(socket: Socket, held: Arc<dyn CheckpointStore>, monitor: Arc<Monitor>) -> io::Result<Self> {
        let listener = socket.listen()?;
        let (is_over, told) = watch::channel(false);
        let mut server = Self {
            socket,
            is_over,
            thread: None,
            _held: held,
        };
        listener.set_nonblocking(true)?;
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (listener, own) = {
            let _guard = tokio.enter();
            (UnixListener::from_std(listener)?, own_user()?)
        };
        let body = move || tokio.block_on(serve(listener, own, monitor, told));
        server.thread = Some(
            thread::Builder::new()
                .name("eventflux-control".into())
                .spawn(body)?,
        );
        Ok(server)
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.is_over.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its hook.
            let _ = thread.join();
        }
        if let Err(error) = self.socket.remove() {
            tracing::warn!("{} cannot be removed: {error}", self.socket);
        }
    }
}

/// Who this process is, as the other end of a connection sees it.
fn own_user() -> io::Result<u32> {
    let (own, _other) = UnixStream::pair()?;
    Ok(own.peer_cred()?.uid())
}

async fn serve(listener: UnixListener, own: u32, monitor: Arc<Monitor>, is_over: watch::Receiver<bool>) {
    let mut conversations = JoinSet::new();
    let mut end = is_over.clone();
    loop {
        tokio::select! {
            // An error is a sender that is gone, which means the same.
            _ = end.wait_for(|is_over| *is_over) => break,
            Some(_) = conversations.join_next() => {}
            accepted = listener.accept(), if conversations.len() < CONVERSATIONS_MAX => match accepted {
                Ok((stream, _)) if may_ask(&stream, own) => {
                    let (monitor, is_over) = (Arc::clone(&monitor), is_over.clone());
                    conversations.spawn(async move {
                        if let Err(error) = converse(stream, &monitor, is_over).await {
                            tracing::debug!("who asked is gone: {error}");
                        }
                    });
                }
                Ok(_) => tracing::warn!("another user has asked, and gets no answer"),
                Err(error) => {
                    tracing::warn!("who asks is not heard at this moment: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    // Who waits is told that nothing comes.
    let told = async { while conversations.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, told).await;
}

/// Between the making of the socket and its permissions others may have connected.
fn may_ask(stream: &UnixStream, own: u32) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}
