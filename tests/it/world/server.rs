//! The pieces of a server, as all tests put it together.
use std::{sync::Arc, time::Duration};

use portico::{
    credential::Keys,
    graph::{
        export, import,
        limits::{ByKind, Limits},
        rates::RateSettings,
        schema::{Schema, SchemaParts},
        seal::Seal,
        visit::PageSizes,
    },
    live::{Hub, Patience},
    outbound::Outbound,
    store::{
        clock::Steady,
        door::{Door, DoorSettings},
    },
};

/// The keys of every server of the tests.
pub fn keys() -> Keys {
    Keys::new(&[7; 32]).unwrap()
}

/// A door of the test's own: connections do not outlive the runtime that made them.
pub fn door(url: &str, connections: usize) -> Door {
    Door::new(&DoorSettings {
        url: url.to_owned(),
        pool_size: connections,
        pool_wait: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(20),
    })
    .unwrap()
}

pub fn schema(door: Door, hub: Arc<Hub>, limits: Limits) -> Schema {
    Schema::new(parts(door, hub, limits))
}

/// What a schema is built from, for tests that build another: nothing is limited in a time, and all is shown to all.
pub fn parts(door: Door, hub: Arc<Hub>, limits: Limits) -> SchemaParts {
    SchemaParts {
        door,
        hub,
        limits,
        seal: Arc::new(Seal::new(b"a secret of the tests").unwrap()),
        keys: Arc::new(keys()),
        // the providers of the tests are on this machine
        outbound: Outbound::new(true),
        public_url: Some("https://portico.example.com".to_owned()),
        pages: PageSizes::default(),
        web_url: Some("https://app.example".into()),
        patience: Patience::default(),
        exports: export::Rules::default(),
        imports: import::Rules::default(),
        rates: RateSettings::NONE,
        clock: Steady::begin(),
        introspection: ByKind { anonymous: true, person: true, api_key: true },
        traced: ByKind { anonymous: true, person: true, api_key: true },
        slow_after: None,
        trusted_only: ByKind { anonymous: false, person: false, api_key: false },
        persisted_queries: true,
    }
}
