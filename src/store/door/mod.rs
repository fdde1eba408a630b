//! The one place that takes a connection. A [`Snapshot`] reads, a [`Write`] changes; both are one transaction that
//! carries the caller's organization, person and session, so that row-level security holds for every statement.
mod impersonated;
mod observed;
mod shared;
mod snapshot;
mod standing;
mod timely;
mod transaction;
mod work;
mod write;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use deadpool::managed::{PoolError, QueueMode, TimeoutType};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::FutureExt;
use uuid::Uuid;

use super::{
    error::{Denied, Error, Result},
    last_seen::LastSeen,
};
use crate::{language::Language, telemetry};
pub use impersonated::{IMPERSONATE, Impersonator};
pub use shared::{Audience, PERSONAL, Shared, is_shared};
use snapshot::Entry;
pub use snapshot::Snapshot;
pub(super) use snapshot::Source;
pub use standing::Standing;
use standing::{Purpose, Standings};
pub use timely::{in_time, is_late};
use transaction::Transaction;
pub(super) use work::Work;
pub use write::{Write, Written};

/// Who asks: what the credential says, before the database has confirmed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub session: Option<Uuid>,
    pub api_key: Option<Uuid>,
    /// What the API key's text hashes to: the key's id alone opens nothing.
    pub api_key_hash: Option<String>,
    /// Who acts as the person, where they do not act themselves.
    pub impersonator: Option<Impersonator>,
    /// When the credential ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Names the request in logs, errors and the audit trail.
    pub request: String,
    pub ip: Option<std::net::IpAddr>,
    pub user_agent: Option<String>,
    /// In which they are answered.
    pub language: Language,
    /// The server goes on with what they have asked for: nobody shows the credential.
    pub unattended: bool,
}

impl Caller {
    pub const fn is_anonymous(&self) -> bool {
        self.user.is_none() && self.api_key.is_none()
    }
}

/// Somebody in an organization, who did not ask themselves.
pub enum Member {
    /// What they see.
    Active(Arc<Snapshot>),
    /// Their membership or account is closed for the time being.
    Inactive,
    /// They are no member.
    Nobody,
}

/// How the pool is built.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    pub url: String,
    pub pool_size: usize,
    pub statement_timeout: Duration,
    /// How long a request waits for a free connection.
    pub pool_wait: Duration,
}

/// How long a statement may run for callers who are no people; as long as for those where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    pub api_key: Option<Duration>,
    pub anonymous: Option<Duration>,
}

impl Patience {
    fn with(&self, caller: &Caller) -> Option<Duration> {
        match (caller.api_key, caller.user) {
            (Some(_), _) => self.api_key,
            (None, Some(_)) => None,
            (None, None) => self.anonymous,
        }
    }
}

/// The way to PostgreSQL.
#[derive(Clone)]
pub struct Door {
    pool: Pool<AsyncPgConnection>,
    standings: Standings,
    /// How long statements of others than people may run, where that is not as long.
    patience: Patience,
    pub(super) last_seen: Arc<LastSeen>,
}

impl Door {
    pub fn new(settings: &DoorSettings) -> Result<Self> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let timeout = settings.statement_timeout.as_millis();
        config.custom_setup = Box::new(move |url| connect(url.to_owned(), timeout).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(&settings.url, config);
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            // whatever was used last has its statements planned and its pages at hand
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(settings.pool_wait))
            .create_timeout(Some(Duration::from_secs(5)))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string().into()))?;
        let patience = Patience::default();
        Ok(Self { pool, standings: Standings::new(), patience, last_seen: Arc::default() })
    }

    /// With other limits of what statements may take for some callers.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// What `caller` sees, all of it at one moment. Nothing is sent before the first question.
    pub fn snapshot(&self, caller: Arc<Caller>) -> Arc<Snapshot> {
        Arc::new(Snapshot::of(self.clone(), caller, Entry::Asked, Source::Nowhere))
    }

    /// The same, taking for granted what was known of the caller before, if anything was: entering and the first
    /// questions go out at once. What is read counts only if [`Snapshot::holds`] in the end.
    pub fn assuming_snapshot(&self, caller: Arc<Caller>) -> Arc<Snapshot> {
        let entry = self.standings.of(&caller).map_or(Entry::Asked, Entry::Assumed);
        Arc::new(Snapshot::of(self.clone(), caller, entry, Source::Nowhere))
    }

    /// What `caller`, whose standing is `standing`, sees of the moment that `shared` is of: what is theirs alone is read
    /// in a transaction of their own, whatever else together with others.
    pub fn shared_snapshot(
        &self,
        caller: Arc<Caller>,
        standing: Arc<Standing>,
        shared: Arc<Shared>,
    ) -> Result<Arc<Snapshot>> {
        standing::not_over(&caller)?;
        let source = Source::Shared(shared);
        Ok(Arc::new(Snapshot::of(self.clone(), caller, Entry::Assumed(standing), source)))
    }

    /// What `caller` sees after they wrote `written`, which needs not be read again.
    pub fn snapshot_after(
        &self,
        caller: Arc<Caller>,
        standing: Arc<Standing>,
        written: Written,
    ) -> Arc<Snapshot> {
        let source = Source::Written(written);
        Arc::new(Snapshot::of(self.clone(), caller, Entry::Assumed(standing), source))
    }

    /// What belongs to `organization` and to no person in it, of all regions and departments, for the server's own
    /// reading: nobody's right is asked, so nothing of it may be shown without asking.
    pub fn snapshot_of(&self, organization: Uuid) -> Arc<Snapshot> {
        let request = "live".to_owned();
        let nobody = Caller { organization: Some(organization), request, ..Caller::default() };
        let entry = Entry::Trusted(Arc::default());
        Arc::new(Snapshot::of(self.clone(), Arc::new(nobody), entry, Source::Nowhere))
    }

    /// What `user` sees in `organization`, for the eyes of those who may ask about their rights alone.
    pub async fn snapshot_as(&self, organization: Uuid, user: Uuid) -> Result<Member> {
        let (organization, user) = (Some(organization), Some(user));
        let caller =
            Arc::new(Caller { organization, user, request: "explain".to_owned(), ..Caller::default() });
        let mut transaction = Transaction::on(self.connection().await?);
        let member = match standing::of_member(&transaction, &caller).await? {
            None => Member::Nobody,
            Some(None) => Member::Inactive,
            Some(Some(standing)) => {
                let begun = Snapshot::begun(self.clone(), caller, transaction, Arc::new(standing));
                return Ok(Member::Active(Arc::new(begun)));
            }
        };
        transaction.let_go();
        Ok(member)
    }

    /// A transaction in which `caller` changes something.
    pub async fn write(&self, caller: Arc<Caller>) -> Result<Write> {
        let (transaction, standing) = self.open(Purpose::Write, &caller).await?;
        Ok(Write::of(self.clone(), caller, transaction, standing))
    }

    /// A transaction of the server's own, outside of any request: it sees no organization before it enters one.
    pub(super) async fn work(&self) -> Result<Work> {
        Work::begin(Transaction::on(self.connection().await?)).await
    }

    /// Begins a transaction as `caller`, and says what is known of them.
    async fn open(&self, purpose: Purpose, caller: &Caller) -> Result<(Transaction, Arc<Standing>)> {
        let mut transaction = Transaction::on(self.connection().await?);
        match in_time(self.let_in(&transaction, purpose, caller)).await {
            Ok(standing) => Ok((transaction, standing)),
            // what it waits for is not waited for any longer: its connection is closed
            Err(Error::OutOfTime) => Err(Error::OutOfTime),
            Err(error) => {
                transaction.roll_back().await;
                Err(error)
            }
        }
    }

    async fn let_in(
        &self,
        connection: &AsyncPgConnection,
        purpose: Purpose,
        caller: &Caller,
    ) -> Result<Arc<Standing>> {
        if let Some(standing) = self.standings.of(caller) {
            match self.confirm(connection, purpose, caller, &standing).await {
                Err(Error::Denied(Denied::Ended)) => (&mut &*connection).batch_execute("ROLLBACK").await?,
                confirmed => return confirmed,
            }
        }
        let asked = standing::ask(connection, purpose, caller, self.patience.with(caller)).await;
        if let Err(Error::Denied(Denied::Withdrawn)) = &asked {
            self.note_reuse(caller);
        }
        let standing = Arc::new(asked?);
        self.standings.keep(caller, standing.clone());
        self.note_presence(caller);
        Ok(standing)
    }

    /// Begins a transaction as `caller`, whose standing is `standing`: if not, they are not let in.
    async fn confirm(
        &self,
        connection: &AsyncPgConnection,
        purpose: Purpose,
        caller: &Caller,
        standing: &Arc<Standing>,
    ) -> Result<Arc<Standing>> {
        if !standing::confirm(connection, purpose, caller, standing, self.patience.with(caller)).await? {
            self.standings.forget(caller);
            return Err(Error::Denied(Denied::Ended));
        }
        self.note_presence(caller);
        Ok(standing.clone())
    }

    /// Whether the caller's credential is none that anybody could make up, as far as this server knows.
    pub fn is_genuine(&self, caller: &Caller) -> bool {
        self.standings.is_genuine(caller)
    }

    /// Whether PostgreSQL answers.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.batch_execute("SELECT 1").await?;
        Ok(())
    }

    /// How many connections are open, in use, and waited for.
    pub fn pool_status(&self) -> deadpool::Status {
        self.pool.status()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    async fn connection(&self) -> Result<Object<AsyncPgConnection>> {
        let asked = std::time::Instant::now();
        let connection = in_time(self.pool.get().map(|found| {
            found.map_err(|error| match error {
                PoolError::Timeout(TimeoutType::Wait) => Error::Busy,
                error => Error::Unavailable(error.to_string().into()),
            })
        }));
        let connection = connection.await;
        telemetry::waited(asked.elapsed());
        connection
    }
}

/// How often PostgreSQL looks, while a statement runs, whether its client is still there.
const LOOKS_FOR_CLIENT: Duration = Duration::from_millis(250);

/// Connects and gives up every right the server does not need, whichever role the URL names.
async fn connect(url: String, timeout: u128) -> diesel::ConnectionResult<AsyncPgConnection> {
    let refused = |error: anyhow::Error| diesel::ConnectionError::BadConnection(format!("{error:#}"));
    let mut connection = super::connect::connect(&url).await.map_err(refused)?;
    // what a statement does is decided when it is first prepared, not each time that it runs: all that depends on the
    // caller are the values of its conditions, and the indexes are made for those
    let setup = format!(
        "SET ROLE portico_app; SET statement_timeout = {timeout}; SET TIME ZONE 'UTC'; \
         SET plan_cache_mode = force_generic_plan"
    );
    connection.batch_execute(&setup).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    // what nobody waits for any more is not worked out to its end; not every system can tell
    let checks = format!("SET client_connection_check_interval = {}", LOOKS_FOR_CLIENT.as_millis());
    drop(connection.batch_execute(&checks).await);
    observed::observe(&mut connection);
    Ok(connection)
}
