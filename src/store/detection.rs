//! What is noticed by itself of attacks, and of changes that weaken the protection (B089): a rule for each, and nothing
//! else. It is written in the transaction of what it tells of. Whoever causes it is not told: neither the answer nor
//! the audit trail says that something was noticed.
use aws_lc_rs::digest;
use chrono::{DateTime, Duration, Utc};
use diesel::{
    ExpressionMethods, QueryableByName, sql_query,
    sql_types::{Array, Inet, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnet::IpNet;
use serde_json::Value;
use uuid::Uuid;

use super::{
    clock,
    door::{Caller, Door, Write},
    error::Result,
    tables::ops::events,
};

/// What is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    AccountLocked,
    UnknownAccountLocked,
    PasswordSpraying,
    SecondFactorFailures,
    PasskeyFailures,
    WithdrawnKeyUsed,
    RefreshTokenReused,
    PrivilegedRoleGiven,
    PrivilegedRoleTaken,
    PermissionGranted,
    PermissionApproved,
    ImpersonationBegun,
    RoleWidened,
    MaskingWeakened,
    SecondFactorDemandLifted,
    ForeignOrganization,
    RepeatedDenials,
    MassExport,
}

/// What a rule says.
pub struct About {
    pub name: &'static str,
    /// The kind of event, and how bad it is, as the database has them.
    pub kind: &'static str,
    pub severity: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// How many it takes, where one is not enough.
    pub several: Option<Several>,
}

/// So many within so many minutes: of all, or of different ones.
pub struct Several {
    pub least: i32,
    pub minutes: i32,
    pub different: bool,
}

impl Rule {
    pub const ALL: [Self; 18] = [
        Self::AccountLocked,
        Self::UnknownAccountLocked,
        Self::PasswordSpraying,
        Self::SecondFactorFailures,
        Self::PasskeyFailures,
        Self::WithdrawnKeyUsed,
        Self::RefreshTokenReused,
        Self::PrivilegedRoleGiven,
        Self::PrivilegedRoleTaken,
        Self::PermissionGranted,
        Self::PermissionApproved,
        Self::ImpersonationBegun,
        Self::RoleWidened,
        Self::MaskingWeakened,
        Self::SecondFactorDemandLifted,
        Self::ForeignOrganization,
        Self::RepeatedDenials,
        Self::MassExport,
    ];

    pub const fn about(self) -> About {
        let (name, kind, severity, title, description, several) = match self {
            Self::AccountLocked => (
                "account_locked",
                "failed_login",
                "medium",
                "An account was locked",
                "Too many wrong passwords or codes in a row; the account is closed for a while, even to the right ones.",
                None,
            ),
            Self::UnknownAccountLocked => (
                "unknown_account_locked",
                "failed_login",
                "low",
                "Many wrong passwords for an address that nobody has",
                "Somebody tries passwords for an account that does not exist.",
                None,
            ),
            Self::PasswordSpraying => (
                "password_spraying",
                "failed_login",
                "high",
                "Wrong passwords for many accounts from one address",
                "From one internet address passwords were tried for five accounts or more within 15 minutes.",
                Some(Several { least: 5, minutes: 15, different: true }),
            ),
            Self::SecondFactorFailures => (
                "second_factor_failures",
                "failed_login",
                "high",
                "Repeated wrong codes of a second factor",
                "Three wrong codes or more within 15 minutes: whoever tries them may know the password.",
                Some(Several { least: 3, minutes: 15, different: false }),
            ),
            Self::PasskeyFailures => (
                "passkey_failures",
                "failed_login",
                "medium",
                "Repeated sign-ins with a passkey that were not accepted",
                "Five answers or more within 15 minutes, to one account or from one internet address, were signed by no passkey that is known, or elsewhere than here.",
                Some(Several { least: 5, minutes: 15, different: false }),
            ),
            Self::WithdrawnKeyUsed => (
                "withdrawn_key_used",
                "credential_reuse",
                "high",
                "An API key was used that was withdrawn or replaced",
                "A program still has the key, or somebody found it. It is counted once a minute.",
                None,
            ),
            Self::RefreshTokenReused => (
                "refresh_token_reused",
                "credential_reuse",
                "high",
                "A refresh token was used twice",
                "Somebody else may have a copy of it: the session was ended.",
                None,
            ),
            Self::PrivilegedRoleGiven => (
                "privileged_role_given",
                "privilege_change",
                "medium",
                "A privileged role was given",
                "A person was made owner, administrator or security administrator.",
                None,
            ),
            Self::PrivilegedRoleTaken => (
                "privileged_role_taken",
                "privilege_change",
                "medium",
                "A privileged role was taken",
                "A person is no longer owner, administrator or security administrator by this assignment.",
                None,
            ),
            Self::PermissionGranted => (
                "permission_granted",
                "privilege_change",
                "low",
                "A permission was given directly",
                "A person was given a permission besides their roles.",
                None,
            ),
            Self::PermissionApproved => (
                "permission_approved",
                "privilege_change",
                "low",
                "The use of a permission was approved",
                "A person was given for a time, by an approval, what counts for nobody without one.",
                None,
            ),
            Self::ImpersonationBegun => (
                "impersonation_begun",
                "privilege_change",
                "medium",
                "Somebody began to act as somebody else",
                "Whoever acts has the rights of the person until then, an hour at most; the audit trail names both.",
                None,
            ),
            Self::RoleWidened => (
                "role_widened",
                "privilege_change",
                "medium",
                "A role was widened",
                "A role of the organization gives more than before to all who hold it.",
                None,
            ),
            Self::MaskingWeakened => (
                "masking_weakened",
                "protection_weakened",
                "medium",
                "Less is masked than before",
                "A policy, a classification or a setting was changed so that people may see in clear what was masked for them.",
                None,
            ),
            Self::SecondFactorDemandLifted => (
                "second_factor_demand_lifted",
                "protection_weakened",
                "high",
                "A second factor is no longer demanded",
                "The organization lets people in again who have shown a password alone.",
                None,
            ),
            Self::ForeignOrganization => (
                "foreign_organization",
                "cross_tenant_attempt",
                "medium",
                "A session was to be taken to another organization",
                "Somebody wanted to work with their session in an organization that they do not belong to, or that it is not good for.",
                None,
            ),
            Self::RepeatedDenials => (
                "repeated_denials",
                "suspicious_activity",
                "low",
                "Many changes were refused for want of a permission",
                "Ten changes or more of one caller were refused within 10 minutes.",
                Some(Several { least: 10, minutes: 10, different: false }),
            ),
            Self::MassExport => (
                "mass_export",
                "suspicious_activity",
                "medium",
                "Very many records were exported",
                "One person or API key has exported 50,000 records or more within 24 hours.",
                None,
            ),
        };
        About { name, kind, severity, title, description, several }
    }
}

/// Something that a rule is about.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    pub rule: Rule,
    /// Which organization it concerns; the platform where none.
    pub organization: Uuid,
    pub source: Option<Uuid>,
    pub target: Option<Uuid>,
    pub resource: Option<String>,
    /// What makes a repetition the same event.
    pub key: String,
    /// What was tried, for rules that count different ones.
    pub subject: &'a str,
    pub facts: Value,
}

impl Sighting<'_> {
    pub fn new(rule: Rule, organization: Uuid, key: &impl ToString) -> Self {
        let (source, target, resource) = (None, None, None);
        let facts = Value::Object(serde_json::Map::new());
        Self { rule, organization, source, target, resource, key: key.to_string(), subject: "", facts }
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Integer)]
    seen: i32,
    #[diesel(sql_type = Integer)]
    different: i32,
}

#[derive(QueryableByName)]
struct Noticed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Write {
    /// Something that the caller does in the organization where they write; themselves, whoever they act as.
    pub fn sighting(&self, rule: Rule, key: &impl ToString) -> Sighting<'static> {
        let caller = self.caller();
        let source = caller.impersonator.map(|who| who.user).or(caller.user);
        Sighting { source, ..Sighting::new(rule, self.organization(), key) }
    }

    /// Writes down what a rule is about, as part of what is done here.
    pub async fn notice(&mut self, sighting: Sighting<'_>) -> Result<()> {
        let here = self.organization();
        let elsewhere = sighting.organization != here;
        if elsewhere {
            self.enter_organization(sighting.organization).await?;
        }
        let write: &Self = self;
        notice(write, write.caller(), &sighting).await?;
        if elsewhere {
            self.enter_organization(here).await?;
        }
        Ok(())
    }
}

/// The same on a connection that writes in the organization concerned.
pub(super) async fn notice(
    connection: &AsyncPgConnection,
    caller: &Caller,
    sighting: &Sighting<'_>,
) -> Result<()> {
    let about = sighting.rule.about();
    let occurrences = match &about.several {
        Some(several) => {
            let counted = count(connection, sighting, &about, several).await?;
            let reached = if several.different { counted.different } else { counted.seen };
            if reached < several.least {
                return Ok(());
            }
            counted.seen
        }
        None => 1,
    };
    let id = clock::new_id();
    let mut on = connection;
    // of several at once the second waits for the first, and is counted
    let noticed: Vec<Noticed> = sql_query(
        "INSERT INTO security.security_events AS e
           (organization_id, id, event_type, severity, title, description, source_user_id, target_user_id, source_ip,
            target_resource, detection_rule, burst_key, occurrences, event_data)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (organization_id, burst_key) DO UPDATE
           SET occurrences = e.occurrences + 1, last_occurred_at = greatest(e.last_occurred_at, now()),
               source_ip = coalesce(excluded.source_ip, e.source_ip)
         RETURNING e.id",
    )
    .bind::<SqlUuid, _>(sighting.organization)
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(about.kind)
    .bind::<Text, _>(about.severity)
    .bind::<Text, _>(about.title)
    .bind::<Text, _>(about.description)
    .bind::<Nullable<SqlUuid>, _>(sighting.source)
    .bind::<Nullable<SqlUuid>, _>(sighting.target)
    .bind::<Nullable<Inet>, _>(caller.ip.map(IpNet::from))
    .bind::<Nullable<Text>, _>(sighting.resource.as_deref())
    .bind::<Text, _>(about.name)
    .bind::<Text, _>(format!("{} {}", about.name, sighting.key))
    .bind::<Integer, _>(occurrences)
    .bind::<Jsonb, _>(&sighting.facts)
    .load(&mut on)
    .await?;
    let Some(Noticed { id: noticed }) = noticed.into_iter().next() else { return Ok(()) };
    let event = (
        events::organization_id.eq(sighting.organization),
        events::id.eq(clock::new_id()),
        events::topic.eq(SECURITY_EVENT),
        events::subject_type.eq(SECURITY_EVENT),
        events::subject_id.eq(noticed),
        events::kind.eq(if noticed == id { "security_event.created" } else { "security_event.updated" }),
    );
    diesel::insert_into(events::table).values(event).execute(&mut on).await?;
    Ok(())
}

/// The type, as subscribers know it.
const SECURITY_EVENT: &str = "SecurityEvent";

/// No more different things are remembered than these.
const MOST_SUBJECTS: i32 = 100;

/// Counts one more; begins anew when the time is over.
async fn count(
    mut connection: &AsyncPgConnection,
    sighting: &Sighting<'_>,
    about: &About,
    several: &Several,
) -> Result<Counted> {
    let hash = digest::digest(&digest::SHA256, sighting.subject.as_bytes());
    let subject: String = hash.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let counted = sql_query(
        "INSERT INTO security.signals AS s (organization_id, rule, signal_key, subjects) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, rule, signal_key) DO UPDATE SET
           subjects = CASE WHEN s.first_at < now() - make_interval(mins => $5) THEN excluded.subjects
                           WHEN s.subjects @> excluded.subjects OR cardinality(s.subjects) >= $6 THEN s.subjects
                           ELSE s.subjects || excluded.subjects END,
           seen = CASE WHEN s.first_at < now() - make_interval(mins => $5) THEN 1 ELSE s.seen + 1 END,
           first_at = CASE WHEN s.first_at < now() - make_interval(mins => $5) THEN now() ELSE s.first_at END,
           last_at = greatest(s.last_at, now())
         RETURNING s.seen, cardinality(s.subjects) AS different",
    )
    .bind::<SqlUuid, _>(sighting.organization)
    .bind::<Text, _>(about.name)
    .bind::<Text, _>(&sighting.key)
    .bind::<Array<Text>, _>(vec![subject])
    .bind::<Integer, _>(several.minutes)
    .bind::<Integer, _>(MOST_SUBJECTS)
    .get_result(&mut connection)
    .await?;
    Ok(counted)
}

/// Counts are of no more use after this long.
const KEPT: Duration = Duration::hours(1);

/// Deletes counts that have come to nothing; says how many.
pub async fn forget(door: &Door, now: DateTime<Utc>) -> Result<usize> {
    let mut work = door.work().await?;
    work.as_worker().await?;
    let gone = sql_query("DELETE FROM security.signals WHERE last_at < $1")
        .bind::<Timestamptz, _>(now - KEPT)
        .execute(&mut *work)
        .await?;
    work.commit().await?;
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_speaks_in_sentences() {
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.about().name).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for about in Rule::ALL.map(Rule::about) {
            assert!(about.description.ends_with('.') && !about.title.ends_with('.'), "{}", about.name);
            // a count that is over is not yet deleted
            assert!(about.several.is_none_or(|several| Duration::minutes(several.minutes.into()) < KEPT));
        }
    }
}
