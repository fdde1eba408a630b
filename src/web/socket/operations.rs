//! What runs on one socket, by the ids that the client gave.
use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    graph::schema::{Answer, Fault},
    language::Language,
};

/// A message of an operation, on its way to the client.
pub struct Parcel {
    id: String,
    /// Tells an operation from an earlier one of the same id.
    number: u64,
    pub text: String,
    last: bool,
}

struct Running {
    number: u64,
    cancel: CancellationToken,
}

#[derive(Default)]
struct Table {
    running: HashMap<String, Running>,
    begun: u64,
}

/// The operations of one socket.
#[derive(Clone, Default)]
pub struct Operations(Arc<Mutex<Table>>);

impl Operations {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_running(&self, id: &str) -> bool {
        self.table().running.contains_key(id)
    }

    pub fn count(&self) -> usize {
        self.table().running.len()
    }

    /// Sends `answers` to the client under `id`.
    pub fn start(
        &self,
        id: String,
        mut answers: BoxStream<'static, Answer>,
        language: Language,
        out: mpsc::Sender<Parcel>,
    ) {
        let cancel = CancellationToken::new();
        let number = {
            let mut table = self.table();
            table.begun = table.begun.wrapping_add(1);
            let number = table.begun;
            table.running.insert(id.clone(), Running { number, cancel: cancel.clone() });
            number
        };
        let work = async move {
            let parcel = |text, last| Parcel { id: id.clone(), number, text, last };
            loop {
                let answer = AssertUnwindSafe(answers.next()).catch_unwind().await;
                let answer = answer.unwrap_or_else(|_panic| {
                    Some(Answer::refused(&Fault::internal("an operation of a socket panicked"), "", language))
                });
                let Some(answer) = answer else {
                    let complete = json!({ "id": id, "type": "complete" });
                    drop(out.send(parcel(complete.to_string(), true)).await);
                    return;
                };
                let over = !answer.executed;
                let text = if over { error(&id, &answer) } else { next(&id, &answer) };
                if out.send(parcel(text, over)).await.is_err() {
                    return;
                }
                if over {
                    return;
                }
            }
        };
        tokio::spawn(async move { cancel.run_until_cancelled(work).await });
    }

    /// The client wants no more of this.
    pub fn cancel(&self, id: &str) {
        if let Some(running) = self.table().running.remove(id) {
            running.cancel.cancel();
        }
    }

    /// Waits until nothing runs any more.
    pub async fn done(&self) {
        while self.count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn cancel_all(&self) {
        for (_, running) in self.table().running.drain() {
            running.cancel.cancel();
        }
    }

    /// Whether the client still waits for this parcel; after the last one it waits for none.
    pub fn wants(&self, parcel: &Parcel) -> bool {
        let mut table = self.table();
        let current = table.running.get(&parcel.id).is_some_and(|running| running.number == parcel.number);
        if current && parcel.last {
            table.running.remove(&parcel.id);
        }
        current
    }
}

fn next(id: &str, answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    format!("{{\"id\":{},\"type\":\"next\",\"payload\":{body}}}", Value::from(id))
}

/// The request was refused: only its errors are told, and the operation is over.
fn error(id: &str, answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    json!({ "id": id, "type": "error", "payload": body.get("errors") }).to_string()
}

/// What is told when an operation is not begun at all.
pub fn refusal(id: &str, fault: &Fault, request: &str, language: Language) -> String {
    error(id, &Answer::refused(fault, request, language))
}
