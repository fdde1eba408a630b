//! Reading: one moment, one connection, as many questions as a request has.
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult,
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
    result::Error::DeserializationError,
    row::Row as _,
    sql_types,
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, methods::LoadQuery};
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    Caller, Door, Shared, Standing, Transaction, Written, in_time,
    standing::{self, Purpose},
};
use crate::{
    store::{
        batch::Take,
        error::{Error, Result},
        grants::Grants,
        select::{
            Aggregate, Amounts, Ask, Columns, Condition, Count, Fetch, Hits, Keys, Limits, Past, Readable,
            Rows, Selection, Sent, Table, Text, Texts, TextsOf, Wanted, Within,
        },
        tables::audit::audit_logs,
    },
    telemetry,
};

/// A read-only view of what the caller may see, all of one moment, on one connection.
pub struct Snapshot {
    door: Door,
    caller: Arc<Caller>,
    entry: Entry,
    source: Source,
    transaction: OnceCell<Transaction>,
    /// What the database has said, or confirmed.
    standing: OnceCell<Arc<Standing>>,
    /// To which rows rights extend that do not hold for all.
    limits: std::sync::OnceLock<Option<Arc<Limits>>>,
    statements: AtomicUsize,
    /// Whether something was left unanswered: the connection still works on it.
    cut: AtomicBool,
}

/// How the caller is let in.
pub(super) enum Entry {
    /// Everything about them is asked first.
    Asked,
    /// What was known of them is taken for granted, until the database has confirmed it.
    Assumed(Arc<Standing>),
    /// It is known from a read of the same moment.
    Trusted(Arc<Standing>),
}

/// Where rows come from besides the caller's own transaction.
pub(in crate::store) enum Source {
    Nowhere,
    /// From where others read them too.
    Shared(Arc<Shared>),
    /// From what was just written.
    Written(Written),
}

/// Room is made beforehand for no more rows than these.
const MOST_EXPECTED: usize = 512;

impl Snapshot {
    pub(super) fn of(door: Door, caller: Arc<Caller>, entry: Entry, source: Source) -> Self {
        Self {
            door,
            caller,
            entry,
            source,
            transaction: OnceCell::new(),
            standing: OnceCell::new(),
            limits: std::sync::OnceLock::new(),
            statements: AtomicUsize::new(0),
            cut: AtomicBool::new(false),
        }
    }

    /// Of somebody whose standing was asked for in this transaction.
    pub(super) fn begun(
        door: Door,
        caller: Arc<Caller>,
        transaction: Transaction,
        standing: Arc<Standing>,
    ) -> Self {
        let entry = Entry::Trusted(standing.clone());
        let begun = Self::of(door, caller, entry, Source::Nowhere);
        let (transaction, standing) =
            (OnceCell::new_with(Some(transaction)), OnceCell::new_with(Some(standing)));
        Self { transaction, standing, ..begun }
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub const fn door(&self) -> &Door {
        &self.door
    }

    pub(in crate::store) const fn source(&self) -> &Source {
        &self.source
    }

    /// Where rows are read that others read too, where there are such.
    pub const fn shared(&self) -> Option<&Arc<Shared>> {
        match &self.source {
            Source::Shared(shared) => Some(shared),
            Source::Nowhere | Source::Written(_) => None,
        }
    }

    /// The organization whose rows are read; one that does not exist when none is chosen.
    pub fn organization(&self) -> Uuid {
        self.caller.organization.unwrap_or(Uuid::max())
    }

    /// What the caller holds now.
    pub async fn grants(&self) -> Result<&Arc<Grants>> {
        Ok(&self.standing().await?.grants)
    }

    /// What is known of the caller.
    pub async fn standing(&self) -> Result<&Arc<Standing>> {
        match &self.entry {
            Entry::Assumed(standing) | Entry::Trusted(standing) => Ok(standing),
            Entry::Asked => self.let_in().await,
        }
    }

    /// To which rows the caller's rights extend that do not hold for all; none where all do. Whoever is not known yet
    /// sees nothing.
    pub fn limits(&self) -> Option<Arc<Limits>> {
        let standing = match &self.entry {
            Entry::Assumed(standing) | Entry::Trusted(standing) => Some(standing),
            Entry::Asked => self.standing.get(),
        };
        let Some(standing) = standing else { return Some(Limits::unknown()) };
        self.limits.get_or_init(|| standing.grants.limits(&self.caller)).clone()
    }

    fn within(&self) -> Within {
        Within { organization: self.organization(), limits: self.limits() }
    }

    /// Lets the caller in, if nothing else has done so before.
    pub(super) async fn begin(&self) -> Result<()> {
        self.let_in().await.map(drop)
    }

    /// How many statements were sent, the opening aside.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether what was taken for granted is so. If not, nothing that was read counts.
    pub async fn holds(&self) -> bool {
        match &self.entry {
            Entry::Asked | Entry::Trusted(_) => true,
            // it was so when the other source was made, and nothing was read since
            Entry::Assumed(_)
                if !self.transaction.initialized() && !matches!(self.source, Source::Nowhere) =>
            {
                true
            }
            Entry::Assumed(_) => self.let_in().await.is_ok(),
        }
    }

    async fn transaction(&self) -> Result<&Transaction> {
        self.transaction
            .get_or_try_init(|| async { Ok(Transaction::on(self.door.connection().await?)) })
            .await
    }

    async fn let_in(&self) -> Result<&Arc<Standing>> {
        match self.standing.get() {
            Some(standing) => Ok(standing),
            None => self.timely(self.enter()).await,
        }
    }

    async fn enter(&self) -> Result<&Arc<Standing>> {
        let transaction = self.transaction().await?;
        let enter = || async {
            match &self.entry {
                Entry::Asked => self.door.let_in(transaction, Purpose::Read, &self.caller).await,
                Entry::Assumed(standing) => {
                    self.door.confirm(transaction, Purpose::Read, &self.caller, standing).await
                }
                Entry::Trusted(standing) => {
                    standing::enter(transaction, Purpose::Read, &self.caller, standing).await?;
                    Ok(standing.clone())
                }
            }
        };
        self.standing.get_or_try_init(enter).await
    }

    /// Runs a query; those that run concurrently are pipelined.
    pub fn load<'s, Q, T>(&'s self, query: Q) -> BoxFuture<'s, Result<Vec<T>>>
    where
        Q: LoadQuery<'s, &'s AsyncPgConnection, T> + Send + 's,
        T: Send + 's,
    {
        async move {
            let mut connection: &AsyncPgConnection = self.transaction().await?;
            let ask = async {
                let sent = diesel_async::RunQueryDsl::load_stream(query, &mut connection).await?;
                let mut receiving = telemetry::receiving();
                let rows = sent.inspect(|_| receiving.row()).try_collect().await?;
                receiving.done();
                Ok(rows)
            };
            self.inside(ask).await
        }
        .boxed()
    }

    /// Asks something inside of the transaction, which it begins if nothing else has done so before.
    fn inside<C>(&self, ask: impl Future<Output = QueryResult<C>>) -> impl Future<Output = Result<C>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.timely(async move {
            if matches!(self.entry, Entry::Asked) {
                self.enter().await?;
                return Ok(ask.await?);
            }
            // polled in this order, so sent in this order: the question is asked inside of the transaction
            let (entered, answer) = futures_util::join!(self.enter(), ask);
            entered?;
            Ok(answer?)
        })
    }

    /// Waits as long as there is time.
    fn timely<C>(&self, work: impl Future<Output = Result<C>>) -> impl Future<Output = Result<C>> {
        in_time(work).inspect(|done| {
            if let Err(Error::OutOfTime) = done {
                self.cut.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Rows of `table`.
    pub fn rows<T: Readable>(&self, table: &'static Table, fetch: Fetch) -> BoxFuture<'_, Result<Vec<T>>> {
        async move {
            let mut rows = Vec::with_capacity(fetch.most().min(MOST_EXPECTED));
            let selection = Selection::of::<T>(fetch.columns)?;
            let mut put = |sent: &Sent| {
                rows.push(T::read(&selection.row(sent, 0))?);
                Ok(())
            };
            self.read(table, fetch, selection.clone(), None, &mut put).await?;
            Ok(rows)
        }
        .boxed()
    }

    /// Rows of `table` for each of `parents`, put where they belong as they come.
    pub fn each<'s, T: Readable>(
        &'s self,
        table: &'static Table,
        fetch: Fetch,
        parents: Vec<Uuid>,
        take: Take<'s, T>,
    ) -> BoxFuture<'s, Result<()>> {
        async move {
            let selection = Selection::of::<T>(fetch.columns)?;
            let mut put = |sent: &Sent| {
                let parent = sent.get_value::<sql_types::Uuid, Uuid, _>(0).map_err(DeserializationError)?;
                take(parent, T::read(&selection.row(sent, 1))?);
                Ok(())
            };
            self.read(table, fetch, selection.clone(), Some(parents), &mut put).await
        }
        .boxed()
    }

    async fn read(
        &self,
        table: &'static Table,
        fetch: Fetch,
        selection: Arc<Selection>,
        parents: Option<Vec<Uuid>>,
        put: &mut (dyn FnMut(&Sent) -> QueryResult<()> + Send),
    ) -> Result<()> {
        self.stream(Rows { table, within: self.within(), fetch, selection, parents }, put).await
    }

    /// What the rows of `table` amount to that meet `condition`, for each of `parents`.
    pub fn aggregate<'s, T: Readable>(
        &'s self,
        table: &'static Table,
        condition: Condition,
        parents: Vec<Uuid>,
        ask: Ask,
        take: &'s mut (dyn FnMut(Uuid, Option<T>, Amounts) + Send),
    ) -> BoxFuture<'s, Result<()>> {
        async move {
            let mut put = |sent: &Sent| {
                let (parent, keyed, amounts) = ask.read(sent)?;
                take(parent, keyed, amounts);
                Ok(())
            };
            self.stream(Aggregate::new(table, self.within(), condition, parents, ask.clone()), &mut put).await
        }
        .boxed()
    }

    /// Runs a query, and takes what comes row by row.
    async fn stream<Q>(&self, query: Q, put: &mut (dyn FnMut(&Sent) -> QueryResult<()> + Send)) -> Result<()>
    where
        Q: Query + QueryFragment<Pg> + QueryId + Send,
    {
        let mut connection: &AsyncPgConnection = self.transaction().await?;
        let ask = async {
            let mut rows = AsyncConnectionCore::load(&mut connection, query).await?;
            let mut receiving = telemetry::receiving();
            while let Some(sent) = rows.try_next().await? {
                put(&sent)?;
                receiving.row();
            }
            receiving.done();
            Ok(())
        };
        self.inside(ask).await
    }

    /// How many rows each of `parents` has, up to the limit of `fetch`.
    pub async fn count(
        &self,
        table: &'static Table,
        fetch: Fetch,
        parents: Vec<Uuid>,
    ) -> Result<Vec<(Uuid, i64)>> {
        self.load(Count { table, within: self.within(), fetch, parents }).await
    }

    /// What is found among records of several kinds: the kind, the id, the score, the labels of the texts it is found in.
    pub async fn search(
        &self,
        kinds: Vec<Wanted>,
        after: Option<(f32, Uuid)>,
        limit: i64,
    ) -> Result<Vec<(String, Uuid, f32, String)>> {
        self.load(Hits { within: self.within(), kinds, after, limit }).await
    }

    /// The parts of texts in which `words` stand, of records of these kinds that the caller sees.
    pub async fn texts(&self, words: String, of: Vec<TextsOf>) -> Result<Vec<Text>> {
        self.load(Texts { within: self.within(), words, of }).await
    }

    /// What the first change of a record after `at` found: the values of its fields, or nothing; none if it was not changed.
    pub async fn next_change(
        &self,
        kind: &'static str,
        id: Uuid,
        at: DateTime<Utc>,
    ) -> Result<Option<Option<Map<String, Value>>>> {
        let changes = audit_logs::table
            .filter(audit_logs::organization_id.eq(self.organization()))
            .filter(audit_logs::resource_type.eq(kind))
            .filter(audit_logs::resource_id.eq(id.to_string()))
            .filter(audit_logs::event_type.eq("change"))
            .filter(audit_logs::occurred_at.gt(at));
        let first = changes.order(audit_logs::id).limit(1).select(audit_logs::old_values);
        let found: Vec<Option<Value>> = self.load(first).await?;
        let fields = |before| if let Some(Value::Object(fields)) = before { Some(fields) } else { None };
        Ok(found.into_iter().next().map(fields))
    }

    /// A row with the columns that `then` names as they stand there.
    pub async fn past<T: Readable>(&self, table: &'static Table, id: Uuid, then: Value) -> Result<Option<T>> {
        let selection = Selection::of::<T>(Columns::ALL)?;
        let mut found = None;
        let mut put = |sent: &Sent| {
            found = Some(T::read(&selection.row(sent, 0))?);
            Ok(())
        };
        self.stream(Past::new(table, self.within(), id, then, &selection.text), &mut put).await?;
        Ok(found)
    }

    /// Those of `ids` to which `permission` extends, of rows of `table` that the caller sees.
    pub async fn extent(
        &self,
        permission: &str,
        table: &'static Table,
        ids: Vec<Uuid>,
    ) -> Result<HashSet<Uuid>> {
        let mut within = self.within();
        if let Some(limits) = within.limits {
            let Some(limits) = limits.also(table, permission) else { return Ok(HashSet::new()) };
            within.limits = Some(limits);
        }
        let fetch = Fetch::all(Condition::Ids(ids));
        Ok(self.load(Keys { table, within, fetch }).await?.into_iter().collect())
    }

    /// Whether a row, or what it is a part of, meets `condition`, whatever the caller's rights are.
    pub async fn meets(&self, table: &'static Table, id: Uuid, condition: Condition) -> Result<bool> {
        let within = Within::only_where(self.organization(), table, condition);
        let fetch = Fetch::all(Condition::Ids(vec![id]));
        Ok(!self.load::<_, Uuid>(Keys { table, within, fetch }).await?.is_empty())
    }

    /// Gives the connection back, which ends the transaction before anything else is asked on it. A snapshot dropped
    /// without this closes its connection, and PostgreSQL stops what it still works on.
    pub fn close(self: Arc<Self>) {
        let Some(Self { cut, transaction, .. }) = Arc::into_inner(self) else { return };
        // what is still worked on is left to the end of the connection
        if let Some(mut transaction) = transaction.into_inner().filter(|_| !cut.into_inner()) {
            transaction.let_go();
        }
    }
}
