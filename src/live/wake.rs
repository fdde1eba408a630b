//! Wake-ups between processes: NOTIFY on a connection of its own, coalesced, outside the writing transactions.
//!
//! It carries no data but marks of the organizations concerned: 32 bits of a hash, nothing that tells one from another.
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use diesel::{dsl::sql, sql_types::Integer};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Hub;
use crate::store::connect::connect;

const CHANNEL: &str = "portico_events";
/// Commits within this time are told together.
const COALESCE: Duration = Duration::from_millis(5);
/// A NOTIFY payload must stay below 8,000 bytes; more organizations than these are told as "all".
const MOST_MARKS: usize = 500;
const RECONNECT: Duration = Duration::from_millis(200);

/// Organizations whose news other processes have not been told yet.
#[derive(Default)]
pub(super) struct Told {
    marks: Mutex<BTreeSet<u32>>,
    some: Notify,
    /// The process of PostgreSQL through which this server tells others; what comes back from it is known here.
    voice: AtomicI32,
}

impl Told {
    pub(super) fn add(&self, organization: Uuid) {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).insert(mark(organization));
        self.some.notify_one();
    }

    fn take(&self) -> BTreeSet<u32> {
        std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What stands for an organization in a wake-up.
pub(super) fn mark(organization: Uuid) -> u32 {
    let (high, low) = organization.as_u64_pair();
    // both halves of a UUIDv7 count: the first holds the time, the second chance
    let folded = high ^ low;
    u32::try_from((folded >> 32) ^ (folded & u64::from(u32::MAX))).unwrap_or_default()
}

/// Tells other processes, and listens to them, until `stop`.
pub fn spawn(hub: &Arc<Hub>, url: &str, stop: &CancellationToken) {
    let (telling, listening) = (hub.clone(), hub.clone());
    let (tell_url, listen_url) = (url.to_owned(), url.to_owned());
    let (tell_stop, listen_stop) = (stop.clone(), stop.clone());
    tokio::spawn(async move {
        tell_stop.run_until_cancelled(again(|| tell(&telling, &tell_url))).await;
    });
    tokio::spawn(async move {
        listen_stop.run_until_cancelled(again(|| listen(&listening, &listen_url))).await;
    });
}

/// Does it again whenever it fails.
async fn again<F: Future<Output = anyhow::Result<()>>>(mut task: impl FnMut() -> F) {
    loop {
        if let Err(error) = task().await {
            tracing::warn!(
                error = format!("{error:#}"),
                "live updates between processes are interrupted; trying again"
            );
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn tell(hub: &Hub, url: &str) -> anyhow::Result<()> {
    let mut connection = connect(url).await?;
    let voice = sql::<Integer>("SELECT pg_backend_pid()");
    let voice = diesel_async::RunQueryDsl::get_result(voice, &mut connection).await?;
    hub.told.voice.store(voice, Ordering::Relaxed);
    loop {
        hub.told.some.notified().await;
        tokio::time::sleep(COALESCE).await;
        let marks = hub.told.take();
        if marks.is_empty() {
            continue;
        }
        let payload = if marks.len() > MOST_MARKS {
            "all".to_owned()
        } else {
            marks.iter().map(|mark| format!("{mark:x}")).collect::<Vec<_>>().join(",")
        };
        // marks are hexadecimal: nothing to escape
        connection.batch_execute(&format!("NOTIFY {CHANNEL}, '{payload}'")).await?;
    }
}

async fn listen(hub: &Hub, url: &str) -> anyhow::Result<()> {
    let mut connection: AsyncPgConnection = connect(url).await?;
    connection.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    // whatever was told while nobody listened
    hub.wake_all();
    let mut heard = std::pin::pin!(connection.notifications_stream());
    while let Some(notification) = heard.next().await {
        let notification = notification?;
        if notification.process_id == hub.told.voice.load(Ordering::Relaxed) {
            continue;
        }
        let payload = notification.payload;
        let marks: Option<Vec<u32>> =
            payload.split(',').map(|mark| u32::from_str_radix(mark, 16).ok()).collect();
        match marks {
            Some(marks) => hub.wake_marked(&marks),
            None => hub.wake_all(),
        }
    }
    anyhow::bail!("the listening connection was closed")
}
