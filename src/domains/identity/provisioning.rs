//! Provisioning: people whom a directory makes members, describes and lets go.
//!
//! What a directory says of a person is kept with its organization and told back as it was said. The account itself, which
//! other organizations may know too, follows only while it is the organization's own: made for its directory, without a
//! password, with an address that nobody has proved, in no other organization, and not an owner's. Nobody becomes a member
//! by an address that has an account already: an address proves nothing, so whoever it is has to be invited.
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    membership::{self, Membership, MembershipStatus},
    session::{self, lower},
    user::{User, UserStatus},
};
use crate::{
    domains::{
        access::{
            authority,
            automatic::{self, Rules},
            permission_grant, role_assignment,
        },
        finance::department,
        prelude::*,
    },
    store::{
        journal::Change,
        tables::identity::{memberships, passkeys, scim_users, sso_accounts, users},
    },
};

/// What a directory says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = scim_users, check_for_backend(Pg), treat_none_as_null = true)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    pub external_id: Option<String>,
    pub user_name: String,
    pub formatted_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
    pub emails: Value,
    pub phone_numbers: Value,
    pub locale: Option<String>,
    pub timezone: Option<String>,
    pub department: Option<String>,
}

/// A person as a directory wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub words: Words,
    /// Their position.
    pub title: Option<String>,
    /// Whether they may work in the organization.
    pub active: bool,
    pub manager: Option<Id<User>>,
}

/// Makes a person a member.
pub async fn create(write: &mut Write, person: &Person) -> Outcome<Id<User>> {
    let rules = automatic::hold_rules(write).await?;
    let known = match person.words.address() {
        Some(address) => session::account(write, address).await?.map(|account| Id::<User>::of(account.id)),
        None => None,
    };
    // only that one question was about somebody who may belong to others
    write.as_signing_in("").await?;
    let id = match known {
        Some(known) => come_back(write, known).await?,
        None => make(write, &person.words).await?,
    };
    change(write, rules, id, person).await?;
    Ok(id)
}

/// Lets somebody in again who has been a member, with none of the rights of before; refused for anybody else.
async fn come_back(write: &mut Write, person: Id<User>) -> Outcome<Id<User>> {
    let path = ["input", "emails"];
    let Some(before) = Membership::lock(write, person.cast()).await? else {
        let message = say!(
            "somebody who is no member has an account with this address: invite them, and they can be matched \
                       once they have accepted"
        );
        return Err(UserError::new(UserErrorCode::NotUnique, message, &path).into());
    };
    if before.status != MembershipStatus::Left {
        let message = say!("a member has this address already");
        return Err(UserError::new(UserErrorCode::NotUnique, message, &path).into());
    }
    role_assignment::take_from_returning(write, person).await?;
    permission_grant::take_from_returning(write, person).await?;
    let joined = Changes::default()
        .set(memberships::status, MembershipStatus::Active)
        .set(memberships::joined_at, Some(clock::now()));
    record::change(write, "joined", before, joined).await?;
    Ok(person)
}

/// Makes an account, and its person a member.
async fn make(write: &mut Write, words: &Words) -> Outcome<Id<User>> {
    let id = Id::<User>::fresh();
    // until they are a member, nobody but themselves sees them
    write.as_user(id.0).await?;
    let account =
        Changes::default().set(users::email, words.email(id)).set(users::status, UserStatus::Active);
    let account = User::insert(write, id, account).await?;
    record::created(write, &account).await?;
    let joined = Changes::default().set(memberships::joined_at, Some(clock::now()));
    let membership = Membership::insert(write, id.cast(), joined).await?;
    record::created(write, &membership).await?;
    write.as_themselves().await?;
    diesel::insert_into(scim_users::table)
        .values((
            scim_users::organization_id.eq(write.organization()),
            scim_users::user_id.eq(id),
            scim_users::user_name.eq(&words.user_name),
            scim_users::owns_account.eq(true),
        ))
        .execute(write)
        .await?;
    Ok(id)
}

/// Keeps a member, and the rules by which they get roles, from being changed by anybody else until the transaction ends.
pub async fn hold(write: &mut Write, id: Id<User>) -> Outcome<Rules> {
    let rules = automatic::hold_rules(write).await?;
    record::find::<Membership>(write, id.cast(), &["id"]).await?;
    Ok(rules)
}

/// Makes of a member what a directory wants them to be.
pub async fn change(write: &mut Write, rules: Rules, id: Id<User>, person: &Person) -> Outcome<()> {
    let path = ["id"];
    let before: Membership = record::lock_at(write, id.cast(), None, &path).await?;
    if before.status == MembershipStatus::Left {
        return Err(UserError::not_found(id, &path).into());
    }
    let department = department::called(write, person.words.department.as_deref()).await?;
    let told = say(write, id, &person.words).await?;
    let mut changes = Changes::default();
    if person.active != (before.status == MembershipStatus::Active) {
        if !person.active {
            membership::an_owner_remains(write, id).await?;
        }
        let status = if person.active { MembershipStatus::Active } else { MembershipStatus::Suspended };
        changes = changes.set(memberships::status, status);
        if person.active && before.joined_at.is_none() {
            changes = changes.set(memberships::joined_at, Some(clock::now()));
        }
    }
    if person.title != before.title {
        changes = changes.set(memberships::title, person.title.clone());
    }
    if person.manager != before.manager_id {
        changes = changes.set(memberships::manager_id, person.manager);
    }
    // a directory that says nothing of departments decides nothing about them
    if told.is_some_and(|told| told.department != person.words.department)
        && department != before.department_id
    {
        changes = changes.set(memberships::department_id, department);
    }
    if !changes.is_empty() {
        record::update(write, before, changes).await?;
    }
    if is_own(write, id).await? {
        follow(write, id, &person.words).await?;
    }
    rules.apply(write, id).await
}

/// Keeps what a directory says, and writes down what is new in it; gives what it said before, if anything else.
async fn say(write: &mut Write, id: Id<User>, words: &Words) -> Outcome<Option<Words>> {
    let organization = write.organization();
    let before: Option<(Words, Option<DateTime<Utc>>)> = scim_users::table
        .find((organization, id))
        .select((Words::as_select(), scim_users::removed_at))
        .for_update()
        .first(write)
        .await
        .optional()?;
    let silent = Words::silent(words);
    let before = match before {
        Some((before, None)) if before == *words => return Ok(None),
        Some((before, gone)) => {
            let removed_at = scim_users::removed_at.eq(None::<DateTime<Utc>>);
            let place = scim_users::table.find((organization, id));
            diesel::update(place).set((words, removed_at)).execute(write).await?;
            if gone.is_some() { silent } else { before }
        }
        None => {
            let whose = (scim_users::organization_id.eq(organization), scim_users::user_id.eq(id));
            diesel::insert_into(scim_users::table).values((whose, words)).execute(write).await?;
            silent
        }
    };
    let said = |words: &Words| serde_json::to_value(words).ok();
    let change = Change {
        kind: "membership.provisioned".to_owned(),
        resource_type: <Membership as Object>::NAME,
        resource_id: id.0,
        resource_name: Some(words.user_name.clone()),
        before: said(&before).map(Into::into),
        after: said(words).map(Into::into),
        topic: None,
        payload: Value::Null,
    };
    write.record(change).await?;
    Ok(Some(before))
}

/// Lets go of a member: they have left, and are in no team any more.
pub async fn remove(write: &mut Write, rules: Rules, id: Id<User>) -> Outcome<()> {
    let path = ["id"];
    let before: Membership = record::lock_at(write, id.cast(), None, &path).await?;
    if before.status == MembershipStatus::Left {
        return Err(UserError::not_found(id, &path).into());
    }
    membership::an_owner_remains(write, id).await?;
    let changes = Changes::default().set(memberships::status, MembershipStatus::Left);
    record::update(write, before, changes).await?;
    let place = scim_users::table.find((write.organization(), id));
    diesel::update(place).set(scim_users::removed_at.eq(clock::now())).execute(write).await?;
    rules.apply(write, id).await
}

/// Whether the account is this organization's own, and follows what its directory says.
async fn is_own(write: &mut Write, id: Id<User>) -> Outcome<bool> {
    let here = write.organization();
    let owned = scim_users::table
        .find((here, id))
        .filter(scim_users::owns_account)
        .filter(scim_users::removed_at.is_null());
    let unproved = users::table
        .find(id)
        .filter(users::password_hash.is_null())
        .filter(users::email_verified_at.is_null())
        .filter(users::phone_verified_at.is_null())
        .filter(users::deleted_at.is_null());
    let owned = diesel::dsl::exists(owned).and(diesel::dsl::exists(unproved));
    if !diesel::select(owned).get_result::<bool>(write).await? {
        return Ok(false);
    }
    // what somebody is elsewhere is seen by themselves alone
    write.as_user(id.0).await?;
    let elsewhere =
        memberships::table.filter(memberships::user_id.eq(id)).filter(memberships::organization_id.ne(here));
    let passkeys = passkeys::table.filter(passkeys::user_id.eq(id));
    let used = diesel::dsl::exists(elsewhere).or(diesel::dsl::exists(passkeys));
    let used: bool = diesel::select(used).get_result(write).await?;
    write.as_themselves().await?;
    Ok(!used && !authority::owners(write).await?.contains(&id))
}

/// What an account says of its person.
#[derive(PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
struct Described {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    phone: Option<String>,
    timezone: String,
    locale: String,
}

/// Brings an account that is the organization's own up to what its directory says.
async fn follow(write: &mut Write, id: Id<User>, words: &Words) -> Outcome<()> {
    let account = users::table.find(id);
    let before: Described = account.select(Described::as_select()).first(write).await?;
    let after = words.described(id);
    if before == after {
        return Ok(());
    }
    let before: User = account.select(User::as_select()).first(write).await?;
    let changes = Changes::default()
        .set(users::email, after.email)
        .set(users::first_name, after.first_name)
        .set(users::last_name, after.last_name)
        .set(users::display_name, after.display_name)
        .set(users::phone, after.phone)
        .set(users::timezone, after.timezone)
        .set(users::locale, after.locale);
    let after = User::update(write, id, changes).await?;
    record::updated(write, &before, &after).await?;
    Ok(())
}

/// The account that was made for the directory of the current organization, has this address, and has never been used:
/// whoever the organization's own provider vouches for signs in with it.
pub async fn awaited(write: &mut Write, address: &str) -> Outcome<Option<Uuid>> {
    let waiting: Option<Id<User>> = scim_users::table
        .inner_join(users::table.on(users::id.eq(scim_users::user_id)))
        .inner_join(
            memberships::table.on(memberships::organization_id
                .eq(scim_users::organization_id)
                .and(memberships::user_id.eq(scim_users::user_id))),
        )
        .filter(scim_users::organization_id.eq(write.organization()))
        .filter(scim_users::owns_account)
        .filter(scim_users::removed_at.is_null())
        .filter(memberships::status.eq(MembershipStatus::Active))
        .filter(lower(users::email).eq(lower(address)))
        .select(scim_users::user_id)
        .first(write)
        .await
        .optional()?;
    let Some(waiting) = waiting else { return Ok(None) };
    if !is_own(write, waiting).await? {
        return Ok(None);
    }
    write.as_user(waiting.0).await?;
    let linked = sso_accounts::table.filter(sso_accounts::user_id.eq(waiting));
    let linked: bool = diesel::select(diesel::dsl::exists(linked)).get_result(write).await?;
    Ok((!linked).then_some(waiting.0))
}

impl Words {
    /// As if nothing had been said, of who is called so.
    fn silent(words: &Self) -> Self {
        Self {
            external_id: None,
            user_name: words.user_name.clone(),
            formatted_name: None,
            given_name: None,
            family_name: None,
            display_name: None,
            emails: Value::Array(Vec::new()),
            phone_numbers: Value::Array(Vec::new()),
            locale: None,
            timezone: None,
            department: None,
        }
    }

    /// Their address: the primary one, else the one of work, else the first, else a user name that is one.
    pub fn address(&self) -> Option<&str> {
        chosen(&self.emails).or(Some(self.user_name.as_str())).filter(|text| text.contains('@'))
    }

    /// The address of the account: of whom none is told, one that leads nowhere.
    fn email(&self, id: Id<User>) -> String {
        self.address().map_or_else(|| format!("{}@no-address.invalid", id.0), str::to_owned)
    }

    fn described(&self, id: Id<User>) -> Described {
        let whole = [&self.given_name, &self.family_name];
        let whole = whole.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let shown = [self.display_name.clone(), self.formatted_name.clone(), Some(whole)];
        Described {
            email: self.email(id),
            first_name: self.given_name.clone(),
            last_name: self.family_name.clone(),
            display_name: shown.into_iter().flatten().find(|name| !name.is_empty()),
            phone: chosen(&self.phone_numbers).map(str::to_owned),
            timezone: self.timezone.clone().unwrap_or_else(|| "UTC".to_owned()),
            locale: self.locale.clone().unwrap_or_else(|| "en-US".to_owned()),
        }
    }
}

/// Of several values the one that is used.
fn chosen(values: &Value) -> Option<&str> {
    let values = values.as_array()?;
    let primary = || values.iter().find(|value| value.get("primary") == Some(&Value::Bool(true)));
    let at_work = || values.iter().find(|value| value.get("type").and_then(Value::as_str) == Some("work"));
    primary().or_else(at_work).or_else(|| values.as_slice().first())?.get("value")?.as_str()
}
