//! The closed loop: so many workers, each asking again as soon as it is answered.
use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::{
    data::Data,
    figures::{Figures, Watched, quantile},
    system::System,
    work::Work,
};

/// Before anything counts: connections, statements and caches get ready.
const WARM: Duration = Duration::from_millis(400);

/// Asks for so long, and reads off what it took. All workers share this one thread.
pub async fn run(
    system: &System,
    work: &Work,
    data: &Data,
    workers: usize,
    lasts: Duration,
    watched: Watched,
) -> Result<Figures> {
    let begin = Instant::now() + WARM;
    let end = begin + lasts;
    let latencies = RefCell::new(Vec::with_capacity(65_536));
    watched.forget_peak();
    let asking = try_join_all((0..workers).map(|worker| {
        let latencies = &latencies;
        async move {
            let mut turns = data.turns(work, worker);
            let mut way = system.way(worker).await?;
            loop {
                let turn = turns.next()?;
                let asked = Instant::now();
                if asked >= end {
                    return anyhow::Ok(());
                }
                way.ask(work, &turn).await?;
                turns.changed(&turn);
                let answered = Instant::now();
                if answered >= begin && answered <= end {
                    let micros = (answered - asked).as_micros();
                    latencies.borrow_mut().push(u32::try_from(micros).unwrap_or(u32::MAX));
                }
            }
        }
    }));
    let reading = async {
        tokio::time::sleep_until(begin.into()).await;
        let before = watched.used()?;
        let began = Instant::now();
        tokio::time::sleep_until(end.into()).await;
        anyhow::Ok((before, watched.used()?, began.elapsed()))
    };
    let (_, (before, after, took)) = tokio::try_join!(asking, reading)?;
    let mut latencies = latencies.into_inner();
    ensure!(!latencies.is_empty(), "{} answered nothing of {} in time", system.name, work.name);
    latencies.sort_unstable();
    let count = latencies.len() as f64;
    let each =
        |after: Duration, before: Duration| after.saturating_sub(before).as_secs_f64() * 1_000.0 / count;
    Ok(Figures {
        rate: count / took.as_secs_f64(),
        p50: quantile(&latencies, 0.5),
        p99: quantile(&latencies, 0.99),
        server: each(after.server, before.server),
        postgres: each(after.postgres, before.postgres),
        load: each(after.load, before.load),
        memory: watched.peak(),
    })
}
