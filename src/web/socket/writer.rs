//! The one that writes to a socket: answers to the protocol first, then what operations have to tell.
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, stream::SplitSink};
use tokio::sync::{mpsc, oneshot};

use super::{
    close::Close,
    operations::{Operations, Parcel},
};
use crate::language::Language;

/// How long a client may take to accept the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Writes until it is told how to end. Returns when nothing can be written any more.
pub async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut answers: mpsc::Receiver<Message>,
    mut parcels: mpsc::Receiver<Parcel>,
    operations: Operations,
    mut end: oneshot::Receiver<Message>,
    patience: Duration,
    language: Language,
) {
    let close = loop {
        let message = tokio::select! {
            biased;
            close = &mut end => break close.ok(),
            Some(message) = answers.recv() => message,
            Some(parcel) = parcels.recv() => {
                if !operations.wants(&parcel) {
                    continue;
                }
                Message::text(parcel.text)
            }
        };
        let more = !answers.is_empty() || !parcels.is_empty();
        let written = async { if more { sink.feed(message).await } else { sink.send(message).await } };
        tokio::select! {
            biased;
            close = &mut end => break close.ok(),
            written = tokio::time::timeout(patience, written) => match written {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => break Some(Close::TOO_SLOW.frame(language)),
            }
        }
    };
    if let Some(close) = close {
        // nobody is left to tell if this fails
        drop(tokio::time::timeout(FAREWELL, sink.send(close)).await);
    }
}

/// Ends a socket before it has begun.
pub async fn refuse(mut socket: WebSocket, close: Close, language: Language) {
    drop(tokio::time::timeout(FAREWELL, socket.send(close.frame(language))).await);
    drop(tokio::time::timeout(FAREWELL, async { while let Some(Ok(_)) = socket.recv().await {} }).await);
}
