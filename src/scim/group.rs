//! `/Groups`: the teams of the organization.
use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::{
    Answer, Asked,
    error::{Error, Result},
    group_rows::{Count, Groups, Known, Members, PLACES, Row, Which},
    page::{self, Search},
    patch,
    schema::GROUPS,
};
use crate::{
    domains::{
        access::team::{self, Team},
        identity::{membership::MembershipStatus, user::User},
    },
    graph::record,
    store::{
        changes::Changes,
        door::{Snapshot, Write},
        id::Id,
        tables::{access::teams, identity::memberships},
    },
};

pub async fn list(asked: &Asked, search: Search) -> Result<Answer> {
    let snapshot = asked.snapshot().await?;
    let condition = search.filter.as_ref().map(|filter| PLACES.condition(filter)).transpose()?;
    let page = Some((search.start - 1, search.count));
    let which = Which { organization: snapshot.organization(), only: None, condition, page };
    let total: i64 = snapshot.load(Count(&which)).await?.into_iter().next().unwrap_or_default();
    let known = match search.count {
        0 => Vec::new(),
        _ => read(snapshot, &which, search.projection.shows("members")).await?,
    };
    let told = |known: &Known| search.projection.apply(GROUPS, known.resource(&asked.base));
    let told: Vec<Value> = known.iter().map(told).collect();
    Ok(Answer::of(page::answer(search.start, total, &told)))
}

pub async fn get(asked: &Asked, id: &str) -> Result<Answer> {
    let projection = asked.projection(GROUPS)?;
    let snapshot = asked.snapshot().await?;
    let which = Which::one(snapshot.organization(), id_of(id)?.0);
    let known = read(snapshot, &which, projection.shows("members")).await?;
    let known = known.into_iter().next().ok_or_else(|| Error::missing(id))?;
    Ok(asked.answer(200, GROUPS, known.resource(&asked.base), &known.version(), &projection))
}

/// The id that a path names; what cannot be one is not there.
fn id_of(text: &str) -> Result<Id<Team>> {
    Id::parse(text).map_err(|_not_an_id| Error::missing(text))
}

async fn read(snapshot: &Snapshot, which: &Which, members: bool) -> Result<Vec<Known>> {
    let rows: Vec<Row> = snapshot.load(Groups(which)).await?;
    let members = match members {
        true => snapshot.load(Members::of(which, &rows)).await?,
        false => Vec::new(),
    };
    Ok(Known::of(rows, members))
}

/// The same in a transaction that changes it.
async fn read_in(write: &mut Write, id: Id<Team>) -> Result<Known> {
    let which = Which::one(write.organization(), id.0);
    let rows: Vec<Row> = Groups(&which).load(&mut **write).await?;
    let members = Members::of(&which, &rows).load(&mut **write).await?;
    Known::of(rows, members).into_iter().next().ok_or_else(|| Error::missing(&id.to_string()))
}

/// A group as a directory wants it.
struct Wanted {
    name: String,
    external_id: Option<String>,
    people: BTreeSet<Id<User>>,
}

impl Wanted {
    fn of(told: &Map<String, Value>) -> Result<Self> {
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let members = told.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let person = |member: &Value| {
            let id = member.get("value").and_then(Value::as_str).unwrap_or_default();
            Id::<User>::parse(id).map_err(|_not_an_id| Error::value(format!("`{id}` is the id of no user")))
        };
        Ok(Self {
            name: text("displayName").ok_or_else(|| Error::value("`displayName` is missing"))?,
            external_id: text("externalId"),
            people: members.iter().map(person).collect::<Result<_>>()?,
        })
    }
}

pub async fn create(asked: &Asked, body: &Value) -> Result<Answer> {
    let projection = asked.projection(GROUPS)?;
    let wanted = Wanted::of(&GROUPS.read(body)?)?;
    let known = asked
        .write("scimGroupCreate", move |write| {
            async move {
                let team = Changes::default()
                    .set(teams::name, wanted.name.clone())
                    .set(teams::external_id, wanted.external_id.clone());
                let id: Id<Team> = record::create(write, team).await?;
                fill(write, id, &[], &wanted.people).await?;
                read_in(write, id).await
            }
            .boxed()
        })
        .await?;
    let location = known.location(&asked.base);
    let answer = asked.answer(201, GROUPS, known.resource(&asked.base), &known.version(), &projection);
    Ok(Answer { location: Some(location), ..answer })
}

pub async fn replace(asked: &Asked, id: &str, body: &Value) -> Result<Answer> {
    let body = GROUPS.read(body)?;
    change(asked, id, move |_| Wanted::of(&body)).await
}

pub async fn patch(asked: &Asked, id: &str, body: Value) -> Result<Answer> {
    change(asked, id, move |told| Wanted::of(&patch::apply(GROUPS, told, &body)?)).await
}

/// Makes of a group what `want` says.
async fn change(
    asked: &Asked,
    id: &str,
    want: impl FnOnce(Map<String, Value>) -> Result<Wanted> + Send + 'static,
) -> Result<Answer> {
    let projection = asked.projection(GROUPS)?;
    let (id, preconditions) = (id_of(id)?, asked.preconditions.clone());
    let known = asked
        .write("scimGroupChange", move |write| {
            async move {
                let before: Team = record::lock_at(write, id, None, &["id"]).await?;
                let known = read_in(write, id).await?;
                preconditions.meet(&known.version())?;
                let wanted = want(GROUPS.read(&Value::Object(known.resource("")))?)?;
                let mut changes = Changes::default();
                if wanted.name != known.name {
                    changes = changes.set(teams::name, wanted.name);
                }
                if wanted.external_id != known.external_id {
                    changes = changes.set(teams::external_id, wanted.external_id);
                }
                if !changes.is_empty() {
                    record::update(write, before, changes).await?;
                }
                fill(write, id, &known.people(), &wanted.people).await?;
                write.changed_nothing();
                read_in(write, id).await
            }
            .boxed()
        })
        .await?;
    Ok(asked.answer(200, GROUPS, known.resource(&asked.base), &known.version(), &projection))
}

/// Brings people into a team and takes others out, so that `wanted` are in it.
async fn fill(
    write: &mut Write,
    id: Id<Team>,
    there: &[Id<User>],
    wanted: &BTreeSet<Id<User>>,
) -> Result<()> {
    let there: BTreeSet<Id<User>> = there.iter().copied().collect();
    let fresh: Vec<Id<User>> = wanted.difference(&there).copied().collect();
    let gone: Vec<Id<User>> = there.difference(wanted).copied().collect();
    if !gone.is_empty() {
        let team = record::find(write, id, &["id"]).await?;
        team::take_out(write, team, &gone).await?;
    }
    if !fresh.is_empty() {
        let fresh = team::members_of(write, fresh, &["members"]).await?;
        let left = memberships::table
            .filter(memberships::organization_id.eq(write.organization()))
            .filter(memberships::user_id.eq_any(&fresh))
            .filter(memberships::status.eq(MembershipStatus::Left))
            .select(memberships::user_id);
        let left: Vec<Id<User>> = left.load(&mut **write).await?;
        if let [left, ..] = left.as_slice() {
            return Err(Error::value(format!("there is no User `{left}`")));
        }
        let team = record::find(write, id, &["id"]).await?;
        team::bring_in(write, team, &fresh).await?;
    }
    Ok(())
}

pub async fn remove(asked: &Asked, id: &str) -> Result<Answer> {
    let (id, preconditions) = (id_of(id)?, asked.preconditions.clone());
    asked
        .write("scimGroupDelete", move |write| {
            async move {
                let team: Team = record::lock_at(write, id, None, &["id"]).await?;
                preconditions.meet(&read_in(write, id).await?.version())?;
                team::dissolve(write, &team).await?;
                Ok(())
            }
            .boxed()
        })
        .await?;
    Ok(Answer::empty())
}
