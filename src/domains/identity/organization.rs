//! Organizations: the tenants. Whatever else is recorded belongs to exactly one (model.md D1).
use std::collections::HashMap;

use chrono::Duration;
use uuid::Uuid;

use crate::{
    domains::{
        access::role_rows,
        billing,
        identity::{membership::Membership, organization_settings::OrganizationSettings, user::MEMBERSHIPS},
        prelude::*,
        sales,
    },
    graph::mutation::{NoInput, Payload},
    store::{
        journal::Audit,
        select::PLATFORM,
        tables::identity::{memberships, organization_settings, organizations},
    },
};

text_enum! {
    /// Whether an organization can be worked in.
    OrganizationStatus {
        /// It can.
        Active = "active",
        /// An administrator of the platform has closed it for the time being.
        Suspended = "suspended",
        /// It was deleted.
        Deleted = "deleted",
    }
}

text_enum! {
    /// Where the text of ingested documents is kept.
    ContentStorageMode {
        /// In Portico.
        Inline = "inline",
        /// Only at its source.
        External = "external",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = organizations, check_for_backend(Pg))]
pub struct Organization {
    pub id: Id<Organization>,
    pub name: String,
    pub slug: String,
    pub status: OrganizationStatus,
    pub logo_url: Option<String>,
    pub business_type: Option<String>,
    pub industry_vertical: Option<String>,
    pub target_market: Option<String>,
    pub timezone: String,
    pub locale: String,
    pub currency: Currency,
    pub fiscal_year_start_month: i16,
    pub content_storage_mode: ContentStorageMode,
    pub retention_days: Option<i32>,
    pub settings: Json,
    pub metadata: Json,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub purge_due_at: Option<DateTime<Utc>>,
    pub purge_started_at: Option<DateTime<Utc>>,
}

entity!(
    Organization, "org", identity::organizations,
    public "everybody sees those organizations only that they are a member of",
    owner Nobody, version revision, deleted deleted_at
);

impl Entity for Organization {
    fn fields(organization: &mut Fields<Self>) {
        columns! { organization: Organization {
            id, name, slug, status, logo_url, timezone, locale, currency, fiscal_year_start_month,
            business_type needs "organization.read", industry_vertical needs "organization.read",
            target_market needs "organization.read", content_storage_mode needs "organization.read",
            retention_days needs "organization.read", metadata needs "organization.read",
            settings needs "organization.settings.read",
            revision as "version", created_at, updated_at, deleted_at, purge_due_at,
        } keeps { purge_started_at } }
        organization
            .lookup("governance", |_, organization| Ok(Some(organization.id.cast::<OrganizationSettings>())))
            .about("How the organization wants Portico to behave; null unless you work in it now.");
        organization
            .children::<Membership>("memberships", memberships::organization_id)
            .about("Who works here; empty unless you work in it now.");
        billing::of_organization(organization);
        organization
            .aggregate()
            .ranges(&["createdAt"])
            .by(&["status", "timezone", "locale", "currency"])
            .by_period(&["createdAt"]);
    }
}

filter! { OrganizationFilter for Organization in organizations {
    id: Compare<Id<Organization>>,
    name: Compare<String>,
    slug: Compare<String>,
    status: Compare<OrganizationStatus>,
    created_at: Compare<DateTime<Utc>>,
} }

order! { OrganizationOrder, OrganizationOrderField for Organization {
    /// When it was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [Name Asc] }

/// The table that says where one works: row-level security shows one's own memberships of everywhere.
const OWN: &Table =
    &Table { name: MEMBERSHIPS.name, key: "organization_id", owner: Owner::Nobody, limited: Limited::Never };

/// The organizations of a person, by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrganizationsOf(pub Uuid);

impl Batch for OrganizationsOf {
    type Value = Vec<Organization>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = memberships::table
            .inner_join(organizations::table)
            .filter(memberships::user_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .filter(memberships::status.eq("active"))
            .filter(organizations::deleted_at.is_null())
            .order((organizations::name, organizations::id))
            .limit(1000)
            .select((memberships::user_id, Organization::as_select()));
        let mut found = HashMap::<Self, Self::Value>::new();
        for (user, organization) in db.load::<_, (Uuid, Organization)>(query).await? {
            found.entry(Self(user)).or_default().push(organization);
        }
        Ok(found)
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Organization>("organization")
        .public()
        .about("An organization by its id; null when you are not a member of it.");
    let joined = Condition::Through { column: "id", table: OWN, condition: Box::new(Condition::ANYTHING) };
    query
        .list_where::<Organization>("organizations", joined)
        .public()
        .about("The organizations that you are a member of, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("organizationCreate", create)
        .personal()
        .about(
            "Founds an organization with you as its owner, ready for use: built-in roles, a sales pipeline, a trial and its \
             quotas are there. \
             Refresh your session with its slug to work in it. Errors: INVALID, NOT_UNIQUE, QUOTA_EXCEEDED.",
        );
    mutations.change("organizationUpdate", update).needs("organization.write").about(
        "Changes the organization in which you work. Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE.",
    );
    mutations
        .action_in_visit(
            "organizationDelete",
            |visit, write, _: NoInput| delete(visit.keys.rules.purge_after_days, write).boxed(),
            |payload: &mut Fields<Payload<Option<DateTime<Utc>>>>| {
                payload
                    .derived("done", |payload| payload.result.is_some())
                    .about("Whether it was deleted.");
                payload
                    .derived("purgeDueAt", |payload| payload.result.flatten())
                    .about("When everything of it will be deleted for good; null when nothing was done.");
            },
        )
        .needs("organization.delete")
        .in_person()
        .about(
            "Deletes the organization in which you work: nobody gets in any more, and who repeats it is not let in any more \
             either; its slug is free. An administrator of \
             the platform can restore it until `purgeDueAt`; then all of its records, its audit log among them, are \
             deleted for good. Errors: STATE.",
        );
    mutations
        .action("organizationSuspend", suspend, judged)
        .for_platform_admins()
        .about("Closes an organization for the time being: nobody gets in. Errors: NOT_FOUND, STATE.");
    mutations
        .action("organizationReactivate", reactivate, judged)
        .for_platform_admins()
        .about("Opens a suspended organization again. Errors: NOT_FOUND, STATE.");
    mutations.action("organizationRestore", restore, judged).for_platform_admins().about(
        "Brings a deleted organization back, unless it was purged. Errors: NOT_FOUND, STATE, NOT_UNIQUE.",
    );
}

/// An organization to be founded.
#[derive(InputObject)]
struct OrganizationCreateInput {
    /// Its name.
    name: String,
    /// Its short name: small letters, digits and hyphens.
    slug: String,
    /// Its time zone, `Europe/Berlin`; UTC when absent.
    timezone: Option<String>,
    /// Its language and region, `de-DE`; `en-US` when absent.
    locale: Option<String>,
    /// The currency that new records start with; `USD` when absent.
    currency: Option<Currency>,
    /// The month in which its fiscal year begins, 1 to 12; January when absent.
    fiscal_year_start_month: Option<i16>,
    /// The kind of business.
    business_type: Option<String>,
    /// The industry it works in.
    industry_vertical: Option<String>,
}

/// All of it or nothing: the organization, its settings, roles, pipeline, trial and quotas, and the caller as its owner
/// (B001).
async fn create(write: &mut Write, input: OrganizationCreateInput) -> Outcome<Id<Organization>> {
    let (id, founder) = (Id::<Organization>::fresh(), write.caller().user.unwrap_or_default());
    write.enter_organization(id.0).await?;
    let organization = Changes::default()
        .set(organizations::name, input.name)
        .set(organizations::slug, input.slug)
        .given(organizations::timezone, input.timezone)
        .given(organizations::locale, input.locale)
        .given(organizations::currency, input.currency)
        .given(organizations::fiscal_year_start_month, input.fiscal_year_start_month)
        .set(organizations::business_type, input.business_type)
        .set(organizations::industry_vertical, input.industry_vertical);
    let organization = Organization::insert(write, id, organization).await?;
    billing::found(write).await?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::organization_id.eq(id),
            memberships::user_id.eq(founder),
            memberships::joined_at.eq(clock::now()),
        ))
        .execute(write)
        .await?;
    diesel::insert_into(organization_settings::table)
        .values((
            organization_settings::organization_id.eq(id),
            organization_settings::updated_by.eq(founder),
        ))
        .execute(write)
        .await?;
    role_rows::found(write, Id::of(founder)).await?;
    sales::pipeline::found(write).await?;
    record::created(write, &organization).await
}

/// What to change of the organization. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct OrganizationUpdateInput {
    /// Which organization: the one in which you work.
    id: Id<Organization>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: Option<String>,
    /// Its short name: small letters, digits and hyphens.
    slug: Option<String>,
    /// Address of its logo.
    logo_url: MaybeUndefined<String>,
    /// The kind of business.
    business_type: MaybeUndefined<String>,
    /// The industry it works in.
    industry_vertical: MaybeUndefined<String>,
    /// The market it sells to.
    target_market: MaybeUndefined<String>,
    /// Its time zone, `Europe/Berlin`.
    timezone: Option<String>,
    /// Its language and region, `de-DE`.
    locale: Option<String>,
    /// The currency that new records start with.
    currency: Option<Currency>,
    /// The month in which its fiscal year begins, 1 to 12.
    fiscal_year_start_month: Option<i16>,
    /// How many days ingested data is kept.
    retention_days: MaybeUndefined<i32>,
}

async fn update(write: &mut Write, input: OrganizationUpdateInput) -> Outcome<Id<Organization>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(organizations::name, input.name)
        .given(organizations::slug, input.slug)
        .patch(organizations::logo_url, input.logo_url)
        .patch(organizations::business_type, input.business_type)
        .patch(organizations::industry_vertical, input.industry_vertical)
        .patch(organizations::target_market, input.target_market)
        .given(organizations::timezone, input.timezone)
        .given(organizations::locale, input.locale)
        .given(organizations::currency, input.currency)
        .given(organizations::fiscal_year_start_month, input.fiscal_year_start_month)
        .patch(organizations::retention_days, input.retention_days);
    set(write, "updated", before, changes).await.map(|organization| organization.id)
}

async fn delete(days: u32, write: &mut Write) -> Outcome<Option<DateTime<Utc>>> {
    let id = Id::<Organization>::of(write.organization());
    let before = RecordInput { id, expected_version: None }.lock_living(write).await?;
    let changes = Changes::default()
        .set(organizations::status, OrganizationStatus::Deleted)
        .set(organizations::deleted_at, Some(clock::now()))
        .set(organizations::purge_due_at, Some(clock::now() + Duration::days(days.into())));
    let after = set(write, "deleted", before, changes).await?;
    Ok(after.purge_due_at)
}

/// Which organization to judge.
#[derive(InputObject)]
struct OrganizationStatusInput {
    /// The organization.
    id: Id<Organization>,
    /// Why, for the audit trail.
    reason: String,
}

/// An organization after an administrator of the platform, who may be no member of it, has judged it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Judged {
    id: Id<Organization>,
    status: String,
}

fn judged(payload: &mut Fields<Payload<Judged>>) {
    payload
        .derived("organizationId", |payload| payload.result.as_ref().map(|judged| judged.id))
        .about("Which organization; null when nothing was done.");
    payload.derived("done", |payload| payload.result.is_some()).about("Whether it was done.");
}

async fn suspend(write: &mut Write, input: OrganizationStatusInput) -> Outcome<Judged> {
    judge(write, "suspended", input, OrganizationStatus::Active, OrganizationStatus::Suspended).await
}

async fn reactivate(write: &mut Write, input: OrganizationStatusInput) -> Outcome<Judged> {
    judge(write, "reactivated", input, OrganizationStatus::Suspended, OrganizationStatus::Active).await
}

async fn restore(write: &mut Write, input: OrganizationStatusInput) -> Outcome<Judged> {
    judge(write, "restored", input, OrganizationStatus::Deleted, OrganizationStatus::Active).await
}

/// What an administrator of the platform does is written down in both places (B011).
async fn judge(
    write: &mut Write,
    what: &str,
    input: OrganizationStatusInput,
    from: OrganizationStatus,
    to: OrganizationStatus,
) -> Outcome<Judged> {
    if input.id.0 == PLATFORM {
        return Err(UserError::not_found(input.id, &["input", "id"]).into());
    }
    write.enter_organization(input.id.0).await?;
    let before = record::lock_any(write, input.id, None).await?;
    if let Some(at) = before.purge_started_at {
        let message = say!("it was purged on {day}: nothing is left of it", day = at.date_naive());
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    if before.status != from {
        let message = say!(
            "its status is {status}, not {needed}",
            status = before.status.as_str(),
            needed = from.as_str()
        );
        return Err(UserError::state(message, &["input", "id"], &[]).into());
    }
    let changes = Changes::default()
        .set(organizations::status, to)
        .set(organizations::deleted_at, None::<DateTime<Utc>>);
    let after = set(write, what, before, changes).await?;
    write.enter_organization(PLATFORM).await?;
    write
        .audit(&Audit {
            organization: PLATFORM,
            action: format!("organization.{what}"),
            resource_type: Some(<Organization as Object>::NAME),
            resource_id: Some(after.id.to_string()),
            resource_name: Some(input.reason),
            before: None,
            after: None,
            changed: vec!["status".to_owned()],
            error: None,
        })
        .await?;
    Ok(Judged { id: after.id, status: to.as_str().to_owned() })
}

async fn set(
    write: &mut Write,
    what: &str,
    before: Organization,
    changes: Changes<organizations::table>,
) -> Outcome<Organization> {
    let after = if changes.is_empty() {
        before.clone()
    } else {
        Organization::update(write, before.id, changes).await?
    };
    record::changed(write, what, &before, &after).await?;
    Ok(after)
}
