//! How much the caller may still ask for.
use chrono::{DateTime, Utc};

use crate::{
    domains::{identity::viewer::Viewer, prelude::*},
    graph::rates::Balance,
    store::clock,
};

/// The scarcest bucket of points from which the request took.
struct RateLimit(Balance, DateTime<Utc>);

impl Object for RateLimit {
    const NAME: &'static str = "RateLimit";
    const PUBLIC: Option<&'static str> = Some("it shows what is one's own");

    fn about() -> String {
        "How many points you may still spend: yours or your organization's, of which fewer are left. Points come back all \
         the time; what an operation costs is told in `extensions.cost`. Each server counts by itself."
            .to_owned()
    }

    fn fields(rate: &mut Fields<Self>) {
        rate.derived("limit", |rate| whole(rate.0.limit))
            .public()
            .about("How many points can be saved up and spent at once.");
        rate.derived("perMinute", |rate| whole(rate.0.per_minute))
            .public()
            .about("How many points come back in a minute.");
        rate.derived("remaining", |rate| whole(rate.0.remaining))
            .public()
            .about("How many points are left after this operation.");
        rate.derived("used", |rate| whole(rate.0.limit.saturating_sub(rate.0.remaining)))
            .public()
            .about("How many points were spent and have not come back yet.");
        rate.derived("cost", |rate| whole(rate.0.cost))
            .public()
            .about("How many points this operation took.");
        rate.derived("resetAt", |rate| rate.1)
            .public()
            .about("When all points will have come back, if no more are spent.");
    }
}

/// GraphQL's whole numbers are smaller.
fn whole(points: u32) -> i32 {
    i32::try_from(points).unwrap_or(i32::MAX)
}

/// Fields of the viewer.
pub fn of_viewer(viewer: &mut Fields<Viewer>) {
    viewer
        .part("rateLimit", |_, view| {
            let balance = view.visit.balance?;
            let full_in = chrono::Duration::from_std(balance.full_in).unwrap_or_default();
            Some(RateLimit(balance, clock::now() + full_in))
        })
        .public()
        .about("How much you may still ask for in this organization; null where nothing is limited.");
}
