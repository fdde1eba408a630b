//! The demo: Aether Dynamics with its people, deals, budgets, controls and conversations of two years, and Nimbus Labs
//! beside it. The figures are always the same; the dates move with today.
mod compliance;
mod customers;
mod finance;
mod people;
mod security;
mod talks;
mod trail;

use anyhow::{Result, anyhow};
use argon2::{Argon2, PasswordHasher, password_hash::phc::PasswordHash};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use self::people::Person;
use super::deals::add_pipeline;
use super::load::Loader;
use super::rows::{Membership, User};
use super::tenant::{Given, Outline, Subscribed, Tenant};
use crate::store::clock;

/// Everybody in the demo signs in with it: the demo guards nothing.
pub const PASSWORD: &str = "portico-demo";

/// Somebody whom a visitor of the demo can be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Persona {
    pub email: String,
    pub password: &'static str,
    pub name: String,
    pub role: &'static str,
    /// Slug of the organization.
    pub organization: &'static str,
    pub organization_name: &'static str,
    /// What they can see and do.
    pub description: &'static str,
}

/// Name and slug of a demo organization; people's addresses are made of the slug.
struct Place {
    name: &'static str,
    slug: &'static str,
}

const AETHER: Place = Place { name: "Aether Dynamics", slug: "aether-demo" };
const NIMBUS: Place = Place { name: "Nimbus Labs", slug: "nimbus-labs" };

/// Whom a visitor can be, Sarah Chen first, one person for each role.
pub fn personas() -> Vec<Persona> {
    let persona = |place: &'static Place, home: &Place, person: &Person| {
        Some(Persona {
            email: email(person, home),
            password: PASSWORD,
            name: name(person),
            role: person.role,
            organization: place.slug,
            organization_name: place.name,
            description: person.about?,
        })
    };
    let aether = people::AETHER.iter().filter_map(|person| persona(&AETHER, &AETHER, person));
    let nimbus = people::NIMBUS.iter().filter_map(|person| persona(&NIMBUS, &NIMBUS, person));
    aether.chain(nimbus).chain(persona(&NIMBUS, &AETHER, &people::ADVISER)).collect()
}

/// Fills an empty database with the demo; says whether it did. Where an organization is already, nothing changes.
pub async fn demo(owner_url: &str) -> Result<bool> {
    let loader = Loader::connect(owner_url).await?;
    loader.begin().await?;
    if !loader.organizations().await?.is_empty() {
        loader.roll_back().await?;
        return Ok(false);
    }
    let calendar = Calendar::until(clock::now());
    loader.months(calendar.at(850, 0, 0)).await?;
    let password = password_hash()?;
    let frameworks = compliance::Frameworks::read(&loader).await?;

    let mut aether = Tenant::new(Outline {
        name: AETHER.name.to_owned(),
        slug: AETHER.slug.to_owned(),
        business_type: "Enterprise software",
        industry: "Technology",
        timezone: "America/New_York",
        locale: "en-US",
        currency: "USD",
        // Before the first budgets, which are drafted up to 27 months ago.
        founded: calendar.at(850, 9, 0),
    });
    aether.subscribed = Some(Subscribed { plan: "growth", tries_since: None });
    let team = add_people(&mut aether, &AETHER, people::AETHER, &password);
    finance::add_units(&mut aether, &team, finance::AETHER);
    customers::add_accounts(&mut aether, &team, &calendar, customers::AETHER);
    add_pipeline(&mut aether, "Sales pipeline");
    customers::add_deals(&mut aether, &team, &calendar, customers::AETHER, 180);
    let desk = finance::Desk {
        drafts: team.of("tomas.herrera"),
        submits: team.of("tomas.herrera"),
        approves: team.of("sarah.chen"),
    };
    finance::add_budgets(&mut aether, &calendar, &desk, finance::REGIONS);
    compliance::add(&mut aether, &team, &calendar, &frameworks, compliance::CONTROLS, compliance::ISSUES);
    security::classify(&mut aether, &team);
    security::add_events(&mut aether, &team, &calendar);
    let messages = talks::add(&mut aether, &team, &calendar, talks::AETHER);
    trail::add(&mut aether, &team, &calendar);
    let adviser = (team.of("tomas.herrera"), &people::ADVISER);
    let organization = aether.id;
    aether.load(&loader, messages.into_iter()).await?;
    loader.index_messages(organization).await?;

    let mut nimbus = Tenant::new(Outline {
        name: NIMBUS.name.to_owned(),
        slug: NIMBUS.slug.to_owned(),
        business_type: "Consultancy",
        industry: "Professional services",
        timezone: "Europe/Copenhagen",
        locale: "en-GB",
        currency: "EUR",
        founded: calendar.at(840, 9, 0),
    });
    nimbus.subscribed = Some(Subscribed { plan: "starter", tries_since: Some(calendar.at(5, 9, 0)) });
    let mut team = add_people(&mut nimbus, &NIMBUS, people::NIMBUS, &password);
    join(&mut nimbus, &mut team, adviser.0, adviser.1);
    finance::add_units(&mut nimbus, &team, finance::NIMBUS);
    customers::add_accounts(&mut nimbus, &team, &calendar, customers::NIMBUS);
    add_pipeline(&mut nimbus, "New business");
    customers::add_deals(&mut nimbus, &team, &calendar, customers::NIMBUS, 14);
    let desk = finance::Desk {
        drafts: team.of("jonas.keller"),
        submits: team.of("jonas.keller"),
        approves: team.of("freya.olsen"),
    };
    finance::add_budgets(&mut nimbus, &calendar, &desk, finance::NIMBUS_REGIONS);
    let messages = talks::add(&mut nimbus, &team, &calendar, talks::NIMBUS);
    trail::add(&mut nimbus, &team, &calendar);
    let organization = nimbus.id;
    nimbus.load(&loader, messages.into_iter()).await?;
    loader.index_messages(organization).await?;

    loader.commit().await?;
    loader.analyze().await?;
    Ok(true)
}

/// Days before today, so that the demo is never old.
pub(super) struct Calendar {
    now: DateTime<Utc>,
}

impl Calendar {
    fn until(now: DateTime<Utc>) -> Self {
        let hour = NaiveTime::from_hms_opt(now.hour(), 0, 0).unwrap_or_default();
        Self { now: now.date_naive().and_time(hour).and_utc() }
    }

    pub(super) fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }

    /// A time of day so many days ago, never later than now.
    pub(super) fn at(&self, days: i64, hour: i64, minute: i64) -> DateTime<Utc> {
        let midnight = (self.today() - Duration::days(days)).and_time(NaiveTime::MIN).and_utc();
        (midnight + Duration::hours(hour) + Duration::minutes(minute)).min(self.now)
    }

    pub(super) fn in_the_past(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        time.min(self.now)
    }
}

/// A morning, if such a day exists.
pub(super) fn morning(year: i32, month: u32, day: u32) -> Option<DateTime<Utc>> {
    let morning = NaiveTime::from_hms_opt(9, 0, 0)?;
    Some(NaiveDate::from_ymd_opt(year, month, day)?.and_time(morning).and_utc())
}

/// Who is who in one organization.
#[derive(Default)]
pub(super) struct Team {
    /// Mailbox, id, name and address.
    people: Vec<(&'static str, Uuid, String, String)>,
    /// Person and code of the department.
    departments: Vec<(Uuid, &'static str)>,
}

impl Team {
    /// The person with that mailbox; the first one when there is none.
    pub(super) fn of(&self, mailbox: &str) -> Uuid {
        self.find(mailbox).map(|(_, id, ..)| *id).unwrap_or_default()
    }

    pub(super) fn find(&self, mailbox: &str) -> Option<&(&'static str, Uuid, String, String)> {
        self.people.iter().find(|(known, ..)| *known == mailbox).or_else(|| self.people.first())
    }

    /// Who sells in a region.
    pub(super) fn seller(&self, region: &str) -> Uuid {
        let mailbox = match region {
            "north_america" => "jordan.blake",
            "europe" => "claire.dubois",
            "middle_east" => "omar.haddad",
            "asia_pacific" => "yuki.tanaka",
            _ => "diego.morales",
        };
        self.of(mailbox)
    }
}

fn email(person: &Person, place: &Place) -> String {
    format!("{}@{}.example", person.mailbox, place.slug)
}

fn name(person: &Person) -> String {
    format!("{} {}", person.first, person.last)
}

/// An amount with two digits for cents.
pub(super) fn money(amount: Decimal) -> Decimal {
    let mut amount = amount.round_dp(2);
    amount.rescale(2);
    amount
}

/// New accounts for people, as members with their roles.
fn add_people(tenant: &mut Tenant, place: &Place, people: &'static [Person], password: &str) -> Team {
    let joined = tenant.organization.created_at;
    let mut team = Team::default();
    for person in people {
        let id = tenant.ids.at(joined);
        tenant.users.push(User {
            id,
            email: email(person, place),
            password_hash: Some(password.to_owned()),
            first_name: person.first,
            last_name: person.last,
            display_name: name(person),
            timezone: tenant.organization.timezone,
            status: "active",
            email_verified_at: Some(joined),
            password_changed_at: Some(joined),
            created_at: joined,
            updated_at: joined,
        });
        team.people.push((person.mailbox, id, name(person), email(person, place)));
    }
    for person in people {
        let id = team.of(person.mailbox);
        join(tenant, &mut team, id, person);
    }
    team
}

/// Makes somebody with an account a member.
fn join(tenant: &mut Tenant, team: &mut Team, id: Uuid, person: &'static Person) {
    let at = tenant.organization.created_at;
    tenant.memberships.push(Membership {
        organization_id: tenant.id,
        user_id: id,
        manager_id: person.manager.map(|mailbox| team.of(mailbox)),
        region: person.region,
        title: Some(person.title),
        joined_at: at,
        created_at: at,
        updated_at: at,
    });
    let owner = team.people.first().map_or(id, |_| team.of("eleanor.vance"));
    tenant.given.push(Given { user_id: id, role: person.role, by: (owner != id).then_some(owner), at });
    team.departments.push((id, person.department));
}

/// One hash for everybody: the password is in the README.
fn password_hash() -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(PASSWORD.as_bytes(), b"portico demo salt")
        .map_err(|error| anyhow!("the demo's password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}
