//! The end of the socket that asks.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::message::{Answer, LINE_BYTES_MAX, Question, Refusal, line};
use super::socket::Socket;

/// The app gives up first, and says why.
const GRACE: Duration = Duration::from_secs(2);

/// What came of a question.
#[derive(Debug)]
pub enum Reply {
    /// A checkpoint that began after the question.
    Taken(Taken),
    /// None, and why.
    Refused(Refusal, String),
    /// Nobody listens.
    Absent,
    /// Somebody listens, and does not answer in time.
    Silent,
    /// The answer did not come to its end: the process has died, or was about to end.
    BrokenOff,
}

/// A checkpoint that stays in its store while this lives.
#[derive(Debug)]
pub struct Taken {
    /// Its number.
    pub checkpoint: u64,
    _connection: BufReader<UnixStream>,
}

/// Asks an app for a checkpoint, and waits for it.
///
/// **Errors** The socket cannot be used: it is another user's.
pub async fn ask(socket: &Socket, wait: Duration) -> io::Result<Reply> {
    let stream = match socket.connect() {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(Reply::Absent);
        }
        Err(error) => return Err(error),
    };
    stream.set_nonblocking(true)?;
    let mut connection = BufReader::new(UnixStream::from_std(stream)?);
    let Ok(answered) = timeout(wait.saturating_add(GRACE), exchange(&mut connection, wait)).await else {
        return Ok(Reply::Silent);
    };
    let answer = match answered {
        Ok(line) => serde_json::from_str(&line),
        Err(_) => return Ok(Reply::BrokenOff),
    };
    Ok(match answer {
        Ok(Answer::Checkpoint { checkpoint }) => Reply::Taken(Taken {
            checkpoint,
            _connection: connection,
        }),
        Ok(Answer::Refused { refused, message }) => Reply::Refused(refused, message),
        Err(_) => Reply::BrokenOff,
    })
}

async fn exchange(connection: &mut BufReader<UnixStream>, wait: Duration) -> io::Result<String> {
    let question = line(&Question::checkpoint(wait))?;
    connection.get_mut().write_all(&question).await?;
    let mut answer = String::new();
    connection.take(LINE_BYTES_MAX).read_line(&mut answer).await?;
    Ok(answer)
}
