//! `/Users`: the members of the organization.
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::{
    Answer, Asked,
    error::{Error, Result},
    filter::{Filter, Operator, Path},
    page::{self, Search},
    patch,
    schema::{ENTERPRISE, USERS, entry},
    user_rows::{Count, Known, PLACES, Row, Users, Which},
};
use crate::{
    domains::{
        access::team,
        identity::{
            provisioning::{self, Person, Words},
            user::User,
        },
    },
    store::{
        door::{Snapshot, Write},
        id::Id,
    },
};

pub async fn list(asked: &Asked, search: Search) -> Result<Answer> {
    let snapshot = asked.snapshot().await?;
    let condition = search.filter.as_ref().map(|filter| PLACES.condition(filter)).transpose()?;
    let page = Some((search.start - 1, search.count));
    let which = Which { organization: snapshot.organization(), only: None, condition, page };
    let total: i64 = snapshot.load(Count(&which)).await?.into_iter().next().unwrap_or_default();
    let rows: Vec<Row> = match search.count {
        0 => Vec::new(),
        _ => snapshot.load(Users(&which)).await?,
    };
    let told = |row| search.projection.apply(USERS, Known::from(row).resource(&asked.base));
    let told: Vec<Value> = rows.into_iter().map(told).collect();
    Ok(Answer::of(page::answer(search.start, total, &told)))
}

pub async fn get(asked: &Asked, id: &str) -> Result<Answer> {
    let projection = asked.projection(USERS)?;
    let snapshot = asked.snapshot().await?;
    let known = read(snapshot, id).await?;
    Ok(asked.answer(200, USERS, known.resource(&asked.base), &known.version(), &projection))
}

/// The id that a path names; what cannot be one is not there.
fn id_of(text: &str) -> Result<Id<User>> {
    Id::parse(text).map_err(|_not_an_id| Error::missing(text))
}

async fn read(snapshot: &Snapshot, id: &str) -> Result<Known> {
    let which = Which::one(snapshot.organization(), id_of(id)?.0);
    let row: Option<Row> = snapshot.load(Users(&which)).await?.into_iter().next();
    row.map(Known::from).ok_or_else(|| Error::missing(id))
}

/// The same in a transaction that changes it.
async fn read_in(write: &mut Write, id: Id<User>) -> Result<Known> {
    let which = Which::one(write.organization(), id.0);
    let rows: Vec<Row> = Users(&which).load(&mut **write).await?;
    rows.into_iter().next().map(Known::from).ok_or_else(|| Error::missing(&id.to_string()))
}

pub async fn create(asked: &Asked, body: &Value) -> Result<Answer> {
    let projection = asked.projection(USERS)?;
    let person = person(&USERS.read(body)?, true)?;
    let known = asked
        .write("scimUserCreate", move |write| {
            async move {
                let name = person.words.user_name.clone();
                free(write, &name, None).await?;
                let id = provisioning::create(write, &person).await?;
                read_in(write, id).await
            }
            .boxed()
        })
        .await?;
    let location = known.location(&asked.base);
    let answer = asked.answer(201, USERS, known.resource(&asked.base), &known.version(), &projection);
    Ok(Answer { location: Some(location), ..answer })
}

/// Refused where another user is called so.
async fn free(write: &mut Write, user_name: &str, but: Option<Id<User>>) -> Result<()> {
    let path = Path { schema: None, name: "userName".to_owned(), sub: None };
    let is = Filter::Compare(path, Operator::Eq, user_name.into());
    let condition = Some(PLACES.condition(&is)?);
    let which = Which { organization: write.organization(), only: None, condition, page: None };
    let rows: Vec<Row> = Users(&which).load(&mut **write).await?;
    match rows.into_iter().map(Known::from).any(|known| Some(known.id) != but) {
        true => Err(Error::taken(format!("there is a user called `{user_name}` already"))),
        false => Ok(()),
    }
}

pub async fn replace(asked: &Asked, id: &str, body: &Value) -> Result<Answer> {
    let body = USERS.read(body)?;
    change(asked, id, move |known, _| {
        let mut wanted = person(&body, known.person.active)?;
        // a directory that keeps no managers takes none away
        if entry(&body, ENTERPRISE).is_none() {
            wanted.manager = known.person.manager;
        }
        Ok(wanted)
    })
    .await
}

pub async fn patch(asked: &Asked, id: &str, body: Value) -> Result<Answer> {
    change(asked, id, move |known, told| person(&patch::apply(USERS, told, &body)?, known.person.active))
        .await
}

/// Makes of a user what `want` says.
async fn change(
    asked: &Asked,
    id: &str,
    want: impl FnOnce(&Known, Map<String, Value>) -> Result<Person> + Send + 'static,
) -> Result<Answer> {
    let projection = asked.projection(USERS)?;
    let (id, preconditions) = (id_of(id)?, asked.preconditions.clone());
    let known = asked
        .write("scimUserChange", move |write| {
            async move {
                let rules = provisioning::hold(write, id).await?;
                let known = read_in(write, id).await?;
                preconditions.meet(&known.version())?;
                // addresses do not matter for what is changed
                let wanted = want(&known, USERS.read(&Value::Object(known.resource("")))?)?;
                if !wanted.words.user_name.eq_ignore_ascii_case(&known.person.words.user_name) {
                    free(write, &wanted.words.user_name, Some(id)).await?;
                }
                provisioning::change(write, rules, id, &wanted).await?;
                write.changed_nothing();
                read_in(write, id).await
            }
            .boxed()
        })
        .await?;
    Ok(asked.answer(200, USERS, known.resource(&asked.base), &known.version(), &projection))
}

pub async fn remove(asked: &Asked, id: &str) -> Result<Answer> {
    let (id, preconditions) = (id_of(id)?, asked.preconditions.clone());
    asked
        .write("scimUserDelete", move |write| {
            async move {
                let rules = provisioning::hold(write, id).await?;
                preconditions.meet(&read_in(write, id).await?.version())?;
                team::take_out_of_all(write, id).await?;
                Ok(provisioning::remove(write, rules, id).await?)
            }
            .boxed()
        })
        .await?;
    Ok(Answer::empty())
}

/// The person that a resource describes; `active` unless it says otherwise.
fn person(told: &Map<String, Value>, active: bool) -> Result<Person> {
    let text =
        |place: &Map<String, Value>, name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
    let part = |name: &str| told.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let several = |name: &str| told.get(name).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let (name, enterprise) = (part("name"), part(ENTERPRISE));
    let user_name = text(told, "userName").ok_or_else(|| Error::value("`userName` is missing"))?;
    let manager = enterprise.get("manager").and_then(|manager| manager.get("value")).and_then(Value::as_str);
    let manager = manager.map(Id::<User>::parse).transpose();
    let manager = manager.map_err(|_not_an_id| Error::value("`manager` is the id of no user"))?;
    for list in ["emails", "phoneNumbers"] {
        let values = told.get(list).and_then(Value::as_array);
        if values.is_some_and(|values| values.iter().any(|value| value.get("value").is_none())) {
            return Err(Error::value(format!("each of `{list}` has a `value`")));
        }
    }
    let words = Words {
        external_id: text(told, "externalId"),
        user_name,
        formatted_name: text(&name, "formatted"),
        given_name: text(&name, "givenName"),
        family_name: text(&name, "familyName"),
        display_name: text(told, "displayName"),
        emails: several("emails"),
        phone_numbers: several("phoneNumbers"),
        locale: text(told, "locale"),
        timezone: text(told, "timezone"),
        department: text(&enterprise, "department"),
    };
    let active = told.get("active").and_then(Value::as_bool).unwrap_or(active);
    Ok(Person { words, title: text(told, "title"), active, manager })
}
