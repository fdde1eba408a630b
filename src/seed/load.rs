//! Rows into tables, as fast as the database role lets them in. Triggers rest meanwhile: what they would have written
//! (counters, numbers, history) comes with the rows.
use std::fmt::Write;
use std::pin::pin;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::SinkExt;
use tokio_postgres::Client;
use uuid::Uuid;

use super::line::{Lines, Row};
use super::rows::TABLES;
use super::tenant::Subscribed;
use crate::store::connect;

/// So much is gathered before it is sent.
const PARCEL: usize = 256 * 1024;

/// Nobody else locks this number.
const LOCK: i64 = 7_070_194_854;

/// A connection as the owner of the tables, with at most one transaction.
pub(super) struct Loader {
    client: Client,
    /// A superuser passes row level security, which COPY cannot, and silences triggers without a lock.
    superuser: bool,
}

impl Loader {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let client = connect::client(url).await?;
        let role = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        let superuser = client.query_one(role, &[]).await?.get(0);
        Ok(Self { client, superuser })
    }

    pub(super) const fn superuser(&self) -> bool {
        self.superuser
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a transaction, after any other process that fills tables is done.
    pub(super) async fn begin(&self) -> Result<()> {
        self.client.batch_execute("BEGIN").await?;
        self.client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        if self.superuser {
            return Ok(self.client.batch_execute("SET LOCAL session_replication_role = replica").await?);
        }
        self.triggers("DISABLE").await.context("only the owner of the tables can fill them")
    }

    pub(super) async fn commit(&self) -> Result<()> {
        if !self.superuser {
            self.triggers("ENABLE").await?;
        }
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    pub(super) async fn roll_back(&self) -> Result<()> {
        Ok(self.client.batch_execute("ROLLBACK").await?)
    }

    /// Lets PostgreSQL learn what was filled, so that it plans well at once.
    pub(super) async fn analyze(&self) -> Result<()> {
        Ok(self.client.batch_execute(&format!("ANALYZE {}", TABLES.join(", "))).await?)
    }

    async fn triggers(&self, act: &str) -> Result<()> {
        let mut statements = String::new();
        for table in TABLES.iter().chain(&["access.roles"]) {
            writeln!(statements, "ALTER TABLE {table} {act} TRIGGER USER;")?;
        }
        Ok(self.client.batch_execute(&statements).await?)
    }

    /// Makes the partitions for rows of all months since then.
    pub(super) async fn months(&self, since: DateTime<Utc>) -> Result<()> {
        let make = "SELECT ops.ensure_partitions(place::regclass, $1::text::timestamptz, now())
            FROM unnest(ARRAY['chat.messages', 'ops.message_words', 'audit.audit_logs']) AS place";
        self.client.execute(make, &[&since.to_rfc3339()]).await.context("the partitions cannot be made")?;
        Ok(())
    }

    /// The organizations that there are, besides the platform's.
    pub(super) async fn organizations(&self) -> Result<Vec<Uuid>> {
        // The owner too sees only the current organization; the worker may list them.
        self.client.batch_execute("SET LOCAL ROLE portico_worker").await?;
        let listed = "SELECT id FROM identity.organizations WHERE id <> '00000000-0000-0000-0000-000000000000' ORDER BY id";
        let rows = self.client.query(listed, &[]).await?;
        self.client.batch_execute("RESET ROLE").await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// From here on rows belong to that organization.
    pub(super) async fn enter(&self, organization: Uuid) -> Result<()> {
        let enter = "SELECT set_config('app.organization_id', $1, true), set_config('app.user_id', '', true),
            set_config('app.conversations', 'all', true)";
        self.client.execute(enter, &[&organization.to_string()]).await?;
        Ok(())
    }

    /// Gives the organization the platform's roles, and says their names and ids.
    pub(super) async fn roles(
        &self,
        organization: Uuid,
        mut id: impl FnMut() -> Uuid,
    ) -> Result<Vec<(String, Uuid)>> {
        // Who runs the platform has no place in an organization.
        let known = "SELECT name FROM access.roles
            WHERE organization_id = '00000000-0000-0000-0000-000000000000' AND is_system_role AND name <> 'super_admin'
            ORDER BY name";
        let names: Vec<String> = self.client.query(known, &[]).await?.iter().map(|row| row.get(0)).collect();
        if names.is_empty() {
            bail!("the platform has no roles yet: `portico migrate up` writes them.");
        }
        let ids: Vec<Uuid> = names.iter().map(|_| id()).collect();
        let copy = "WITH copied AS (SELECT * FROM unnest($2::uuid[], $3::text[]) AS c (id, name))
            INSERT INTO access.roles (organization_id, id, name, display_name, description, parent_role_id, role_level,
              is_system_role, is_assignable, max_assignments, valid_from, valid_until, auto_assign_conditions, metadata)
            SELECT $1, c.id, r.name, r.display_name, r.description, above.id, r.role_level,
              true, r.is_assignable, r.max_assignments, r.valid_from, r.valid_until, r.auto_assign_conditions, r.metadata
            FROM copied c
            JOIN access.roles r ON r.organization_id = '00000000-0000-0000-0000-000000000000' AND r.name = c.name
            LEFT JOIN access.roles p ON p.organization_id = r.organization_id AND p.id = r.parent_role_id
            LEFT JOIN copied above ON above.name = p.name";
        self.client.execute(copy, &[&organization, &ids, &names]).await?;
        Ok(names.into_iter().zip(ids).collect())
    }

    /// Gives people their departments, which need heads among the people before.
    pub(super) async fn place(&self, organization: Uuid, places: &[(Uuid, Uuid)]) -> Result<()> {
        let (people, departments): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
        let place = "UPDATE identity.memberships m SET department_id = p.department
            FROM unnest($2::uuid[], $3::uuid[]) AS p (person, department)
            WHERE m.organization_id = $1 AND m.user_id = p.person";
        self.client.execute(place, &[&organization, &people, &departments]).await?;
        Ok(())
    }

    /// Gives the organization a plan and its quotas, under these ids.
    pub(super) async fn bill(
        &self,
        organization: Uuid,
        subscribed: Subscribed,
        founded: DateTime<Utc>,
        ids: &[Uuid],
    ) -> Result<()> {
        let bill = "WITH plan AS (SELECT * FROM billing.plans WHERE key = $2),
            of AS (SELECT $3::text::timestamptz AS founded, $4::text::timestamptz AS tries),
            subscribed AS (
              INSERT INTO billing.subscriptions (organization_id, id, plan_id, plan_features, billing_cycle, amount_cents, currency,
                status, current_period_start, current_period_end, trial_end, created_at, updated_at)
              SELECT $1, ($5::uuid[])[8], p.id, p.features, p.billing_cycle, p.amount_cents, p.currency,
                CASE WHEN of.tries IS NULL THEN 'active' ELSE 'trialing' END,
                coalesce(of.tries, date_trunc('month', now(), 'UTC')),
                coalesce(of.tries + p.trial_days * interval '1 day', date_trunc('month', now(), 'UTC') + interval '1 month'),
                of.tries + p.trial_days * interval '1 day', coalesce(of.tries, of.founded), coalesce(of.tries, of.founded)
              FROM plan p, of)
            INSERT INTO billing.quotas (organization_id, id, metric, period, limit_value, enforcement, created_at, updated_at)
            SELECT $1, ($5::uuid[])[q.place], q.kept ->> 'metric', q.kept ->> 'period', (q.kept ->> 'limit')::bigint,
              q.kept ->> 'enforcement', of.founded, of.founded
            FROM plan p, of, jsonb_array_elements(p.default_quotas) WITH ORDINALITY AS q (kept, place)";
        let (founded, tries) = (founded.to_rfc3339(), subscribed.tries_since.map(|since| since.to_rfc3339()));
        self.client.execute(bill, &[&organization, &subscribed.plan, &founded, &tries, &ids]).await?;
        Ok(())
    }

    /// Counts the messages of the organization by day and month, as they count themselves otherwise.
    pub(super) async fn count_usage(&self, organization: Uuid) -> Result<()> {
        let count = "INSERT INTO billing.usage (organization_id, period, starts_on, shard, messages, tokens_used, cost_usd)
            SELECT m.organization_id, p.period, billing.period_start(p.period, m.created_at), billing.shard(m.conversation_id),
              count(*), sum(m.total_tokens), sum(m.estimated_cost)
            FROM chat.messages m, unnest('{day,month}'::text[]) AS p (period)
            WHERE m.organization_id = $1 GROUP BY 1, 2, 3, 4";
        self.client.execute(count, &[&organization]).await?;
        Ok(())
    }

    /// Has the words of its records found, as they are kept themselves otherwise.
    pub(super) async fn index_words(&self, organization: Uuid) -> Result<()> {
        self.client.execute("CALL ops.index_all_words($1)", &[&organization]).await?;
        Ok(())
    }

    /// Has its messages found by what they say.
    pub(super) async fn index_messages(&self, organization: Uuid) -> Result<()> {
        self.enter(organization).await?;
        let all = "INSERT INTO ops.search_progress (organization_id, through) VALUES ($1, '00000000-0000-0000-0000-000000000000')";
        self.client.execute(all, &[&organization]).await?;
        self.client.execute("SELECT ops.index_older_messages('1 hour')", &[]).await?;
        Ok(())
    }

    /// Writes rows of one table and says how many.
    pub(super) async fn copy<R: Row>(&self, rows: impl IntoIterator<Item = R>) -> Result<u64> {
        let columns = R::COLUMNS.join(", ");
        let table = R::TABLE;
        let filled = async {
            if self.superuser {
                return self.send(&format!("COPY {table} ({columns}) FROM STDIN"), rows).await;
            }
            let stage = format!(
                "CREATE TEMPORARY TABLE stage ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
            );
            self.client.batch_execute(&stage).await?;
            let count = self.send(&format!("COPY pg_temp.stage ({columns}) FROM STDIN"), rows).await?;
            let pass_on = format!(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_temp.stage; DROP TABLE pg_temp.stage"
            );
            self.client.batch_execute(&pass_on).await?;
            Ok(count)
        };
        filled.await.with_context(|| format!("{table} cannot be filled"))
    }

    async fn send<R: Row>(&self, copy: &str, rows: impl IntoIterator<Item = R>) -> Result<u64> {
        let mut sink = pin!(self.client.copy_in::<_, Bytes>(copy).await?);
        let mut lines = Lines::default();
        for row in rows {
            lines.push(&row);
            if lines.len() >= PARCEL {
                sink.feed(lines.take().into()).await?;
            }
        }
        sink.send(lines.take().into()).await?;
        Ok(sink.finish().await?)
    }
}
