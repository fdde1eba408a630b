//! Exports: a list that somebody may see as a file, written in the background. What is exported is said by a document, so
//! that whatever holds for lists holds here: rights, conditions, masks and limits.
use crate::{
    credential::address::{Address, Purpose},
    domains::{
        identity::{api_key::ApiKey, user::User},
        prelude::*,
    },
    graph::{
        export::{Asked, Wrong},
        fault::Fault,
        visit::{View, Visit},
    },
    store::{
        job::{self, Jobs, Whose},
        tables::ops::{export_parts, exports},
    },
};

/// The permission to have lists exported.
pub const CREATE: &str = "export.create";

text_enum! {
    /// How the file of an export is written.
    ExportFormat {
        /// A JSON object per line, as the document asks for it.
        Ndjson = "ndjson",
        /// Comma-separated values (RFC 4180) in UTF-8, a column per value: `owner.displayName`. A text that a program for
        /// tables would take for a formula begins with an apostrophe.
        Csv = "csv",
    }
}

text_enum! {
    /// How far an export is.
    ExportStatus {
        /// It waits for a server.
        Queued = "queued",
        /// It is being written.
        Running = "running",
        /// Its file can be downloaded.
        Completed = "completed",
        /// It was given up, for the reason that `error` tells; there is no file.
        Failed = "failed",
        /// It was cancelled; there is no file.
        Cancelled = "cancelled",
        /// Its file was kept for as long as files are.
        Expired = "expired",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = exports, check_for_backend(Pg))]
pub struct Export {
    pub id: Id<Export>,
    pub user_id: Option<Id<User>>,
    pub api_key_id: Option<Id<ApiKey>>,
    pub format: ExportFormat,
    pub document: String,
    pub variables: Json,
    pub status: ExportStatus,
    pub row_count: i32,
    pub byte_count: i64,
    pub expected_row_count: Option<i32>,
    pub snapshot_count: i32,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

entity!(Export, "export", ops::exports, needs "export.read");

impl Entity for Export {
    fn fields(export: &mut Fields<Self>) {
        columns! { export: Export {
            id, format, document, variables, status, row_count, byte_count, expected_row_count, snapshot_count,
            created_at, started_at, finished_at, expires_at,
        } keeps { user_id, api_key_id, error_code, error_message } }
        export.one("user", |export| export.user_id).about_column("user_id");
        export.one("apiKey", |export| export.api_key_id).about_column("api_key_id");
        export
            .derived("progress", progress)
            .about("How much of it is written, in percent; null before it is known how much there is.");
        export
            .part("error", |export, view| Failure::of(export, view.caller().language))
            .about("Why it was given up; null unless it was.");
        export.computed("downloadUrl", download_url).about(
            "From where the file can be downloaded, by whoever has the address, for some minutes and as long as your \
             session or key is good: ask for it again after that. Null where there is no file.",
        );
        export
            .aggregate()
            .sums(&["rowCount", "byteCount"])
            .ranges(&["createdAt", "finishedAt"])
            .by(&["format", "status"])
            .by_period(&["createdAt"]);
    }
}

/// Why an export was given up.
struct Failure {
    code: String,
    message: Said,
}

impl Failure {
    fn of(export: &Export, language: Language) -> Option<Self> {
        let (code, message) = (export.error_code.clone()?, export.error_message.clone()?);
        Some(Self { code, message: Said::heard(message).put_into(language) })
    }
}

impl Object for Failure {
    const NAME: &'static str = "ExportError";

    fn about() -> String {
        "Why an export was given up.".to_owned()
    }

    fn fields(failure: &mut Fields<Self>) {
        failure
            .column("code", |failure| &failure.code)
            .about("For programs, as errors of requests have it: `FORBIDDEN`; `EXPORT_TOO_LARGE` where it has more records or bytes than one may have.");
        failure.column("message", |failure| &failure.message).about("For people.");
    }
}

fn progress(export: &Export) -> Option<i32> {
    match export.status {
        ExportStatus::Completed | ExportStatus::Expired => Some(100),
        _ => {
            let (done, expected) = (i64::from(export.row_count), i64::from(export.expected_row_count?));
            let done = (done * 100).checked_div(expected).unwrap_or_default();
            i32::try_from(done.min(99)).ok()
        }
    }
}

fn download_url(export: &Export, view: View<'_>) -> Option<String> {
    let now = clock::now();
    let kept = export.expires_at.filter(|end| export.status == ExportStatus::Completed && *end > now)?;
    let visit = view.visit;
    let download = Address {
        purpose: Purpose::Download,
        job: export.id.0,
        organization: visit.caller.organization?,
        whose: Whose::of(&visit.caller)?,
        expires: kept.min(now + visit.schema.export_rules().address),
    };
    let base = visit.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    Some(format!("{base}/exports/{}?{}", export.id, visit.keys.sign_address(&download)))
}

filter! { ExportFilter for Export in exports {
    id: Compare<Id<Export>>,
    status: Compare<ExportStatus>,
    format: Compare<ExportFormat>,
    created_at: Compare<DateTime<Utc>>,
    finished_at: Compare<DateTime<Utc>>,
} }

order! { ExportOrder, ExportOrderField for Export {
    /// When it was asked for.
    CreatedAt = created_at,
    /// When it came to its end.
    FinishedAt = finished_at,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Export>("export").about("An export of yours by its id; null when there is none.");
    query.list::<Export>("exports").about("Your exports, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "exportCreate",
            |visit, write, input| create(visit, write, input).boxed(),
            |payload| {
                payload
                    .one("export", |payload| payload.result)
                    .about("The export as it is now; null when nothing was done.");
            },
        )
        .needs(CREATE)
        .in_person()
        .once()
        .about(
            "Has a list written into a file in the background: all that the document's list shows you, page by page, \
             with your rights of the moment at which each page is read. It ends with your session or key. Follow it by \
             `recordEvents(types: [\"Export\"])`. Errors: FORBIDDEN for what you may not see, INVALID for what is no \
             list or too much for a page, both with the path in the document behind `document`; LIMIT_REACHED where \
             too many exports wait or run.",
        );
    mutations.change("exportCancel", cancel).needs(CREATE).in_person().about(
        "Ends an export of yours that waits or runs; what was written of it is gone. Errors: NOT_FOUND, STATE.",
    );
}

/// What to export.
#[derive(InputObject)]
struct ExportCreateInput {
    /// A query of one list, of which it selects `nodes`: `{ deals(filter: {…}) { nodes { id name } } }`. The server asks for
    /// the pages; connections below it show theirs as ever.
    document: String,
    /// The values of the document's variables.
    variables: Option<Json>,
    /// How to write the file.
    format: ExportFormat,
}

async fn create(visit: &Visit, write: &mut Write, input: ExportCreateInput) -> Outcome<Id<Export>> {
    let (caller, by) = (write.caller().clone(), write.by());
    let Some(whose) = Whose::of(&caller) else {
        return Err(Fault::internal("an export for nobody").into());
    };
    let variables = input.variables.unwrap_or_else(|| Json(serde_json::json!({})));
    let is_table = input.format == ExportFormat::Csv;
    let asked = Asked { document: input.document, variables: variables.0.clone(), is_table };
    let wrong = write.aside(visit.schema.check_export(caller.clone(), &asked)).await??;
    if !wrong.is_empty() {
        return Err(Stop::User(wrong.into_iter().map(mistake).collect()));
    }
    if let Some(permission) = by {
        write.only_where(permission);
    }
    let rules = visit.schema.export_rules();
    let (own, all) = job::open(write, Jobs::Exports, whose).await?;
    if own >= rules.per_caller || all >= rules.per_organization {
        let message = match own >= rules.per_caller {
            true => say!("you have {own} exports that wait or run: wait for one, or cancel it"),
            false => say!("{all} exports of the organization wait or run: wait for one of them"),
        };
        return Err(UserError::new(UserErrorCode::LimitReached, message, &["input"]).into());
    }
    let (user, session, key) = whose.ids();
    let export = Changes::default()
        .set(exports::user_id, user)
        .set(exports::session_id, session)
        .set(exports::api_key_id, key)
        .set(exports::ip_address, caller.ip.map(ipnet::IpNet::from))
        .set(exports::format, input.format)
        .set(exports::document, asked.document)
        .set(exports::variables, variables);
    record::create(write, export).await
}

/// Where in the input it stands.
fn mistake(wrong: Wrong) -> UserError {
    let code = if wrong.is_denial() { UserErrorCode::Forbidden } else { UserErrorCode::Invalid };
    let mut mistake = UserError::new(code, wrong.message, &["input", "document"]);
    mistake.path.extend(wrong.path);
    mistake
}

async fn cancel(write: &mut Write, input: RecordInput<Export>) -> Outcome<Id<Export>> {
    let before: Export = input.lock_living(write).await?;
    if !matches!(before.status, ExportStatus::Queued | ExportStatus::Running) {
        return Err(UserError::state(say!("it has ended already"), &["input", "id"], &[]).into());
    }
    end(write, "cancelled", before, ExportStatus::Cancelled, Changes::default()).await
}

/// An export comes to an end: no server goes on with it, and its file is gone unless it is complete.
pub(super) async fn end(
    write: &mut Write,
    what: &str,
    before: Export,
    status: ExportStatus,
    changes: Changes<exports::table>,
) -> Outcome<Id<Export>> {
    if status != ExportStatus::Completed {
        let parts = export_parts::table
            .filter(export_parts::organization_id.eq(write.organization()))
            .filter(export_parts::export_id.eq(before.id.0));
        diesel::delete(parts).execute(&mut **write).await?;
    }
    let changes = changes
        .set(exports::status, status)
        .set(exports::lease_id, None::<uuid::Uuid>)
        .set(exports::lease_until, None::<DateTime<Utc>>)
        .given(exports::finished_at, (status != ExportStatus::Expired).then(|| Some(clock::now())));
    record::change(write, what, before, changes).await
}

/// Deletes the files whose time is over; says which organizations were concerned.
pub async fn sweep(door: &crate::store::door::Door) -> Outcome<Vec<uuid::Uuid>> {
    let concerned = crate::store::worker::with_expired_exports(door).await?;
    for organization in &concerned {
        let mut write = super::keeper(door, *organization).await?;
        let expired: Vec<Export> = exports::table
            .filter(exports::organization_id.eq(organization))
            .filter(exports::status.eq(ExportStatus::Completed))
            .filter(exports::expires_at.le(clock::now()))
            .order(exports::id)
            .limit(100)
            .for_update()
            .skip_locked()
            .select(Export::as_select())
            .load(&mut *write)
            .await?;
        for before in expired {
            end(&mut write, "expired", before, ExportStatus::Expired, Changes::default()).await?;
        }
        write.commit().await?;
    }
    Ok(concerned)
}
