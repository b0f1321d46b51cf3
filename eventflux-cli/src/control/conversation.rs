//! One who asks, from the question to the end of what the answer gives.

use std::io;
use std::time::Duration;

use eventflux::Error;
use eventflux::checkpoint::KeptCheckpoint;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::message::{Answer, LINE_BYTES_MAX, Question, Refusal, line};
use crate::listen::Monitor;

/// A question has to come within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the question and answers it. A checkpoint stays in its store until the asker hangs up, or the process ends.
///
/// **Errors** The connection fails.
pub async fn converse(
    stream: UnixStream,
    monitor: &Monitor,
    mut is_over: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading).take(LINE_BYTES_MAX);
    let mut asked = String::new();
    match timeout(PATIENCE, reading.read_line(&mut asked)).await {
        Ok(Ok(0)) | Err(_) => return Ok(()),
        Ok(read) => _ = read?,
    }
    let mut rest = [0; 1];
    let answered = tokio::select! {
        biased;
        answered = answer(&asked, monitor) => answered,
        // Nobody waits any more. The checkpoint goes its way.
        _ = reading.read(&mut rest) => return Ok(()),
        _ = is_over.wait_for(|is_over| *is_over) => Err(ending()),
    };
    let (answer, kept) = match answered {
        Ok(kept) => (
            Answer::Checkpoint {
                checkpoint: kept.epoch(),
            },
            Some(kept),
        ),
        Err(refused) => (refused, None),
    };
    writing.write_all(&line(&answer)?).await?;
    tokio::select! {
        // The end of the connection, however it comes.
        _ = reading.read(&mut rest) => {}
        _ = is_over.wait_for(|is_over| *is_over) => {}
    }
    drop(kept);
    Ok(())
}

fn ending() -> Answer {
    Answer::refused(Refusal::Ending, "the app is ending")
}

async fn answer(asked: &str, monitor: &Monitor) -> Result<KeptCheckpoint, Answer> {
    let question = serde_json::from_str(asked)
        .map_err(|error| Answer::refused(Refusal::Wrong, format!("the question means nothing: {error}")))?;
    let Question::Checkpoint { wait_ms } = question;
    match timeout(Duration::from_millis(wait_ms), checkpoint(monitor)).await {
        Ok(taken) => taken,
        Err(_) => {
            let mut message = "the checkpoint is not there in time".to_owned();
            for obstacle in monitor.obstacles() {
                message.push_str("; ");
                message.push_str(&obstacle);
            }
            Err(Answer::refused(Refusal::Late, message))
        }
    }
}

async fn checkpoint(monitor: &Monitor) -> Result<KeptCheckpoint, Answer> {
    let running = monitor.running().await;
    if running.is_over() || running.is_ending() {
        return Err(ending());
    }
    running.checkpoint_kept().await.map_err(|error| match error {
        Error::Cancelled { .. } => ending(),
        error => Answer::refused(Refusal::Failed, error.to_string()),
    })
}
