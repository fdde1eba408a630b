//! `portico serve`: the server, from its database to the last request.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use super::{Database, Outcome, interruption, say, upkeep};
use crate::{
    credential::{self, Keys},
    domains::access::catalogue,
    graph::{
        export, import,
        limits::{ByKind, Limits},
        rates::{Rate, RateSettings},
        schema::{Schema, SchemaParts},
        seal::Seal,
        visit::PageSizes,
    },
    live::{self, Hub, checkpoint::Checkpoints, forget, index_messages, seal_audit, wake},
    mail::{self, Postman},
    outbound::Outbound,
    seed,
    settings::{Kinds, Settings},
    store::{
        clock::Steady,
        connect::connect,
        door::{Door, DoorSettings, Patience},
        migrate,
    },
    web::{Parts, Server},
};

pub(super) async fn run(settings: Settings) -> Result<Outcome> {
    // Before anything is started, so that no signal finds nobody listening.
    let interrupted = interruption()?;
    let mut database = Database::start(&settings).await?;
    let stop = CancellationToken::new();
    let server = match start(Arc::new(settings), &database, &stop).await {
        Ok(server) => server,
        Err(error) => {
            stop.cancel();
            database.close().await?;
            return Err(error);
        }
    };
    tokio::select! {
        () = interrupted => tracing::info!("Stopping"),
        lost = database.lost() => return Err(lost),
    }
    server.stop().await;
    stop.cancel();
    database.close().await?;
    Ok(Outcome::Done)
}

/// Brings the database up to date, and opens the doors.
async fn start(settings: Arc<Settings>, database: &Database, stop: &CancellationToken) -> Result<Server> {
    for migration in migrate::up(&database.owner_url, None).await? {
        tracing::info!("Applied the migration {migration}");
    }
    catalogue::sync(&mut connect(&database.owner_url).await?).await?;
    if settings.demo && seed::demo(&database.owner_url).await? {
        tracing::info!("Made the demo: the organizations aether-demo and nimbus-labs");
    }
    let keys = Arc::new(Keys::of(&settings)?);
    let postman = match (&settings.smtp_url, &settings.mail_from) {
        (Some(url), Some(from)) => Some(Postman::new(url.reveal(), from)?),
        _ => None,
    };
    let schema = schema(&settings, &database.app_url, &keys, stop)?;
    let checkpoints = Arc::new(Checkpoints::open(&settings.data)?);
    let reading = keys.clone();
    let demo = settings.demo;
    let parts = Parts {
        schema: schema.clone(),
        settings: settings.clone(),
        read_credential: Arc::new(move |text| credential::read(&reading, text)),
        demo: Arc::new(move || personas(demo)),
    };
    let listening = format!("cannot listen on {}, which PORTICO_LISTEN chooses", settings.listen);
    let server = Server::start(parts).await.context(listening)?;
    // Only now is there anything that counts and traces it.
    work(&schema, &settings, postman, checkpoints, stop);
    greet(&settings, &server)?;
    Ok(server)
}

/// Begins what the server does by itself.
fn work(
    schema: &Schema,
    settings: &Settings,
    postman: Option<Postman>,
    checkpoints: Arc<Checkpoints>,
    stop: &CancellationToken,
) {
    let door = schema.door();
    upkeep::spawn(door, schema.hub(), stop);
    upkeep::tidy(schema.clone(), stop.clone());
    upkeep::export(schema, settings.exports_at_once, stop);
    upkeep::import(schema, settings.imports_at_once, stop);
    forget::spawn(door.clone(), retention(settings), stop.clone());
    mail::spawn(door.clone(), postman, stop.clone());
    seal_audit::spawn(door.clone(), checkpoints, stop.clone());
    index_messages::spawn(door.clone(), stop.clone());
}

/// The schema over this database.
fn schema(settings: &Settings, url: &str, keys: &Arc<Keys>, stop: &CancellationToken) -> Result<Schema> {
    let door = Door::new(&DoorSettings {
        url: url.to_owned(),
        pool_size: usize::try_from(settings.pool_size)?,
        statement_timeout: Duration::from_millis(settings.statement_timeout_ms),
        pool_wait: Duration::from_millis(settings.pool_wait_ms),
    })?
    .with_patience(Patience {
        api_key: Some(Duration::from_millis(settings.statement_timeout_api_key_ms)),
        anonymous: Some(Duration::from_millis(settings.statement_timeout_anonymous_ms)),
    });
    let hub = Hub::new(door.clone());
    wake::spawn(&hub, url, stop);
    Ok(Schema::new(SchemaParts {
        door,
        seal: Arc::new(Seal::new(keys.sealing())?),
        keys: keys.clone(),
        outbound: Outbound::new(settings.sso_private_addresses),
        public_url: settings.public_url.clone(),
        limits: limits(settings),
        rates: rates(settings),
        clock: Steady::begin(),
        introspection: by_kind(settings.introspection),
        traced: by_kind(settings.trace),
        slow_after: (settings.slow_operation_ms > 0)
            .then(|| Duration::from_millis(settings.slow_operation_ms)),
        trusted_only: by_kind(settings.trusted_documents_only),
        persisted_queries: settings.persisted_queries,
        pages: PageSizes {
            root: settings.default_page_size.into(),
            most: settings.max_page_size.into(),
            ..PageSizes::default()
        },
        web_url: settings.web_url.as_deref().map(|url| url.trim_end_matches('/').into()),
        hub,
        patience: live::Patience { retention: retention(settings), furthest_behind: settings.socket_queue },
        exports: exports(settings),
        imports: imports(settings),
    }))
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        bytes: settings.max_document_bytes,
        tokens: settings.max_tokens,
        fields: settings.max_fields,
        depth: settings.max_depth,
        aliases: settings.max_aliases,
        directives: settings.max_directives,
        root_fields: settings.max_root_fields,
        variable_bytes: settings.max_variable_bytes,
        variable_depth: settings.max_variable_depth,
        cost: ByKind {
            anonymous: settings.max_cost_anonymous,
            person: settings.max_cost,
            api_key: settings.max_cost_api_key,
        },
    }
}

fn rates(settings: &Settings) -> RateSettings {
    let rate = |per_minute: u32| {
        let burst = u64::from(per_minute) * u64::from(settings.rate_burst_seconds) / 60;
        Rate { per_minute, burst: u32::try_from(burst).unwrap_or(u32::MAX) }
    };
    RateSettings {
        address: rate(settings.rate_address),
        person: rate(settings.rate_person),
        api_key: rate(settings.rate_api_key),
        organization: rate(settings.rate_organization),
    }
}

fn exports(settings: &Settings) -> export::Rules {
    export::Rules {
        most_rows: i32::try_from(settings.export_max_rows).unwrap_or(i32::MAX),
        most_bytes: i64::try_from(settings.export_max_bytes).unwrap_or(i64::MAX),
        per_caller: settings.exports_per_person.into(),
        per_organization: settings.exports_per_organization.into(),
        kept: chrono::Duration::hours(settings.export_keep_hours.into()),
        address: chrono::Duration::minutes(settings.export_url_minutes.into()),
        ..export::Rules::default()
    }
}

fn imports(settings: &Settings) -> import::Rules {
    let rows = |setting: u32| i32::try_from(setting).unwrap_or(i32::MAX);
    import::Rules {
        most_rows: rows(settings.import_max_rows),
        most_rows_together: rows(settings.import_max_rows_together),
        most_bytes: i64::try_from(settings.import_max_bytes).unwrap_or(i64::MAX),
        most_row_bytes: settings.import_max_row_bytes,
        per_caller: settings.imports_per_person.into(),
        per_organization: settings.imports_per_organization.into(),
        address: chrono::Duration::minutes(settings.import_url_minutes.into()),
        kept: chrono::Duration::hours(settings.import_keep_hours.into()),
        ..import::Rules::default()
    }
}

const fn by_kind(kinds: Kinds) -> ByKind<bool> {
    ByKind { anonymous: kinds.anonymous, person: kinds.person, api_key: kinds.api_key }
}

/// How long events are kept.
fn retention(settings: &Settings) -> chrono::Duration {
    chrono::Duration::hours(settings.events_retention_hours.into())
}

/// Who can be tried out in the playground.
fn personas(demo: bool) -> serde_json::Value {
    let personas = if demo { seed::personas() } else { Vec::new() };
    serde_json::json!({ "demo": demo, "personas": personas })
}

/// Where everything is, and whom to be.
fn greet(settings: &Settings, server: &Server) -> Result<()> {
    let address = server.address();
    say(format_args!("Portico is ready.\n"))?;
    say(format_args!("  Playground  http://{address}/"))?;
    say(format_args!("  API         http://{address}/graphql   (HTTP, server-sent events, websocket)"))?;
    say(format_args!("  Schema      http://{address}/schema.graphql\n"))?;
    if settings.demo {
        say(format_args!("  The demo's people, all with the password {}:", seed::PASSWORD))?;
        for persona in seed::personas() {
            say(format_args!("    {:<20} {:<44} {}", persona.role, persona.email, persona.name))?;
        }
        say(format_args!(""))?;
    }
    Ok(())
}
