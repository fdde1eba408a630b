//! The one place that takes a connection. A [`Snapshot`] reads, a [`Write`] changes; both are one transaction that
//! carries the caller's organization, person and session, so that row-level security holds for every statement.
use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    methods::LoadQuery,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    clock,
    error::{Denied, Error, Result},
    grants::{Grants, GrantsCache},
    key_use::KeyUse,
    select::{Condition, Count, Each, Fetch, Rows, Table},
};

/// Who asks: what the credential says, before the database has confirmed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub session: Option<Uuid>,
    pub api_key: Option<Uuid>,
    /// What the API key's text hashes to: the key's id alone opens nothing.
    pub api_key_hash: Option<String>,
    /// When the credential ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Names the request in logs, errors and the audit trail.
    pub request: String,
    pub ip: Option<std::net::IpAddr>,
    pub user_agent: Option<String>,
}

impl Caller {
    pub const fn is_anonymous(&self) -> bool {
        self.user.is_none() && self.api_key.is_none()
    }
}

/// How the pool is built.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    pub url: String,
    pub pool_size: usize,
    pub statement_timeout: Duration,
}

/// The way to PostgreSQL.
#[derive(Clone)]
pub struct Door {
    pool: Pool<AsyncPgConnection>,
    grants: Arc<GrantsCache>,
    pub(super) key_use: Arc<KeyUse>,
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
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(5)))
            .create_timeout(Some(Duration::from_secs(5)))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string().into()))?;
        Ok(Self { pool, grants: Arc::default(), key_use: Arc::default() })
    }

    /// What `caller` sees, all of it at one moment. Nothing is sent before the first question.
    pub fn snapshot(&self, caller: Arc<Caller>) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            door: self.clone(),
            caller,
            open: OnceCell::new(),
            statements: AtomicUsize::new(0),
        })
    }

    /// A transaction in which `caller` changes something.
    pub async fn write(&self, caller: Arc<Caller>) -> Result<Write> {
        let mut connection = self.connection().await?;
        let entry = enter(&connection, "BEGIN", &caller).await?;
        let grants = self.grants.of(&mut connection, &caller, &entry).await?;
        self.let_in(&caller);
        let organization = caller.organization.unwrap_or(Uuid::max());
        let door = self.clone();
        Ok(Write { connection: Some(connection), door, caller, organization, entry, grants, recorded: false })
    }

    /// A transaction of the server's own, outside of any request: it sees no organization before it enters one.
    pub(super) async fn work(&self) -> Result<Work> {
        let mut connection = self.connection().await?;
        connection.batch_execute("BEGIN").await?;
        Ok(Work(Some(connection)))
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

    async fn connection(&self) -> Result<Object<AsyncPgConnection>> {
        self.pool.get().await.map_err(|error| Error::Unavailable(error.to_string().into()))
    }
}

/// Connects and gives up every right the server does not need, whichever role the URL names.
async fn connect(url: String, timeout: u128) -> diesel::ConnectionResult<AsyncPgConnection> {
    let refused = |error: anyhow::Error| diesel::ConnectionError::BadConnection(format!("{error:#}"));
    let mut connection = super::connect::connect(&url).await.map_err(refused)?;
    let setup = format!("SET ROLE portico_app; SET statement_timeout = {timeout}; SET TIME ZONE 'UTC'");
    connection.batch_execute(&setup).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// What the database says of the caller when a transaction begins.
#[derive(Clone, Debug)]
pub struct Entry {
    credential: String,
    membership: Option<String>,
    organization: Option<String>,
    pub epoch: i64,
    /// The caller sees rows of this region only.
    pub region: Option<String>,
    /// The caller sees rows of this department only.
    pub department: Option<Uuid>,
}

impl Entry {
    /// Whether the caller may go on at all; who has not signed in may, but holds no permission.
    fn admit(&self, caller: &Caller) -> Result<(), Denied> {
        if caller.is_anonymous() {
            return Ok(());
        }
        if caller.expires_at.is_some_and(|end| end <= clock::now()) || self.credential == "expired" {
            return Err(Denied::Expired);
        }
        if self.credential != "valid" {
            return Err(Denied::Ended);
        }
        if caller.organization.is_some() {
            match self.organization.as_deref() {
                Some("active") => {}
                Some("suspended") => return Err(Denied::Suspended),
                _ => return Err(Denied::Ended),
            }
            // of a key: the membership of who made it; a key that the platform made has none
            let member = self.membership.as_deref();
            if member != Some("active") && (caller.user.is_some() || member.is_some()) {
                return Err(Denied::Ended);
            }
        }
        Ok(())
    }
}

/// Begins a transaction and enters it as `caller`, in one round trip: both statements are pipelined.
async fn enter(connection: &AsyncPgConnection, begin: &str, caller: &Caller) -> Result<Entry> {
    let question = Enter {
        organization: caller.organization,
        user: caller.user,
        session: caller.session,
        api_key: caller.api_key,
        api_key_hash: caller.api_key_hash.clone(),
        request: caller.request.clone(),
    };
    let (mut first, mut second) = (connection, connection);
    let (begun, entries) = futures_util::join!(
        first.batch_execute(begin),
        diesel_async::RunQueryDsl::load::<EntryRow>(question, &mut second)
    );
    begun?;
    let row = entries?.into_iter().next().ok_or_else(|| Error::Internal("no entry".into()))?;
    let (credential, membership, organization, epoch, region, department) = row;
    let entry = Entry { credential, membership, organization, epoch, region, department };
    entry.admit(caller).map_err(Error::Denied)?;
    Ok(entry)
}

type EntryRow = (String, Option<String>, Option<String>, i64, Option<String>, Option<Uuid>);

/// The call of `access.enter`: a fragment of its own so that it is prepared once per connection.
#[derive(QueryId)]
struct Enter {
    organization: Option<Uuid>,
    user: Option<Uuid>,
    session: Option<Uuid>,
    api_key: Option<Uuid>,
    api_key_hash: Option<String>,
    request: String,
}

impl Query for Enter {
    type SqlType = (Text, Nullable<Text>, Nullable<Text>, BigInt, Nullable<Text>, Nullable<SqlUuid>);
}
impl<C> diesel::RunQueryDsl<C> for Enter {}
impl QueryFragment<Pg> for Enter {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT credential, membership, organization, epoch, region, department FROM access.enter(",
        );
        for id in [&self.organization, &self.user, &self.session, &self.api_key] {
            out.push_bind_param::<Nullable<SqlUuid>, _>(id)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Nullable<Text>, _>(&self.api_key_hash)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.request)?;
        out.push_sql(")");
        Ok(())
    }
}

/// A read-only view of what the caller may see, all of one moment, on one connection.
pub struct Snapshot {
    door: Door,
    caller: Arc<Caller>,
    open: OnceCell<Open>,
    statements: AtomicUsize,
}

struct Open {
    connection: Object<AsyncPgConnection>,
    entry: Entry,
    grants: Arc<Grants>,
}

impl Snapshot {
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// The organization whose rows are read; one that does not exist when none is chosen.
    pub fn organization(&self) -> Uuid {
        self.caller.organization.unwrap_or(Uuid::max())
    }

    /// What the caller holds now.
    pub async fn grants(&self) -> Result<&Arc<Grants>> {
        Ok(&self.open().await?.grants)
    }

    /// What the database said of the caller.
    pub async fn entry(&self) -> Result<&Entry> {
        Ok(&self.open().await?.entry)
    }

    /// How many statements were sent, the opening aside.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::Relaxed)
    }

    async fn open(&self) -> Result<&Open> {
        self.open
            .get_or_try_init(|| async {
                let mut connection = self.door.connection().await?;
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let entered = enter(&connection, begin, &self.caller).await;
                let granted = match entered {
                    Ok(entry) => self
                        .door
                        .grants
                        .of(&mut connection, &self.caller, &entry)
                        .await
                        .map(|grants| (entry, grants)),
                    Err(error) => Err(error),
                };
                match granted {
                    Ok((entry, grants)) => {
                        self.door.let_in(&self.caller);
                        Ok(Open { connection, entry, grants })
                    }
                    Err(error) => {
                        leave(connection, "ROLLBACK").await;
                        Err(error)
                    }
                }
            })
            .await
    }

    /// Runs a query; those that run concurrently are pipelined.
    pub fn load<'s, Q, T>(&'s self, query: Q) -> BoxFuture<'s, Result<Vec<T>>>
    where
        Q: LoadQuery<'s, &'s AsyncPgConnection, T> + Send + 's,
        T: Send + 's,
    {
        async move {
            let open = self.open().await?;
            self.statements.fetch_add(1, Ordering::Relaxed);
            let mut connection = &*open.connection;
            Ok(diesel_async::RunQueryDsl::load(query, &mut connection).await?)
        }
        .boxed()
    }

    /// Rows of `table`.
    pub fn rows<T>(&self, table: &'static Table, fetch: Fetch) -> Rows<T> {
        Rows { table, organization: self.organization(), fetch, row: PhantomData }
    }

    /// Rows of `table` for each of `parents`.
    pub fn each<T>(&self, table: &'static Table, fetch: Fetch, parents: Vec<Uuid>) -> Each<T> {
        Each { rows: self.rows(table, fetch), parents }
    }

    /// How many rows each of `parents` has, up to the limit of `fetch`.
    pub async fn count(
        &self,
        table: &'static Table,
        fetch: Fetch,
        parents: Vec<Uuid>,
    ) -> Result<Vec<(Uuid, i64)>> {
        self.load(Count { table, organization: self.organization(), fetch, parents }).await
    }

    /// Ends the transaction and gives the connection back. A snapshot dropped without this closes its connection.
    pub async fn close(self: Arc<Self>) {
        if let Some(open) = Arc::into_inner(self).and_then(|mut snapshot| snapshot.open.take()) {
            leave(open.connection, "COMMIT").await;
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // a connection inside a transaction still carries the caller: it must not be handed on
        if let Some(open) = self.open.take() {
            drop(Object::take(open.connection));
        }
    }
}

/// Ends the transaction; where that fails the connection is closed instead of handed on.
async fn leave(mut connection: Object<AsyncPgConnection>, how: &str) {
    if connection.batch_execute(how).await.is_err() {
        drop(Object::take(connection));
    }
}

/// One transaction that changes something; rolled back unless committed.
pub struct Write {
    connection: Option<Object<AsyncPgConnection>>,
    door: Door,
    caller: Arc<Caller>,
    organization: Uuid,
    entry: Entry,
    grants: Arc<Grants>,
    recorded: bool,
}

impl Write {
    pub const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The organization whose rows are written; one that does not exist when none is chosen.
    pub const fn organization(&self) -> Uuid {
        self.organization
    }

    /// Writes in `organization` from now on: in one that is being founded, that a person signs in to, or that a
    /// platform administrator has to do with. What the caller holds was decided before, in their own.
    pub async fn enter_organization(&mut self, organization: Uuid) -> Result<()> {
        self.say("app.organization_id", &organization.to_string()).await?;
        self.organization = organization;
        Ok(())
    }

    /// Lets the one account be seen that has this address, for a sign-in.
    pub async fn as_signing_in(&mut self, email: &str) -> Result<()> {
        self.say("app.sign_in_email", email).await
    }

    /// Lets the one session be seen that a refresh token names.
    pub async fn as_renewing(&mut self, session: Uuid) -> Result<()> {
        self.say("app.session_id", &session.to_string()).await
    }

    /// Lets everything be seen that belongs to `user`.
    pub async fn as_user(&mut self, user: Uuid) -> Result<()> {
        self.say("app.user_id", &user.to_string()).await
    }

    /// The caller has proved to be `user`, and acts in `session` from now on.
    pub async fn proved(&mut self, user: Uuid, session: Uuid) -> Result<()> {
        self.as_user(user).await?;
        self.as_renewing(session).await?;
        // whoever they were signed in as before
        let before =
            Caller { organization: None, api_key: None, api_key_hash: None, ..(*self.caller).clone() };
        self.caller = Arc::new(Caller { user: Some(user), session: Some(session), ..before });
        Ok(())
    }

    /// Whether the caller administers the platform.
    pub async fn is_platform_admin(&mut self) -> Result<bool> {
        use super::tables::identity::platform_admins;
        use diesel::{ExpressionMethods, QueryDsl, dsl::exists, select};
        let Some(user) = self.caller.user else { return Ok(false) };
        let listed = platform_admins::table.filter(platform_admins::user_id.eq(user));
        Ok(diesel_async::RunQueryDsl::get_result(select(exists(listed)), &mut **self).await?)
    }

    async fn say(&mut self, setting: &str, value: &str) -> Result<()> {
        use diesel::{dsl::sql, sql_types::Bool};
        let say = sql::<Bool>("SELECT set_config(")
            .bind::<Text, _>(setting)
            .sql(", ")
            .bind::<Text, _>(value)
            .sql(", true) IS NOT NULL");
        diesel_async::RunQueryDsl::execute(say, &mut **self).await?;
        Ok(())
    }

    /// Waits for `work` without keeping a connection from others, and begins anew afterwards. For what comes before
    /// the first change: what was written until now would be lost.
    pub async fn aside<T>(&mut self, work: impl Future<Output = T> + Send) -> Result<T> {
        if let Some(connection) = self.connection.take() {
            leave(connection, "ROLLBACK").await;
        }
        let done = work.await;
        let fresh = self.door.write(self.caller.clone()).await?;
        *self = fresh;
        Ok(done)
    }

    pub const fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Whether the audit trail knows of what was done.
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    pub(super) const fn recorded(&mut self) {
        self.recorded = true;
    }

    /// Says that nothing was changed, so that there is nothing for the audit trail to know.
    pub const fn changed_nothing(&mut self) {
        self.recorded = true;
    }

    /// The row as it is now, locked until the transaction ends.
    pub async fn locked<T>(&mut self, table: &'static Table, condition: Condition) -> Result<Option<T>>
    where
        Locked<T>: for<'q> LoadQuery<'q, AsyncPgConnection, T> + Send,
        T: Send,
    {
        let organization = self.organization;
        let rows = Rows { table, organization, fetch: Fetch::all(condition), row: PhantomData };
        Ok(diesel_async::RunQueryDsl::load(Locked(rows), &mut **self).await?.into_iter().next())
    }

    /// Makes it so.
    pub async fn commit(mut self) -> Result<()> {
        if let Some(mut connection) = self.connection.take()
            && let Err(error) = connection.batch_execute("COMMIT").await
        {
            drop(Object::take(connection));
            return Err(error.into());
        }
        Ok(())
    }

    /// Leaves everything as it was.
    pub async fn roll_back(mut self) {
        if let Some(connection) = self.connection.take() {
            leave(connection, "ROLLBACK").await;
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

/// Open until committed or rolled back, both of which consume it, and closed while something is waited for aside.
impl Deref for Write {
    type Target = AsyncPgConnection;
    #[expect(
        clippy::expect_used,
        reason = "`commit` and `roll_back` consume self; `aside` borrows it for as long as it is closed"
    )]
    fn deref(&self) -> &AsyncPgConnection {
        self.connection.as_deref().expect("open until committed")
    }
}
impl DerefMut for Write {
    #[expect(
        clippy::expect_used,
        reason = "`commit` and `roll_back` consume self; `aside` borrows it for as long as it is closed"
    )]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.connection.as_deref_mut().expect("open until committed")
    }
}

/// One transaction of background work; rolled back unless committed.
pub(super) struct Work(Option<Object<AsyncPgConnection>>);

impl Work {
    /// Becomes the role that knows which organizations there are, and sees next to nothing of them.
    pub(super) async fn as_worker(&mut self) -> Result<()> {
        Ok(self.batch_execute("SET LOCAL ROLE portico_worker").await?)
    }

    /// Sees the rows of one organization from now on.
    pub(super) async fn enter(&mut self, organization: Uuid) -> Result<()> {
        let enter = format!("SET LOCAL app.organization_id = '{organization}'");
        Ok(self.batch_execute(&enter).await?)
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        if let Some(mut connection) = self.0.take()
            && let Err(error) = connection.batch_execute("COMMIT").await
        {
            drop(Object::take(connection));
            return Err(error.into());
        }
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // a connection inside a transaction must not be handed on
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

/// Open until committed, which consumes it.
impl Deref for Work {
    type Target = AsyncPgConnection;
    #[expect(clippy::expect_used, reason = "only `commit` takes the connection, and it consumes self")]
    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_deref().expect("open until committed")
    }
}
impl DerefMut for Work {
    #[expect(clippy::expect_used, reason = "only `commit` takes the connection, and it consumes self")]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.0.as_deref_mut().expect("open until committed")
    }
}

/// Rows, locked for the rest of the transaction.
pub struct Locked<T>(Rows<T>);

impl<T> Query for Locked<T>
where
    Rows<T>: Query,
{
    type SqlType = <Rows<T> as Query>::SqlType;
}
impl<T, C> diesel::RunQueryDsl<C> for Locked<T> {}
impl<T> QueryId for Locked<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T> QueryFragment<Pg> for Locked<T>
where
    Rows<T>: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" FOR UPDATE");
        Ok(())
    }
}
