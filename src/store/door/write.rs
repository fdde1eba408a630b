//! Writing: one transaction, which is committed with all that it did, or never was.
use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use diesel::{
    ExpressionMethods, QueryDsl,
    dsl::{exists, select, sql},
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, methods::LoadQuery};
use uuid::Uuid;

use super::{Caller, Door, Standing, Transaction, standing};
use crate::store::{
    batch::{Batch, Stored},
    changes::{Changes, Differing, Insert, Update},
    error::{Error, Result},
    grants::Grants,
    id::Id,
    select::{Condition, Fetch, Keys, Limits, Locked, Table, Within, about, top},
    tables::identity::platform_admins,
};

/// One transaction that changes something; rolled back unless committed.
pub struct Write {
    door: Door,
    caller: Arc<Caller>,
    organization: Uuid,
    entered: BTreeSet<Uuid>,
    transaction: Transaction,
    standing: Arc<Standing>,
    recorded: bool,
    /// To which rows the caller's rights extend that do not hold for all.
    limits: Option<Arc<Limits>>,
    /// The permission by which this is done, where it does not hold for all rows.
    only_where: Option<&'static str>,
    /// Whether it was found to extend to what was written.
    extended: bool,
    /// The last row that was written, as long as no other statement has run.
    written: Option<Written>,
}

/// A row as the statement gave it back that wrote it.
#[derive(Clone)]
pub struct Written(Arc<dyn Any + Send + Sync>);

impl Written {
    fn of<T: Stored + Send + Sync>(row: &T) -> Self {
        Self(Arc::new((row.id(), row.clone())))
    }

    /// All of `keys`, if that is the row they name.
    pub fn find<K: Batch>(&self, keys: &[K]) -> Option<HashMap<K, K::Value>> {
        let (key, row) = self.0.downcast_ref::<(K, K::Value)>()?;
        (keys == [key.clone()]).then(|| HashMap::from([(key.clone(), row.clone())]))
    }
}

impl Write {
    pub(super) fn of(
        door: Door,
        caller: Arc<Caller>,
        transaction: Transaction,
        standing: Arc<Standing>,
    ) -> Self {
        let organization = caller.organization.unwrap_or(Uuid::max());
        let entered = BTreeSet::from([organization]);
        let limits = standing.grants.limits(&caller);
        Self {
            door,
            caller,
            organization,
            entered,
            transaction,
            standing,
            recorded: false,
            limits,
            only_where: None,
            extended: false,
            written: None,
        }
    }

    pub const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The organization whose rows are written; one that does not exist when none is chosen.
    pub const fn organization(&self) -> Uuid {
        self.organization
    }

    /// Every organization in which something may have been written.
    pub const fn entered(&self) -> &BTreeSet<Uuid> {
        &self.entered
    }

    /// Writes in `organization` from now on: in one that is being founded, that a person signs in to, or that a
    /// platform administrator has to do with. What the caller holds was decided before, in their own.
    pub async fn enter_organization(&mut self, organization: Uuid) -> Result<()> {
        let enter = sql::<Bool>("SELECT num_nulls(set_config('app.organization_id', ")
            .bind::<Text, _>(organization.to_string())
            .sql(
                ", true), set_config('app.conversations', '', true), set_config('app.approvals', '', true), ",
            )
            .sql("set_config('app.deciding', '', true)) = 0");
        enter.execute(self).await?;
        self.organization = organization;
        self.entered.insert(organization);
        Ok(())
    }

    /// Writes in none any more, as whoever has chosen none.
    pub(in crate::store) async fn leave_organization(&mut self) -> Result<()> {
        self.say("app.organization_id", "").await?;
        self.organization = Uuid::max();
        Ok(())
    }

    /// Writes in the organization of before again, with what the caller may see there.
    pub(in crate::store) async fn return_to(&mut self, organization: Uuid) -> Result<()> {
        self.enter_organization(organization).await?;
        if self.caller.organization == Some(organization) {
            let limits = standing::limits(&self.standing);
            self.transaction.batch_execute(&limits).await?;
        }
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

    /// Lets the one token be seen that has this hash, which came in a mail.
    pub async fn as_redeeming(&mut self, hash: &str) -> Result<()> {
        self.say("app.one_time_token", hash).await
    }

    /// Lets the one provider be seen at which a person wants to sign in.
    pub async fn as_choosing_provider(&mut self, provider: Uuid) -> Result<()> {
        self.say("app.sso_provider_id", &provider.to_string()).await
    }

    /// Lets the one account be seen that the provider of before vouches for.
    pub async fn as_vouched_for(&mut self, subject: &str) -> Result<()> {
        self.say("app.sso_subject", subject).await
    }

    /// Lets all requests for approval be seen, for the server's own work on them.
    pub async fn as_keeper_of_approvals(&mut self) -> Result<()> {
        self.say("app.approvals", "all").await
    }

    /// Lets all exports and imports be seen, for the server's own work on them; or one's own only again.
    pub async fn as_keeper_of_jobs(&mut self, keeps: bool) -> Result<()> {
        self.say("app.jobs", if keeps { "all" } else { "" }).await
    }

    /// Lets everything be seen that belongs to `user`.
    pub async fn as_user(&mut self, user: Uuid) -> Result<()> {
        self.say("app.user_id", &user.to_string()).await
    }

    /// Lets nothing be seen any more that belongs to somebody else than the caller.
    pub async fn as_themselves(&mut self) -> Result<()> {
        let user = self.caller.user.map(|user| user.to_string());
        self.say("app.user_id", &user.unwrap_or_default()).await
    }

    /// The caller has proved to be `user`, and acts in `session` from now on, if in any.
    pub async fn proved(&mut self, user: Uuid, session: Option<Uuid>) -> Result<()> {
        self.as_user(user).await?;
        self.as_renewing(session.unwrap_or_default()).await?;
        // whoever they were signed in as before
        let before = Caller {
            organization: None,
            api_key: None,
            api_key_hash: None,
            impersonator: None,
            ..(*self.caller).clone()
        };
        self.caller = Arc::new(Caller { user: Some(user), session, ..before });
        Ok(())
    }

    /// Whether the caller administers the platform.
    pub async fn is_platform_admin(&mut self) -> Result<bool> {
        match self.caller.user {
            Some(user) => self.administers(user).await,
            None => Ok(false),
        }
    }

    /// Whether `user`, whose belongings can be seen, administers the platform.
    pub async fn administers(&mut self, user: Uuid) -> Result<bool> {
        let listed = platform_admins::table.filter(platform_admins::user_id.eq(user));
        Ok(select(exists(listed)).get_result(self).await?)
    }

    async fn say(&mut self, setting: &str, value: &str) -> Result<()> {
        let say = sql::<Bool>("SELECT set_config(")
            .bind::<Text, _>(setting)
            .sql(", ")
            .bind::<Text, _>(value)
            .sql(", true) IS NOT NULL");
        say.execute(self).await?;
        Ok(())
    }

    /// What is written from now on can be undone without the rest, under this name.
    pub async fn mark(&mut self, name: &'static str) -> Result<()> {
        Ok(self.batch_execute(&format!("SAVEPOINT {name}")).await?)
    }

    /// What was written since the mark of this name stays with the rest; it is set anew.
    pub async fn mark_anew(&mut self, name: &'static str) -> Result<()> {
        Ok(self.batch_execute(&format!("RELEASE SAVEPOINT {name}; SAVEPOINT {name}")).await?)
    }

    /// Undoes what was written since the mark of this name, which stays set; `organization` is where that was.
    pub async fn undo(&mut self, name: &'static str, organization: Uuid) -> Result<()> {
        self.batch_execute(&format!("ROLLBACK TO SAVEPOINT {name}")).await?;
        self.organization = organization;
        Ok(())
    }

    /// What is done from now on is looked at by itself: whether it is recorded, and done by a permission that extends to it.
    pub const fn apart(&mut self) {
        self.recorded = false;
        self.extended = false;
    }

    /// All that was done was looked at by itself.
    pub const fn together(&mut self) {
        self.recorded = true;
        self.extended = true;
    }

    /// Waits for `work` without keeping a connection from others, and begins anew afterwards. For what comes before
    /// the first change: what was written until now would be lost.
    pub async fn aside<T>(&mut self, work: impl Future<Output = T> + Send) -> Result<T> {
        self.transaction.roll_back().await;
        let done = work.await;
        let fresh = self.door.write(self.caller.clone()).await?;
        *self = fresh;
        Ok(done)
    }

    pub fn grants(&self) -> &Arc<Grants> {
        &self.standing.grants
    }

    pub const fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// Whether the audit trail knows of what was done.
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    pub(in crate::store) const fn recorded(&mut self) {
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
        let rows = Locked { table, within: self.within(), fetch: Fetch::all(condition), row: PhantomData };
        Ok(rows.load(self).await?.into_iter().next())
    }

    /// To which rows the caller's rights extend that do not hold for all; none where all do.
    pub fn limits(&self) -> Option<Arc<Limits>> {
        self.limits.clone()
    }

    /// Elsewhere than in their own organization, a caller has no rights that could be limited.
    fn within(&self) -> Within {
        let here = self.caller.organization == Some(self.organization);
        Within { organization: self.organization, limits: self.limits.clone().filter(|_| here) }
    }

    /// What is written is to be what this permission extends to, before and after.
    pub const fn only_where(&mut self, permission: &'static str) {
        self.only_where = Some(permission);
    }

    /// The permission by which this is done, where it does not hold for all rows.
    pub const fn by(&self) -> Option<&'static str> {
        self.only_where
    }

    /// Refused unless the permission by which this is done extends to the row as it is now.
    pub async fn extends_to<T: Stored>(&mut self, id: Id<T>) -> Result<()> {
        let Some(permission) = self.only_where.filter(|permission| about(permission) == Some(top(T::TABLE)))
        else {
            return Ok(());
        };
        let mut within = self.within();
        // where nothing says to which rows it extends, it extends to none
        let limits = within.limits.and_then(|limits| limits.also(T::TABLE, permission));
        within.limits = Some(limits.ok_or(Error::Forbidden(permission))?);
        let fetch = Fetch::all(Condition::Ids(vec![id.0]));
        let keys = Keys { table: T::TABLE, within, fetch };
        if keys.load::<Uuid>(&mut &**self).await?.is_empty() {
            return Err(Error::Forbidden(permission));
        }
        self.extended = true;
        Ok(())
    }

    /// What is written from now on comes from another system; whoever else writes what `key` names there waits until this
    /// has ended.
    pub async fn syncs(&mut self, key: &str) -> Result<()> {
        let say = sql::<Bool>(
            "SELECT set_config('app.change_source', 'sync', true) IS NOT NULL AND pg_advisory_xact_lock(hashtextextended(",
        )
        .bind::<Text, _>(key)
        .sql(", 0)) IS NOT NULL");
        say.execute(self).await?;
        Ok(())
    }

    /// Whether the caller is limited to some rows, and this is none of them, or there is none; of tables whose rows they see
    /// all, this is not asked.
    pub async fn hides(&mut self, table: &'static Table, id: Uuid) -> Result<bool> {
        let limited = self.within().limits.is_some_and(|limits| limits.limit(table));
        Ok(limited && !self.sees(table, id).await?)
    }

    /// Whether the caller sees the row.
    pub async fn sees(&mut self, table: &'static Table, id: Uuid) -> Result<bool> {
        Ok(self.seen(table, Condition::Ids(vec![id])).await?.is_some())
    }

    /// The id of a row that meets `condition`, as far as the caller sees it.
    pub async fn seen(&mut self, table: &'static Table, condition: Condition) -> Result<Option<Uuid>> {
        let keys = Keys { table, within: self.within(), fetch: Fetch::all(condition) };
        Ok(keys.load::<Uuid>(&mut &**self).await?.into_iter().next())
    }

    /// The permission by which something was done without finding that it extends to it: that must not be.
    pub const fn is_beyond(&self) -> Option<&'static str> {
        if self.extended { None } else { self.only_where }
    }

    /// A new row.
    pub async fn inserted<T>(&mut self, id: Id<T>, values: Changes<T::Source>) -> Result<T>
    where
        T: Stored,
        Insert<T>: for<'q> LoadQuery<'q, AsyncPgConnection, T> + Send,
    {
        let insert = Insert { organization: self.organization, id: id.0, values };
        let row = insert.get_result(&mut **self).await?;
        self.extends_to(id).await?;
        self.written = Some(Written::of(&row));
        Ok(row)
    }

    /// The row as it has become.
    pub async fn updated<T>(&mut self, id: Id<T>, changes: Changes<T::Source>) -> Result<T>
    where
        T: Stored,
        Update<T>: for<'q> LoadQuery<'q, AsyncPgConnection, T> + Send,
    {
        let update = Update { organization: self.organization, id: id.0, changes };
        let row = update.get_result(&mut **self).await?;
        self.extends_to(id).await?;
        self.written = Some(Written::of(&row));
        Ok(row)
    }

    /// What the caller was known to hold, and the last row that was written, if nothing else has run since that could
    /// have changed it: no trigger changes the row it is for after it was written (law `tables`).
    pub fn written(&self) -> Option<(Arc<Standing>, Written)> {
        // whoever does not see all rows is shown it only if they see it
        let here = self.caller.organization == Some(self.organization) && self.limits.is_none();
        self.written.clone().filter(|_| here).map(|written| (self.standing.clone(), written))
    }

    /// Whether these changes would make the row another.
    pub async fn differs<T: Stored>(&mut self, id: Id<T>, changes: &Changes<T::Source>) -> Result<bool> {
        let differing = Differing::<T> { organization: self.organization, id: id.0, changes };
        Ok(!differing.load::<Uuid>(&mut **self).await?.is_empty())
    }

    /// Makes it so.
    pub async fn commit(mut self) -> Result<()> {
        self.transaction.commit().await
    }

    /// Leaves everything as it was.
    pub async fn roll_back(mut self) {
        self.transaction.roll_back().await;
    }
}

/// For the statements themselves. Those that are asked through a shared reference leave the row alone that was written
/// last: the audit trail, the event.
impl Deref for Write {
    type Target = AsyncPgConnection;
    fn deref(&self) -> &AsyncPgConnection {
        &self.transaction
    }
}
impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.written = None;
        &mut self.transaction
    }
}
