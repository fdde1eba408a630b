//! Writing exports: a server takes one that waits, reads page after page as whoever asked for it, and puts what it has read
//! beside it, each part together with the place at which to go on. A server that does not say in time that it goes on has
//! lost it: another takes it up at that place, and what the first one still writes is refused.
//!
//! The pages are read at one moment, for as long as no right in the organization changes and it does not take too long;
//! else the next page is read at a new one. Whether whoever asked for it may still see it is asked before each page.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Duration as Span;
use ipnet::IpNet;
use uuid::Uuid;

use super::{
    csv,
    export::{CREATE, Export, ExportFormat, ExportStatus, end},
    keeper,
};
use crate::{
    domains::prelude::*,
    graph::{
        export::{Asked, Page, Walk, Wrong},
        fault::Fault,
        gate,
        schema::Schema,
    },
    store::{
        detection::{Rule, Sighting},
        job::{self, Jobs, Whose},
        tables::ops::{export_parts, exports},
        worker,
    },
    telemetry::{Piece, piece},
};

/// About how large a part is.
const PART: usize = 512 << 10;
/// One moment is looked at no longer than this: the database keeps all that it was meanwhile.
const LONGEST_LOOK: Duration = Duration::from_mins(10);
/// How often a page is tried that the database has no time for, and how often an export whose servers end over it.
const TRIES: i32 = 5;
/// So many records of one person or key within a day are told to those who look after security.
const MASS: i64 = 50_000;

/// What a server has to know to go on.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = exports, check_for_backend(Pg))]
struct Job {
    id: Id<Export>,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    ip_address: Option<IpNet>,
    format: ExportFormat,
    document: String,
    variables: Json,
    row_count: i32,
    byte_count: i64,
    part_count: i32,
    expected_row_count: Option<i32>,
    snapshot_count: i32,
    cursor: Option<String>,
    attempts: i32,
}

/// Writes the export that waits longest to its end; says whether there was one.
pub async fn next(schema: &Schema) -> Outcome<bool> {
    for organization in worker::with_waiting(schema.door(), Jobs::Exports).await? {
        if next_of(schema, organization).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same of one organization.
pub async fn next_of(schema: &Schema, organization: Uuid) -> Outcome<bool> {
    let Some((job, lease)) = take(schema, organization).await? else { return Ok(false) };
    let come = |written: &Outcome<Piece>| written.as_ref().map_or(Piece::ERRORS, |come| *come);
    piece("export", write(schema, organization, job, lease), come).await?;
    Ok(true)
}

/// Takes an export that waits, or that a server has left.
async fn take(schema: &Schema, organization: Uuid) -> Outcome<Option<(Job, Uuid)>> {
    let mut write = keeper(schema.door(), organization).await?;
    let Some(lease) = job::take(&mut write, Jobs::Exports, schema.export_rules().lease).await? else {
        write.roll_back().await;
        return Ok(None);
    };
    let (taken, job): (Export, Job) = exports::table
        .find((organization, lease.job))
        .select((Export::as_select(), Job::as_select()))
        .first(&mut *write)
        .await?;
    record::progressed(&mut write, &taken).await?;
    write.commit().await?;
    schema.hub().wake(organization);
    Ok(Some((job, lease.id)))
}

/// How an attempt has ended, where it has not failed.
enum End {
    Complete,
    /// Somebody has cancelled it, or another server goes on with it.
    Lost,
}

async fn write(schema: &Schema, organization: Uuid, job: Job, lease: Uuid) -> Outcome<Piece> {
    let pen = Pen { schema, organization, id: job.id, lease };
    let mut rows = 0;
    let written = match Writer::begin(pen, &job) {
        Ok(mut writer) => {
            let written = writer.write().await;
            writer.look_away();
            rows = usize::try_from(writer.rows.saturating_sub(job.row_count)).unwrap_or_default();
            written?
        }
        Err(wrong) => Err(wrong),
    };
    let outcome = match written {
        Ok(End::Complete) => {
            pen.complete(&job).await?;
            "ok"
        }
        Ok(End::Lost) => "lost",
        Err(wrong) => {
            pen.give_up(wrong).await?;
            "failed"
        }
    };
    Ok(Piece { outcome, ..Piece::of(rows) })
}

/// What writes to an export as long as it is this server's.
#[derive(Clone, Copy)]
struct Pen<'s> {
    schema: &'s Schema,
    organization: Uuid,
    id: Id<Export>,
    lease: Uuid,
}

impl Pen<'_> {
    /// The export, locked; none where it is this server's no more.
    async fn lock(&self, write: &mut Write) -> Outcome<Option<Export>> {
        let own = exports::table
            .find((self.organization, self.id.0))
            .filter(exports::lease_id.eq(Some(self.lease)))
            .for_update()
            .select(Export::as_select());
        Ok(own.first(&mut **write).await.optional()?)
    }

    async fn complete(&self, job: &Job) -> Outcome<()> {
        let mut write = keeper(self.schema.door(), self.organization).await?;
        let Some(before) = self.lock(&mut write).await? else { return Ok(()) };
        let kept = clock::now() + self.schema.export_rules().kept;
        let changes = Changes::default().set(exports::expires_at, Some(kept));
        end(&mut write, "completed", before, ExportStatus::Completed, changes).await?;
        self.notice_much(&mut write, job).await?;
        write.commit().await?;
        self.schema.hub().wake(self.organization);
        Ok(())
    }

    async fn give_up(&self, wrong: Wrong) -> Outcome<()> {
        let mut write = keeper(self.schema.door(), self.organization).await?;
        let Some(before) = self.lock(&mut write).await? else { return Ok(()) };
        let message = match wrong.path.as_slice() {
            [] => wrong.message,
            path => {
                let (wrong, place) = (wrong.message, path.join("."));
                say!("{wrong} at `{place}`")
            }
        };
        let changes = Changes::default()
            .set(exports::error_code, Some(wrong.code))
            .set(exports::error_message, Some(message.to_string()));
        end(&mut write, "failed", before, ExportStatus::Failed, changes).await?;
        write.commit().await?;
        self.schema.hub().wake(self.organization);
        Ok(())
    }

    /// Whether whoever asked for it has taken very much within a day (B089).
    async fn notice_much(&self, write: &mut Write, job: &Job) -> Outcome<()> {
        let now = clock::now();
        let rows: Vec<i32> = exports::table
            .filter(exports::organization_id.eq(self.organization))
            .filter(exports::user_id.is_not_distinct_from(job.user_id))
            .filter(exports::api_key_id.is_not_distinct_from(job.api_key_id))
            .filter(exports::status.eq_any([ExportStatus::Completed, ExportStatus::Expired]))
            .filter(exports::finished_at.gt(now - Span::days(1)))
            .select(exports::row_count)
            .load(&mut **write)
            .await?;
        let rows: i64 = rows.into_iter().map(i64::from).sum();
        if rows < MASS {
            return Ok(());
        }
        let who = job.user_id.or(job.api_key_id).unwrap_or_default();
        let key = format!("{who} {}", now.date_naive());
        let seen = Sighting {
            source: job.user_id,
            resource: Some(self.id.to_string()),
            facts: serde_json::json!({ "rows": rows }),
            ..Sighting::new(Rule::MassExport, self.organization, &key)
        };
        Ok(write.notice(seen).await?)
    }
}

/// An export that is being written.
struct Writer<'s> {
    pen: Pen<'s>,
    whose: Whose,
    ip: Option<IpNet>,
    walk: Walk,
    format: ExportFormat,
    /// The moment that is looked at, and since when.
    look: Option<(Arc<Snapshot>, Instant)>,
    looks: i32,
    /// Where the next page begins.
    cursor: Option<String>,
    rows: i32,
    /// Bytes of the parts that are written.
    bytes: i64,
    parts: i32,
    expected: Option<i32>,
    /// What is not written yet.
    pending: Vec<u8>,
    told: Instant,
}

impl<'s> Writer<'s> {
    fn begin(pen: Pen<'s>, job: &Job) -> Result<Self, Wrong> {
        if job.attempts > TRIES {
            return Err(Fault::internal("an export was given up that no server has finished").into());
        }
        let whose = Whose::noted(job.user_id, job.session_id, job.api_key_id);
        let whose = whose.ok_or_else(|| Fault::internal("an export of nobody"))?;
        let is_table = job.format == ExportFormat::Csv;
        let asked = Asked { document: job.document.clone(), variables: job.variables.0.clone(), is_table };
        let walk = pen.schema.walk(&asked)?;
        let mut pending = Vec::new();
        if is_table && job.part_count == 0 {
            csv::write_head(&walk.columns, &mut pending);
        }
        Ok(Self {
            pen,
            whose,
            ip: job.ip_address,
            walk,
            format: job.format,
            look: None,
            looks: job.snapshot_count,
            cursor: job.cursor.clone(),
            rows: job.row_count,
            bytes: job.byte_count,
            parts: job.part_count,
            expected: job.expected_row_count,
            pending,
            told: Instant::now(),
        })
    }

    /// Reads and writes to the end; what is wrong with the export is the inner error.
    async fn write(&mut self) -> Outcome<Result<End, Wrong>> {
        let (mut tries, told) = (0, self.pen.schema.export_rules().told);
        loop {
            let is_last = match self.page().await {
                Ok(page) => {
                    tries = 0;
                    let is_last = page.next.is_none();
                    if let Err(wrong) = self.take(page) {
                        return Ok(Err(wrong));
                    }
                    is_last
                }
                Err(wrong) if wrong.is_passing() && tries < TRIES => {
                    tries += 1;
                    self.look_away();
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    false
                }
                Err(wrong) => return Ok(Err(wrong)),
            };
            let due = self.pending.len() >= PART || self.told.elapsed() >= told || tries > 0;
            if (is_last || due) && !self.put_down().await? {
                return Ok(Ok(End::Lost));
            }
            if is_last {
                return Ok(Ok(End::Complete));
            }
        }
    }

    /// The next page, as it was at the moment that is looked at, if everybody's rights are still those of that moment.
    async fn page(&mut self) -> Result<Page, Wrong> {
        let (schema, caller) = (self.pen.schema, self.caller().await?);
        let now = schema.door().snapshot(caller.clone());
        let standing = now.standing().await.map(Arc::clone);
        now.close();
        let epoch = standing.map_err(Fault::from)?.epoch;
        if let Some((look, since)) = &self.look {
            let known = look.standing().await.map_err(Fault::from)?;
            if !known.holds(epoch) || since.elapsed() >= LONGEST_LOOK {
                self.look_away();
            }
        }
        let look = match &self.look {
            Some((look, _)) => look,
            None => {
                let look = schema.door().snapshot(caller.clone());
                self.looks += 1;
                let (look, _) = self.look.insert((look, Instant::now()));
                let grants = look.grants().await.map_err(Fault::from)?;
                gate::right(&caller, grants, || look.limits(), Some(CREATE))?;
                if let Some(denied) = self.walk.denied(look).await?.into_iter().next() {
                    return Err(denied);
                }
                look
            }
        };
        schema.export_page(look, &self.walk, self.cursor.as_deref(), self.expected.is_none()).await
    }

    /// As whom it is read: whoever asked for it, from where they did.
    async fn caller(&self) -> Result<Arc<Caller>, Wrong> {
        let Pen { schema, organization, id, .. } = self.pen;
        let request = format!("export-{id}");
        let caller = self.whose.caller(schema.door(), organization, request).await.map_err(Fault::from)?;
        Ok(Arc::new(Caller { ip: self.ip.map(|ip| ip.addr()), ..caller }))
    }

    fn look_away(&mut self) {
        if let Some((look, _)) = self.look.take() {
            look.close();
        }
    }

    /// Takes a page over; refused where that is more than one may have.
    fn take(&mut self, page: Page) -> Result<(), Wrong> {
        let rules = self.pen.schema.export_rules();
        for row in &page.rows {
            match self.format {
                ExportFormat::Csv => csv::write_row(&self.walk.columns, row, &mut self.pending),
                ExportFormat::Ndjson => {
                    serde_json::to_writer(&mut self.pending, row).map_err(Fault::internal)?;
                    self.pending.push(b'\n');
                }
            }
        }
        self.rows = self.rows.saturating_add(i32::try_from(page.rows.len()).unwrap_or(i32::MAX));
        self.cursor = page.next;
        let is_beyond = page.total.is_some_and(|total| total.is_beyond);
        self.expected = self.expected.or(page.total.map(|total| total.rows));
        let too_large =
            |message| Err(Wrong { code: "EXPORT_TOO_LARGE".to_owned(), message, path: Vec::new() });
        if is_beyond || self.rows > rules.most_rows {
            return too_large(say!(
                "an export has at most {most} records: filter the list",
                most = rules.most_rows
            ));
        }
        if self.bytes.saturating_add(length(self.pending.len())) > rules.most_bytes {
            return too_large(say!(
                "a file has at most {most} bytes: ask for less of each record, or filter the list",
                most = rules.most_bytes
            ));
        }
        Ok(())
    }

    /// Writes down what was read, and how far that is; false where the export is this server's no more.
    async fn put_down(&mut self) -> Outcome<bool> {
        let Pen { schema, organization, id, lease } = self.pen;
        let mut write = keeper(schema.door(), organization).await?;
        let content = std::mem::take(&mut self.pending);
        let part = (!content.is_empty()).then_some(self.parts);
        self.parts += i32::from(part.is_some());
        self.bytes = self.bytes.saturating_add(length(content.len()));
        let own = exports::table.find((organization, id.0)).filter(exports::lease_id.eq(Some(lease)));
        let now: Option<Export> = diesel::update(own)
            .set((
                exports::row_count.eq(self.rows),
                exports::byte_count.eq(self.bytes),
                exports::part_count.eq(self.parts),
                exports::expected_row_count.eq(self.expected),
                exports::snapshot_count.eq(self.looks),
                exports::cursor.eq(&self.cursor),
                exports::lease_until.eq(Some(clock::now() + schema.export_rules().lease)),
            ))
            .returning(Export::as_returning())
            .get_result(&mut *write)
            .await
            .optional()?;
        let Some(now) = now else {
            write.roll_back().await;
            return Ok(false);
        };
        if let Some(seq) = part {
            let part = (
                export_parts::organization_id.eq(organization),
                export_parts::export_id.eq(id.0),
                export_parts::seq.eq(seq),
                export_parts::content.eq(content),
            );
            diesel::insert_into(export_parts::table).values(part).execute(&mut *write).await?;
        }
        record::progressed(&mut write, &now).await?;
        write.commit().await?;
        schema.hub().wake(organization);
        self.told = Instant::now();
        Ok(true)
    }
}

fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
