//! Doing imports: a server takes one that waits and gives its rows to the mutation, batch by batch, as whoever asked for it and
//! with what they may at that moment. The rows of a batch and the place at which to go on are one transaction, in which it is
//! also found out whether the import is this server's still: whatever ends in between, each row is done once.
//!
//! What is only tried is undone batch by batch. What is to be done as a whole is one transaction, begun anew where the rights
//! of the organization change meanwhile.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use uuid::Uuid;

use super::{
    import::{Import, ImportFormat, ImportStatus, end},
    import_error::{self, Noted},
    import_rows::{Batch, Reader},
    keeper,
};
use crate::{
    domains::prelude::*,
    graph::{
        fault::{Code, Fault},
        gate,
        import::{Plan, Row, Wrong},
        mutation::{BulkErrorPolicy, Done},
        schema::Schema,
        visit::Visit,
    },
    store::{
        import_file::CREATE,
        job::{self, Jobs, Whose},
        tables::ops::imports,
        worker,
    },
    telemetry::{Piece, piece},
};

/// How often a batch is tried that the database has no time for, and how often an import whose servers end over the same
/// rows.
const TRIES: i32 = 5;

/// What a server has to know to go on.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = imports, check_for_backend(Pg))]
struct Job {
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    ip_address: Option<IpNet>,
    part_count: i32,
    position: i64,
    attempts: i32,
}

/// Does the import that waits longest to its end; says whether there was one.
pub async fn next(schema: &Schema) -> Outcome<bool> {
    for organization in worker::with_waiting(schema.door(), Jobs::Imports).await? {
        if next_of(schema, organization).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same of one organization.
pub async fn next_of(schema: &Schema, organization: Uuid) -> Outcome<bool> {
    let mut write = keeper(schema.door(), organization).await?;
    let Some(lease) = job::take(&mut write, Jobs::Imports, schema.import_rules().lease).await? else {
        write.roll_back().await;
        return Ok(false);
    };
    let (taken, job): (Import, Job) = imports::table
        .find((organization, lease.job))
        .select((Import::as_select(), Job::as_select()))
        .first(&mut *write)
        .await?;
    record::progressed(&mut write, &taken).await?;
    write.commit().await?;
    schema.hub().wake(organization);

    let hands = Hands { schema, organization, id: taken.id, lease: lease.id };
    let come = |done: &Outcome<Piece>| done.as_ref().map_or(Piece::ERRORS, |come| *come);
    piece("import", work(hands, &taken, &job), come).await?;
    Ok(true)
}

async fn work(hands: Hands<'_>, import: &Import, job: &Job) -> Outcome<Piece> {
    let mut rows = 0;
    let done = match Worker::begin(hands, import, job) {
        Ok(mut worker) => {
            let before = worker.tally.rows;
            let done = worker.work().await;
            rows = usize::try_from(worker.tally.rows.saturating_sub(before)).unwrap_or_default();
            done?
        }
        Err(wrong) => Err(wrong),
    };
    let outcome = match done {
        Ok(End::Complete) => {
            hands.complete().await?;
            "ok"
        }
        Ok(End::Lost) => "lost",
        Err(wrong) => {
            hands.give_up(wrong).await?;
            "failed"
        }
    };
    Ok(Piece { outcome, ..Piece::of(rows) })
}

/// How an attempt has ended, where it has not failed.
enum End {
    Complete,
    /// Somebody has cancelled it, or another server goes on with it.
    Lost,
}

/// What has an import in its hands, as long as it is this server's.
#[derive(Clone, Copy)]
struct Hands<'s> {
    schema: &'s Schema,
    organization: Uuid,
    id: Id<Import>,
    lease: Uuid,
}

impl Hands<'_> {
    async fn complete(&self) -> Outcome<()> {
        self.end("completed", ImportStatus::Completed, Changes::default()).await
    }

    async fn give_up(&self, wrong: Wrong) -> Outcome<()> {
        let message = match wrong.path.as_slice() {
            [] => wrong.message,
            path => {
                let (wrong, place) = (wrong.message, path.join("."));
                say!("{wrong} at `{place}`")
            }
        };
        let changes = Changes::default()
            .set(imports::error_code, Some(wrong.code))
            .set(imports::error_message, Some(message.to_string()));
        self.end("failed", ImportStatus::Failed, changes).await
    }

    async fn end(&self, what: &str, status: ImportStatus, changes: Changes<imports::table>) -> Outcome<()> {
        let mut write = keeper(self.schema.door(), self.organization).await?;
        let own = imports::table
            .find((self.organization, self.id.0))
            .filter(imports::lease_id.eq(Some(self.lease)))
            .for_update()
            .select(Import::as_select());
        let Some(before) = own.first::<Import>(&mut *write).await.optional()? else { return Ok(()) };
        let kept = (before.failed_count > 0).then(|| clock::now() + self.schema.import_rules().kept);
        end(&mut write, what, before, status, changes.set(imports::errors_until, kept)).await?;
        write.commit().await?;
        self.schema.hub().wake(self.organization);
        Ok(())
    }

    /// Notes how far it is; false where the import is this server's no more. It is lasting once `write` is.
    async fn mark(&self, write: &mut Write, tally: &Tally, noted: &[Noted]) -> Outcome<bool> {
        let own = imports::table.find((self.organization, self.id.0));
        let now: Option<Import> = diesel::update(own.filter(imports::lease_id.eq(Some(self.lease))))
            .set((
                imports::position.eq(tally.position),
                imports::row_count.eq(tally.rows),
                imports::created_count.eq(tally.created),
                imports::updated_count.eq(tally.updated),
                imports::failed_count.eq(tally.failed),
                imports::attempts.eq(tally.attempts),
                imports::lease_until.eq(Some(clock::now() + self.schema.import_rules().lease)),
            ))
            .returning(Import::as_returning())
            .get_result(&mut **write)
            .await
            .optional()?;
        let Some(now) = now else { return Ok(false) };
        import_error::keep(write, self.id, noted).await?;
        record::progressed(write, &now).await?;
        Ok(true)
    }

    /// The same in a transaction of the server's own.
    async fn mark_alone(&self, tally: &Tally, noted: &[Noted]) -> Outcome<bool> {
        let mut write = keeper(self.schema.door(), self.organization).await?;
        let is_own = self.mark(&mut write, tally, noted).await?;
        if is_own {
            write.commit().await?;
            self.schema.hub().wake(self.organization);
        } else {
            write.roll_back().await;
        }
        Ok(is_own)
    }
}

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    position: i64,
    rows: i32,
    created: i32,
    updated: i32,
    failed: i32,
    /// How many servers have begun with what comes next.
    attempts: i32,
}

/// An import that is being done.
struct Worker<'s> {
    hands: Hands<'s>,
    whose: Whose,
    ip: Option<IpNet>,
    plan: Plan,
    reader: Reader,
    dry_run: bool,
    together: bool,
    tally: Tally,
}

impl<'s> Worker<'s> {
    fn begin(hands: Hands<'s>, import: &Import, job: &Job) -> Result<Self, Wrong> {
        if job.attempts > TRIES {
            return Err(Fault::internal("an import was given up that no server has finished").into());
        }
        let whose = Whose::noted(job.user_id, job.session_id, job.api_key_id);
        let whose = whose.ok_or_else(|| Fault::internal("an import of nobody"))?;
        let plan = Plan::new(&import.mutation)?;
        let together = import.on_error == BulkErrorPolicy::RejectAll && !import.dry_run;
        let tally = match together {
            true => Tally { attempts: job.attempts, ..Tally::default() },
            false => Tally {
                position: job.position,
                rows: import.row_count,
                created: import.created_count,
                updated: import.updated_count,
                failed: import.failed_count,
                attempts: job.attempts,
            },
        };
        let reader = Reader::new(import.id.0, import.format == ImportFormat::Csv, job.part_count);
        Ok(Self { hands, whose, ip: job.ip_address, plan, reader, dry_run: import.dry_run, together, tally })
    }

    /// Does it to the end; what is wrong with the import is the inner error.
    async fn work(&mut self) -> Outcome<Result<End, Wrong>> {
        let mut tries = 0;
        loop {
            let before = self.tally.clone();
            let done = if self.together { self.all().await } else { self.batch().await };
            match done {
                Ok(Some(end)) => return Ok(Ok(end)),
                Ok(None) => tries = 0,
                Err(wrong) if wrong.is_passing() && tries < TRIES => {
                    tries += 1;
                    self.tally = before;
                    self.reader.forget();
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    if !self.hands.mark_alone(&self.tally, &[]).await? {
                        return Ok(Ok(End::Lost));
                    }
                }
                Err(wrong) => return Ok(Err(wrong)),
            }
        }
    }

    /// As whom it is done: whoever asked for it, from where they did, if they still may.
    async fn enter(&self) -> Result<(Visit, Write), Wrong> {
        let Hands { schema, organization, id, .. } = self.hands;
        let request = format!("import-{id}");
        let caller = self.whose.caller(schema.door(), organization, request).await.map_err(Fault::from)?;
        let caller = Caller { ip: self.ip.map(|ip| ip.addr()), ..caller };
        let visit = schema.visit_of(caller);
        let mut write = schema.door().write(visit.caller.clone()).await.map_err(Fault::from)?;
        let limits = write.limits();
        gate::right(&visit.caller, write.grants(), || limits, Some(CREATE))?;
        self.plan.mutation.permit(&mut write).await?;
        Ok((visit, write))
    }

    /// The next rows, in one transaction; how it has ended, if it has.
    async fn batch(&mut self) -> Result<Option<End>, Wrong> {
        let rules = *self.hands.schema.import_rules();
        let (visit, mut write) = self.enter().await?;
        let begun = Instant::now();
        let mut noted = Vec::new();
        let Batch { rows, is_last } =
            self.reader.read(&mut write, &self.plan.shape, self.tally.position, rules.batch).await?;
        let count = rows.len();
        let (mut is_marked, mut done) = (false, 0);
        for (row, position) in rows {
            self.row(&visit, &mut write, row, position, &mut noted, &mut is_marked).await?;
            done += 1;
            if begun.elapsed() >= rules.batch_time {
                break;
            }
        }
        visit.snapshot.close();
        self.tally.attempts = 0;
        let is_own = if self.dry_run {
            write.roll_back().await;
            self.hands.mark_alone(&self.tally, &noted).await.map_err(wrong_of)?
        } else {
            self.commit(write, &noted).await?
        };
        Ok(match is_own {
            false => Some(End::Lost),
            true if is_last && done == count => Some(End::Complete),
            true => None,
        })
    }

    /// All rows, in one transaction.
    async fn all(&mut self) -> Result<Option<End>, Wrong> {
        let rules = *self.hands.schema.import_rules();
        self.tally = Tally { attempts: self.tally.attempts, ..Tally::default() };
        let (visit, mut write) = self.enter().await?;
        let (mut noted, mut is_marked, mut told) = (Vec::new(), false, Instant::now());
        loop {
            let Batch { rows, is_last } =
                self.reader.read(&mut write, &self.plan.shape, self.tally.position, rules.batch).await?;
            for (row, position) in rows {
                self.row(&visit, &mut write, row, position, &mut noted, &mut is_marked).await?;
            }
            self.is_unchanged(&visit.caller, &write).await?;
            if is_last {
                break;
            }
            if told.elapsed() >= rules.told {
                // what was done so far is not done yet
                let far = Tally { position: 0, created: 0, updated: 0, ..self.tally.clone() };
                if !self.hands.mark_alone(&far, &[]).await.map_err(wrong_of)? {
                    write.roll_back().await;
                    return Ok(Some(End::Lost));
                }
                told = Instant::now();
            }
        }
        visit.snapshot.close();
        if self.tally.failed > 0 {
            write.roll_back().await;
            let nothing = Tally { created: 0, updated: 0, ..self.tally.clone() };
            if !self.hands.mark_alone(&nothing, &noted).await.map_err(wrong_of)? {
                return Ok(Some(End::Lost));
            }
            let (failed, rows) = (self.tally.failed, self.tally.rows);
            let message = say!("{failed} of {rows} rows cannot be done, so that none was");
            return Err(Wrong { code: "IMPORT_REJECTED".to_owned(), message, path: Vec::new() });
        }
        let is_own = self.commit(write, &noted).await?;
        Ok(Some(if is_own { End::Complete } else { End::Lost }))
    }

    /// Begun anew where anybody's rights are not those any more that it was begun with.
    async fn is_unchanged(&self, caller: &Arc<Caller>, write: &Write) -> Result<(), Wrong> {
        let now = self.hands.schema.door().snapshot(caller.clone());
        let standing = now.standing().await.map(Arc::clone);
        now.close();
        let epoch = standing.map_err(Fault::from)?.epoch;
        if write.standing().holds(epoch) {
            return Ok(());
        }
        let message = say!(
            "rights in the organization change all the time: import when it is quieter, or let rows fail alone"
        );
        Err(Fault::new(Code::SerializationRetry, message).into())
    }

    /// Does a row, or notes what is wrong with it.
    async fn row(
        &mut self,
        visit: &Visit,
        write: &mut Write,
        row: Row,
        position: i64,
        noted: &mut Vec<Noted>,
        is_marked: &mut bool,
    ) -> Result<(), Wrong> {
        let row_number = self.tally.rows.saturating_add(1);
        let done = match row {
            Err(errors) => Done::Failed(errors),
            Ok(input) => self
                .plan
                .mutation
                .row(visit, write, input, is_marked)
                .await
                .map_err(|stop| at_row(wrong_of(stop), row_number))?,
        };
        match done {
            Done::Created => self.tally.created += 1,
            Done::Updated => self.tally.updated += 1,
            Done::Failed(errors) => {
                self.tally.failed += 1;
                if self.tally.failed <= self.hands.schema.import_rules().most_errors {
                    noted.extend(errors.into_iter().map(|error| Noted { row_number, error }));
                }
            }
        }
        self.tally.rows = row_number;
        self.tally.position = position;
        Ok(())
    }

    /// Makes it so, together with how far it is; false where the import is this server's no more, and nothing was done.
    async fn commit(&self, mut write: Write, noted: &[Noted]) -> Result<bool, Wrong> {
        let is_own = self.hands.mark(&mut write, &self.tally, noted).await.map_err(wrong_of)?;
        if is_own {
            write.commit().await.map_err(Fault::from)?;
            self.hands.schema.hub().wake(self.hands.organization);
        } else {
            write.roll_back().await;
        }
        Ok(is_own)
    }
}

/// What ends a batch: nobody can mend it row by row.
fn wrong_of(stop: Stop) -> Wrong {
    match stop {
        Stop::Fault(fault) => fault.into(),
        Stop::User(_) | Stop::Kept(_) => Fault::internal(stop).into(),
    }
}

/// At which row it was.
fn at_row(wrong: Wrong, row: i32) -> Wrong {
    let said = wrong.message;
    Wrong { message: say!("row {row}: {said}"), ..wrong }
}
