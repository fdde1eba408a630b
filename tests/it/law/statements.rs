//! What this thread's connections ask PostgreSQL, counted and, where somebody listens, written down.
use std::cell::{Cell, RefCell};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static TEXTS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Counting;

impl Instrumentation for Counting {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            COUNT.set(COUNT.get() + 1);
            TEXTS.with_borrow_mut(|texts| {
                if let Some(texts) = texts {
                    // values aside
                    let text = query.to_string();
                    texts.push(text.split(" -- binds").next().unwrap_or_default().to_owned());
                }
            });
        }
    }
}

/// Of connections that are made from now on.
pub fn watch() {
    set_default_instrumentation(|| Some(Box::new(Counting))).unwrap();
}

/// How many until now.
pub fn count() -> u64 {
    COUNT.get()
}

/// What `work` asks.
pub async fn heard<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    TEXTS.set(Some(Vec::new()));
    let done = work.await;
    (done, TEXTS.take().unwrap_or_default())
}
