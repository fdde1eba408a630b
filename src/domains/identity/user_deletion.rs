//! Deleting an account (B012): its person leaves all organizations and is out at once; it can be restored until it is
//! purged.
use chrono::Duration;
use uuid::Uuid;

use super::{
    membership::{self, Membership, MembershipStatus},
    outbox, password_change,
    session::{self, Note, Whose, note},
    user::{User, UserStatus},
};
use crate::{
    domains::{access::automatic, prelude::*},
    graph::{mutation::Payload, visit::Visit},
    store::{
        select::PLATFORM,
        tables::identity::{memberships, organizations, users},
    },
};

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit("viewerDelete", |visit, write, input| leave(visit, write, input).boxed(), deleted)
        .personal()
        .once()
        .about(
            "Deletes your own account: you leave all your organizations, your sessions and keys end at once, and your \
             address is free. An administrator of the platform can restore it until `purgeDueAt`; then everything personal \
             is erased for good. Errors: REQUIRED, INVALID, ACCOUNT_LOCKED, STATE while you are the only owner of an \
             organization.",
        );
    mutations
        .action_in_visit("userDelete", |visit, write, input| expel(visit, write, input).boxed(), deleted)
        .for_platform_admins()
        .about(
            "Deletes the account of somebody else, as `viewerDelete` does. Errors: NOT_FOUND, INVALID, STATE for \
             administrators of the platform and for the only owner of an organization.",
        );
    mutations
        .action("userRestore", restore, |payload: &mut Fields<Payload<Id<User>>>| {
            payload
                .derived("userId", |payload| payload.result)
                .about("Whose account; null when nothing was done.");
            payload.derived("done", |payload| payload.result.is_some()).about("Whether it was done.");
        })
        .for_platform_admins()
        .about(
            "Brings a deleted account back, unless it was purged; its person is in no organization until one lets them in \
             again. Errors: NOT_FOUND, INVALID, STATE, NOT_UNIQUE when somebody else has the address by now.",
        );
}

fn deleted(payload: &mut Fields<Payload<DateTime<Utc>>>) {
    payload.derived("done", |payload| payload.result.is_some()).about("Whether it was deleted.");
    payload
        .derived("purgeDueAt", |payload| payload.result)
        .about("When everything personal will be erased for good; null when nothing was done.");
}

/// That it is really you.
#[derive(InputObject)]
struct ViewerDeleteInput {
    /// Your password; left out by who has none.
    #[graphql(secret)]
    password: Option<String>,
}

async fn leave(visit: &Visit, write: &mut Write, input: ViewerDeleteInput) -> Outcome<DateTime<Utc>> {
    password_change::show(visit, write, input.password, &["input", "password"]).await?;
    let own = Id::of(write.caller().user.unwrap_or_default());
    delete(visit, write, own, "user.deleted", None).await
}

/// Whose account, and why.
#[derive(InputObject)]
struct UserDeletionInput {
    /// The person.
    id: Id<User>,
    /// Why, for the audit trail: at most 500 characters.
    reason: String,
}

impl UserDeletionInput {
    fn reason(&self) -> Outcome<&str> {
        let reason = self.reason.trim();
        if !(1..=500).contains(&reason.chars().count()) {
            let message = say!("a reason has 1 to 500 characters");
            return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "reason"]).into());
        }
        Ok(reason)
    }
}

async fn expel(visit: &Visit, write: &mut Write, input: UserDeletionInput) -> Outcome<DateTime<Utc>> {
    let reason = input.reason()?;
    if write.caller().user == Some(input.id.0) {
        return Err(UserError::state(say!("this is your own account"), ID, &["viewerDelete"]).into());
    }
    write.enter_organization(PLATFORM).await?;
    delete(visit, write, input.id, "user.deleted_by_administrator", Some(reason)).await
}

const ID: &[&str] = &["input", "id"];

/// What happens to an account is written down there and wherever the person worked.
async fn delete(
    visit: &Visit,
    write: &mut Write,
    person: Id<User>,
    action: &'static str,
    detail: Option<&str>,
) -> Outcome<DateTime<Utc>> {
    write.as_user(person.0).await?;
    session::account_of(write, person.0).await?.ok_or_else(|| UserError::not_found(person, ID))?;
    if write.administers(person.0).await? {
        let message = say!("administrators of the platform are never deleted");
        return Err(UserError::state(message, ID, &[]).into());
    }
    let mut told = vec![PLATFORM];
    for (organization, slug) in places(write, person).await? {
        write.enter_organization(organization).await?;
        quit(write, person, &slug).await?;
        told.push(organization);
    }
    let now = clock::now();
    let mark = (
        users::status.eq(UserStatus::Deleted),
        users::deleted_at.eq(Some(now)),
        users::purge_due_at.eq(Some(now + Duration::days(visit.keys.rules.purge_after_days.into()))),
    );
    let (email, due): (String, Option<DateTime<Utc>>) = diesel::update(users::table.find(person))
        .set(mark)
        .returning((users::email, users::purge_due_at))
        .get_result(write)
        .await?;
    let due = due.unwrap_or(now);
    session::end_of(write, person.0, Whose::AllBut(None), "account_deleted").await?;
    let body = format!(
        "Your account at Portico is deleted, and you are in none of its organizations any more.\n\n\
         Everything personal will be erased on {}. Until then the administrators of the platform can restore it: write to \
         them if this was not meant.",
        due.date_naive()
    );
    outbox::post(write, &email, "Your account at Portico is deleted", &body).await?;
    write.as_themselves().await?;
    for organization in told {
        note(write, Note { action, organization: Some(organization), detail, ..Note::of(person.0) }).await?;
    }
    Ok(due)
}

/// Where the person, whose belongings can be seen, is a member in any way.
async fn places(write: &mut Write, person: Id<User>) -> Outcome<Vec<(Uuid, String)>> {
    let places = memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(person))
        .filter(memberships::status.ne(MembershipStatus::Left))
        .filter(organizations::deleted_at.is_null())
        .order(organizations::id)
        .select((organizations::id, organizations::slug));
    Ok(places.load(write).await?)
}

/// Ends a membership of the organization `slug`, which keeps an owner, and with it the roles that rules gave.
async fn quit(write: &mut Write, person: Id<User>, slug: &str) -> Outcome<()> {
    let rules = automatic::hold_rules(write).await?;
    let place = person.cast::<Membership>();
    let before: Membership = record::find(write, place, ID).await?;
    if membership::is_only_owner(write, person).await? {
        let message = say!(
            "`{slug}` would have no owner any more: somebody else becomes owner, or it is deleted, first"
        );
        return Err(UserError::state(message, &["input"], &["organizationDelete"]).into());
    }
    record::change(
        write,
        "left",
        before,
        Changes::default().set(memberships::status, MembershipStatus::Left),
    )
    .await?;
    rules.apply(write, person).await
}

async fn restore(write: &mut Write, input: UserDeletionInput) -> Outcome<Id<User>> {
    let (person, detail) = (input.id, Some(input.reason()?));
    write.enter_organization(PLATFORM).await?;
    write.as_user(person.0).await?;
    let found: Option<Deleted> = users::table
        .find(person)
        .for_no_key_update()
        .select(Deleted::as_select())
        .first(write)
        .await
        .optional()?;
    let account = found.ok_or_else(|| UserError::not_found(person, ID))?;
    if let Some(at) = account.purged_at {
        let message = say!("it was purged on {day}: nothing is left of it", day = at.date_naive());
        return Err(UserError::state(message, ID, &[]).into());
    }
    if account.deleted_at.is_none() {
        return Err(UserError::state(say!("it is not deleted"), ID, &["userDelete"]).into());
    }
    // who had never proved anything has still to do so
    let known = account.email_verified_at.is_some() || account.password_hash.is_some();
    let back = (
        users::status.eq(if known { UserStatus::Active } else { UserStatus::Pending }),
        users::deleted_at.eq(None::<DateTime<Utc>>),
    );
    diesel::update(users::table.find(person)).set(back).execute(write).await?;
    write.as_themselves().await?;
    let action = "user.restored_by_administrator";
    note(write, Note { action, organization: Some(PLATFORM), detail, ..Note::of(person.0) }).await?;
    Ok(person)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
struct Deleted {
    deleted_at: Option<DateTime<Utc>>,
    purged_at: Option<DateTime<Utc>>,
    email_verified_at: Option<DateTime<Utc>>,
    password_hash: Option<String>,
}
