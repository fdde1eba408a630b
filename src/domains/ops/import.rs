//! Imports: a file whose rows are given to a mutation one by one, in the background. There is no other way of writing: whatever
//! holds for the mutation holds here, its permission and constraints, its audit rows and events.
use crate::{
    credential::address::{Address, Purpose},
    domains::{
        identity::{api_key::ApiKey, user::User},
        ops::import_error::{self, ImportError},
        prelude::*,
    },
    graph::{
        fault::Fault,
        gate,
        import::Wrong,
        mutation::BulkErrorPolicy,
        visit::{View, Visit},
    },
    store::{
        import_file::CREATE,
        job::{self, Jobs, Whose},
        tables::ops::{import_errors, import_parts, imports},
        worker,
    },
};

text_enum! {
    /// How the file of an import is written, in UTF-8.
    ImportFormat {
        /// A JSON object per line: the mutation's input.
        Ndjson = "ndjson",
        /// Comma-separated values (RFC 4180). The first line names the columns by their places in the mutation's input,
        /// `value.amount`; nothing stands for null, `""` for an empty text, and what is a list stands as JSON. What an export
        /// has written is read as what it was.
        Csv = "csv",
    }
}

text_enum! {
    /// How far an import is.
    ImportStatus {
        /// It waits for its file, which is sent to `uploadUrl`.
        AwaitingUpload = "awaiting_upload",
        /// It waits for a server.
        Queued = "queued",
        /// Its rows are being done.
        Running = "running",
        /// All rows were looked at; `failedCount` tells how many of them could not be done.
        Completed = "completed",
        /// It was given up, for the reason that `error` tells. What was done before stays.
        Failed = "failed",
        /// It was cancelled. What was done before stays.
        Cancelled = "cancelled",
        /// Its file did not come in time.
        Expired = "expired",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = imports, check_for_backend(Pg))]
pub struct Import {
    pub id: Id<Import>,
    pub user_id: Option<Id<User>>,
    pub api_key_id: Option<Id<ApiKey>>,
    pub mutation: String,
    pub format: ImportFormat,
    pub on_error: BulkErrorPolicy,
    pub dry_run: bool,
    pub status: ImportStatus,
    pub byte_count: i64,
    pub expected_row_count: Option<i32>,
    pub row_count: i32,
    pub created_count: i32,
    pub updated_count: i32,
    pub failed_count: i32,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub upload_until: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub errors_until: Option<DateTime<Utc>>,
}

entity!(Import, "import", ops::imports, needs "import.read");

impl Entity for Import {
    fn fields(import: &mut Fields<Self>) {
        columns! { import: Import {
            id, mutation, format, on_error, dry_run, status, byte_count, expected_row_count,
            row_count, created_count, updated_count, failed_count, created_at, upload_until, started_at, finished_at,
            errors_until,
        } keeps { user_id, api_key_id, error_code, error_message } }
        import.one("user", |import| import.user_id).about_column("user_id");
        import.one("apiKey", |import| import.api_key_id).about_column("api_key_id");
        import
            .derived("progress", progress)
            .about("How much of it was looked at, in percent; null before its file has come.");
        import
            .part("error", |import, view| Failure::of(import, view.caller().language))
            .about("Why it was given up; null unless it was.");
        import.children::<ImportError>("errors", import_errors::import_id).about(
            "What is wrong with its rows, of the first 1,000 that could not be done, until `errorsUntil`.",
        );
        import.computed("uploadUrl", upload_url).about(
            "To where its file is sent by `PUT`, once, by whoever has the address, until `uploadUntil` and as long as your \
             session or key is good. Null where no file is waited for.",
        );
        import
            .aggregate()
            .sums(&["rowCount", "byteCount", "createdCount", "updatedCount", "failedCount"])
            .ranges(&["createdAt", "finishedAt"])
            .by(&["format", "onError", "dryRun", "status"])
            .by_period(&["createdAt"]);
    }
}

/// Why an import was given up.
struct Failure {
    code: String,
    message: Said,
}

impl Failure {
    fn of(import: &Import, language: Language) -> Option<Self> {
        let (code, message) = (import.error_code.clone()?, import.error_message.clone()?);
        Some(Self { code, message: Said::heard(message).put_into(language) })
    }
}

impl Object for Failure {
    const NAME: &'static str = "ImportFailure";

    fn about() -> String {
        "Why an import was given up.".to_owned()
    }

    fn fields(failure: &mut Fields<Self>) {
        failure.column("code", |failure| &failure.code).about(
            "For programs, as errors of requests have it: `FORBIDDEN`; `IMPORT_REJECTED` where nothing was done because a row \
             failed, `IMPORT_COLUMNS` where the file has columns that the mutation does not.",
        );
        failure.column("message", |failure| &failure.message).about("For people.");
    }
}

fn progress(import: &Import) -> Option<i32> {
    let expected = i64::from(import.expected_row_count?);
    if import.status == ImportStatus::Completed {
        return Some(100);
    }
    let done = (i64::from(import.row_count) * 100).checked_div(expected).unwrap_or_default();
    i32::try_from(done.min(99)).ok()
}

fn upload_url(import: &Import, view: View<'_>) -> Option<String> {
    if import.status != ImportStatus::AwaitingUpload || import.upload_until <= clock::now() {
        return None;
    }
    let visit = view.visit;
    let upload = Address {
        purpose: Purpose::Upload,
        job: import.id.0,
        organization: visit.caller.organization?,
        whose: Whose::of(&visit.caller)?,
        expires: import.upload_until,
    };
    let base = visit.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    Some(format!("{base}/imports/{}?{}", import.id, visit.keys.sign_address(&upload)))
}

filter! { ImportFilter for Import in imports {
    id: Compare<Id<Import>>,
    status: Compare<ImportStatus>,
    format: Compare<ImportFormat>,
    dry_run: Compare<bool>,
    created_at: Compare<DateTime<Utc>>,
    finished_at: Compare<DateTime<Utc>>,
    errors: Related<ImportError> => by import_errors::import_id,
} }

order! { ImportOrder, ImportOrderField for Import {
    /// When it was asked for.
    CreatedAt = created_at,
    /// When it came to its end.
    FinishedAt = finished_at,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Import>("import").about("An import of yours by its id; null when there is none.");
    query.list::<Import>("imports").about("Your imports, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "importCreate",
            |visit, write, input| create(visit, write, input).boxed(),
            |payload| {
                payload
                    .one("import", |payload| payload.result)
                    .about("The import as it is now, with the address to upload its file to; null when nothing was done.");
            },
        )
        .needs(CREATE)
        .in_person()
        .about(
            "Prepares the import of a file, which begins once the file is sent to `uploadUrl`. Each row is given to the \
             mutation as its `$input`, in the background and with your rights of that moment; it ends with your session or \
             key. Follow it by `recordEvents(types: [\"Import\"])`. Errors: FORBIDDEN for a mutation that you may not use, \
             INVALID for what is none or cannot be imported by, both with the path in the document behind `mutation`; \
             LIMIT_REACHED where too many imports wait or run.",
        );
    mutations.change("importCancel", cancel).needs(CREATE).in_person().about(
        "Ends an import of yours that waits or runs; what was done before stays, the rest of the file is gone. Errors: \
         NOT_FOUND, STATE.",
    );
}

/// What to import, and how.
#[derive(InputObject)]
struct ImportCreateInput {
    /// A document with one mutation that creates, updates or upserts one record, which is given `$input` and nothing else:
    /// `mutation($input: DealUpsertInput!) { dealUpsert(input: $input) { userErrors { message } } }`. What it selects is not
    /// read.
    mutation: String,
    /// How the file is written.
    format: ImportFormat,
    /// What becomes of the other rows where one cannot be done. For `REJECT_ALL` a file has at most 5,000 rows, unless the
    /// settings of the server say otherwise.
    #[graphql(default_with = "BulkErrorPolicy::RejectFailed")]
    on_error: BulkErrorPolicy,
    /// Whether it is only tried: each row is done, and undone again with those around it. What rows do to each other that
    /// stand far apart is not found out so.
    #[graphql(default)]
    dry_run: bool,
}

async fn create(visit: &Visit, write: &mut Write, input: ImportCreateInput) -> Outcome<Id<Import>> {
    let caller = write.caller().clone();
    let Some(whose) = Whose::of(&caller) else {
        return Err(Fault::internal("an import for nobody").into());
    };
    let plan = visit.schema.check_import(&caller, &input.mutation).await?.map_err(mistake)?;
    let limits = write.limits();
    gate::right(&caller, write.grants(), || limits, Some(plan.mutation.permission())).map_err(|fault| {
        mistake(Wrong { path: vec![plan.mutation.name().to_owned()], ..Wrong::from(fault) })
    })?;
    let rules = visit.schema.import_rules();
    let (own, all) = job::open(write, Jobs::Imports, whose).await?;
    if own >= rules.per_caller || all >= rules.per_organization {
        let message = match own >= rules.per_caller {
            true => say!("you have {own} imports that wait or run: wait for one, or cancel it"),
            false => say!("{all} imports of the organization wait or run: wait for one of them"),
        };
        return Err(UserError::new(UserErrorCode::LimitReached, message, &["input"]).into());
    }
    let (user, session, key) = whose.ids();
    let import = Changes::default()
        .set(imports::user_id, user)
        .set(imports::session_id, session)
        .set(imports::api_key_id, key)
        .set(imports::ip_address, caller.ip.map(ipnet::IpNet::from))
        .set(imports::mutation, input.mutation)
        .set(imports::format, input.format)
        .set(imports::on_error, input.on_error)
        .set(imports::dry_run, input.dry_run)
        .set(imports::upload_until, clock::now() + rules.address);
    record::create(write, import).await
}

/// Where in the input it stands.
fn mistake(wrong: Wrong) -> UserError {
    let code = if wrong.is_denial() { UserErrorCode::Forbidden } else { UserErrorCode::Invalid };
    let mut mistake = UserError::new(code, wrong.message, &["input", "mutation"]);
    mistake.path.extend(wrong.path);
    mistake
}

async fn cancel(write: &mut Write, input: RecordInput<Import>) -> Outcome<Id<Import>> {
    let before: Import = input.lock_living(write).await?;
    if before.finished_at.is_some() {
        return Err(UserError::state(say!("it has ended already"), &["input", "id"], &[]).into());
    }
    end(write, "cancelled", before, ImportStatus::Cancelled, Changes::default()).await
}

/// An import comes to an end: no server goes on with it, and its file is gone.
pub(super) async fn end(
    write: &mut Write,
    what: &str,
    before: Import,
    status: ImportStatus,
    changes: Changes<imports::table>,
) -> Outcome<Id<Import>> {
    let parts = import_parts::table
        .filter(import_parts::organization_id.eq(write.organization()))
        .filter(import_parts::import_id.eq(before.id.0));
    diesel::delete(parts).execute(&mut **write).await?;
    let changes = changes
        .set(imports::status, status)
        .set(imports::lease_id, None::<uuid::Uuid>)
        .set(imports::lease_until, None::<DateTime<Utc>>)
        .set(imports::finished_at, Some(clock::now()));
    record::change(write, what, before, changes).await
}

/// Waits no longer for files that never came, and forgets what was wrong with rows long ago; says which organizations were
/// concerned.
pub async fn sweep(door: &crate::store::door::Door) -> Outcome<Vec<uuid::Uuid>> {
    let concerned = worker::with_expired_imports(door).await?;
    for organization in &concerned {
        let (mut write, now) = (super::keeper(door, *organization).await?, clock::now());
        let late = imports::status.eq(ImportStatus::AwaitingUpload).and(imports::upload_until.le(now));
        let old = imports::errors_until.assume_not_null().le(now).and(imports::errors_until.is_not_null());
        let expired: Vec<Import> = imports::table
            .filter(imports::organization_id.eq(organization))
            .filter(late.or(old))
            .order(imports::id)
            .limit(100)
            .for_update()
            .skip_locked()
            .select(Import::as_select())
            .load(&mut *write)
            .await?;
        for before in expired {
            if before.status == ImportStatus::AwaitingUpload {
                end(&mut write, "expired", before, ImportStatus::Expired, Changes::default()).await?;
            } else {
                import_error::forget(&mut write, before.id).await?;
                let row = imports::table.find((*organization, before.id.0));
                diesel::update(row)
                    .set(imports::errors_until.eq(None::<DateTime<Utc>>))
                    .execute(&mut *write)
                    .await?;
            }
        }
        write.commit().await?;
    }
    Ok(concerned)
}
