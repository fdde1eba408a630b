//! How one organization wants Portico to behave.
use chrono::Duration;
use uuid::Uuid;

use crate::{
    credential::Keys,
    domains::{identity::user::User, prelude::*},
    graph::fault::Fault,
    store::{
        detection::{Rule, Sighting},
        tables::identity::organization_settings,
    },
};

/// `session_policy`, as the database checks it. That a second factor is demanded is held where callers are let in
/// (`access.standing`).
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionPolicy {
    pub max_hours: Option<i64>,
    pub idle_minutes: Option<i64>,
    pub mfa_required: bool,
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = organization_settings, check_for_backend(Pg))]
pub struct OrganizationSettings {
    #[diesel(column_name = organization_id)]
    pub id: Id<OrganizationSettings>,
    pub fiscal_year_start: Option<String>,
    pub features: Json,
    pub session_policy: Json,
    pub password_policy: Json,
    pub masking_enabled: bool,
    pub ai_policy: Json,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<Id<User>>,
    pub revision: i32,
}

entity!(
    OrganizationSettings, "orgset", identity::organization_settings,
    needs "organization.settings.read", key organization_id
);

impl Entity for OrganizationSettings {
    fn fields(settings: &mut Fields<Self>) {
        columns! { settings: OrganizationSettings {
            /// Identity of the settings: one per organization.
            id,
            fiscal_year_start, features, session_policy, password_policy, masking_enabled, ai_policy, updated_at,
            revision as "version",
        } keeps { updated_by } }
        settings.lookup("updatedBy", |_, settings| Ok(settings.updated_by)).about_column("updated_by");
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("organizationSettingsUpdate", update, |payload| {
            payload
                .one("settings", |payload| payload.result)
                .about("The record as it is now; null when nothing was done.");
        })
        .needs("organization.settings.write")
        .in_person()
        .about("Changes how the organization wants Portico to behave. Errors: CONFLICT, INVALID.");
}

/// What to change of the settings. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct OrganizationSettingsUpdateInput {
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// First day of the fiscal year, `MM-DD`.
    fiscal_year_start: MaybeUndefined<String>,
    /// Which features are switched on, by name.
    features: Option<Json>,
    /// When people must sign in again, and whether with a second factor:
    /// `{"maxHours": 12, "idleMinutes": 60, "mfaRequired": true}`, each may be absent.
    session_policy: Option<Json>,
    /// What passwords must look like from the next change on: `{"minLength": 12}`.
    password_policy: Option<Json>,
    /// Whether what is classified as to be masked is masked for people who may not see it in clear.
    masking_enabled: Option<bool>,
    /// What the assistant may do.
    ai_policy: Option<Json>,
}

async fn update(
    write: &mut Write,
    input: OrganizationSettingsUpdateInput,
) -> Outcome<Id<OrganizationSettings>> {
    let id = Id::of(write.organization());
    let before: OrganizationSettings = record::find(write, id, &["input"]).await?;
    if input.expected_version.is_some_and(|expected| expected != before.revision) {
        return Err(UserError::conflict(before.id, before.revision).into());
    }
    let changes = Changes::default()
        .patch(organization_settings::fiscal_year_start, input.fiscal_year_start)
        .given(organization_settings::features, input.features)
        .given(organization_settings::session_policy, input.session_policy)
        .given(organization_settings::password_policy, input.password_policy)
        .given(organization_settings::masking_enabled, input.masking_enabled)
        .given(organization_settings::ai_policy, input.ai_policy)
        .set(organization_settings::updated_by, write.caller().user);
    let after = OrganizationSettings::update(write, before.id, changes).await?;
    let id = record::updated(write, &before, &after).await?;
    let lifted = before.demands_mfa() && !after.demands_mfa();
    let unmasked = before.masking_enabled && !after.masking_enabled;
    for (weaker, rule) in [(lifted, Rule::SecondFactorDemandLifted), (unmasked, Rule::MaskingWeakened)] {
        if weaker {
            let resource = Some(id.to_string());
            write.notice(Sighting { resource, ..write.sighting(rule, &id) }).await?;
        }
    }
    Ok(id)
}

impl OrganizationSettings {
    fn demands_mfa(&self) -> bool {
        self.session_policy.0.get("mfaRequired").and_then(serde_json::Value::as_bool) == Some(true)
    }
}

/// When a session begun at `begun` ends that is used now: after the platform's time, or sooner where the organization
/// limits how long one lasts at all or may lie idle. Whoever is there renews as often as access tokens end.
pub async fn session_ends(
    write: &mut Write,
    keys: &Keys,
    organization: Option<Uuid>,
    begun: DateTime<Utc>,
) -> Outcome<DateTime<Utc>> {
    let now = clock::now();
    let usual = now + Duration::days(keys.rules.refresh_token_days.into());
    let Some(organization) = organization else { return Ok(usual) };
    write.enter_organization(organization).await?;
    let policy = session_policy(write).await?;
    let lifetime = policy.max_hours.map(|hours| begun + Duration::hours(hours));
    let shortest = i64::from(keys.rules.access_token_minutes);
    let idle = policy.idle_minutes.map(|minutes| now + Duration::minutes(minutes.max(shortest)));
    Ok([lifetime, idle].into_iter().flatten().fold(usual, Ord::min))
}

/// What the organization of `write` wants of sessions.
pub async fn session_policy(write: &mut Write) -> Outcome<SessionPolicy> {
    let policy: Option<Json> = organization_settings::table
        .find(write.organization())
        .select(organization_settings::session_policy)
        .first(write)
        .await
        .optional()?;
    let policy =
        policy.map(|policy| serde_json::from_value(policy.0)).transpose().map_err(Fault::internal)?;
    Ok(policy.unwrap_or_default())
}

/// How long a password has to be in the organization of `write`, if it says so.
pub async fn shortest_password(write: &mut Write) -> Outcome<usize> {
    let policy: Option<Json> = organization_settings::table
        .find(write.organization())
        .select(organization_settings::password_policy)
        .first(write)
        .await
        .optional()?;
    let length = policy.and_then(|policy| policy.0.get("minLength")?.as_u64());
    Ok(length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default())
}
