//! Why somebody may do something, and who may: the rules of access, told one by one (000 §8, B028).
use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    domains::{
        access::{
            permission::Permission, permission_grant::PermissionGrant, resource::Resource, role::RowScope,
            role_assignment::RoleAssignment, team::Team,
        },
        identity::{membership, user::User},
        prelude::*,
    },
    graph::{leaf_enum, page, rows::table_of_prefix, scalar::Scalar},
    store::{
        grants::{self, Verdict, Way},
        tables::access::{permission_grants, role_assignments, teams},
    },
};

/// What one of somebody's rights comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
enum AccessVerdict {
    /// It allows it.
    Allows,
    /// It has not begun.
    NotYet,
    /// It has ended.
    Over,
    /// The API key is limited to something else.
    OutOfScope,
    /// Its condition, or the thing that it is limited to, leaves this record out; where no record was asked about: it
    /// extends to some records only.
    Elsewhere,
    /// What its condition asks of the person, the time or the place is not so, or not known.
    Unmet,
    /// Its condition cannot be understood, so it allows nothing.
    NotUnderstood,
    /// It would allow it, once a request for it is approved: `accessRequest`.
    NeedsApproval,
    /// It would allow it in a session in which a second factor was shown.
    NeedsMfa,
}

impl Scalar for AccessVerdict {
    fn register(registry: &mut async_graphql::registry::Registry) -> String {
        <Self as async_graphql::InputType>::create_type_info(registry)
    }

    fn json(&self, out: &mut Vec<u8>) {
        leaf_enum::json(*self, out);
    }
}

impl From<Verdict> for AccessVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allows => Self::Allows,
            Verdict::NotYet => Self::NotYet,
            Verdict::Over => Self::Over,
            Verdict::OutOfScope => Self::OutOfScope,
            Verdict::Elsewhere => Self::Elsewhere,
            Verdict::Unmet => Self::Unmet,
            Verdict::NotUnderstood => Self::NotUnderstood,
            Verdict::NeedsApproval => Self::NeedsApproval,
            Verdict::NeedsMfa => Self::NeedsMfa,
        }
    }
}

/// What `explainAccess` tells.
#[derive(Clone)]
pub struct AccessExplanation {
    user: Option<Id<User>>,
    permission: String,
    allowed: bool,
    ways: Vec<Way>,
}

impl Object for AccessExplanation {
    const NAME: &'static str = "AccessExplanation";
    const PUBLIC: Option<&'static str> = Some("whoever gets to it may ask about it");

    fn about() -> String {
        "Whether somebody may do something, and by which of their rights.".to_owned()
    }

    fn fields(told: &mut Fields<Self>) {
        told.derived("allowed", |told| told.allowed).about("Whether they may, at this moment.");
        told.derived("permission", |told| told.permission.clone()).about("The permission it takes.");
        told.one("user", |told| told.user).about("Who; null for an API key with a role of its own.");
        told.parts("grants", |told, _| told.ways.clone()).about("Every way in which they have the permission, and what it comes to; empty when they have it in none.");
    }
}

impl AccessExplanation {
    /// Whether nothing but an approval or a second factor is missing.
    fn is_lacking(&self) -> bool {
        let lacks = |way: &Way| matches!(way.verdict, Verdict::NeedsApproval | Verdict::NeedsMfa);
        !self.allowed && self.ways.iter().any(lacks)
    }
}

impl Object for Way {
    const NAME: &'static str = "AccessGrant";
    const PUBLIC: Option<&'static str> = Some("whoever gets to it may ask about it");

    fn about() -> String {
        "One way in which somebody has a permission.".to_owned()
    }

    fn fields(way: &mut Fields<Self>) {
        way.derived("verdict", |way| AccessVerdict::from(way.verdict)).about("What it comes to.");
        way.derived("rolePath", |way| way.held.path.clone())
            .about("The role that was given, and those above it up to the one that contains the permission; empty where it was given directly.");
        way.derived("validFrom", |way| way.held.from)
            .about("From when it counts: the latest beginning of all that it rests on.");
        way.derived("validUntil", |way| way.held.until)
            .about("Until when it counts: the earliest end of all that it rests on; null for none.");
        way.derived("conditions", |way| way.held.stated().map(Json))
            .about("The conditions of the assignment, with those that it was passed on from, or of the grant, of the role's content and of the permission, in this order; null where there are none.");
        way.derived("rowScopes", |way| {
            way.held.row_scopes().into_iter().map(RowScope::from).collect::<Vec<_>>()
        })
        .about(
            "By what the roles on the way limit it: to the records of the person's own region or department.",
        );
        way.derived("permissionId", |way| Id::<Permission>::of(way.held.permission_id))
            .about("The id of the permission that gives it, for `accessRequest`.");
        way.one("permission", |way| Some(Id::<Permission>::of(way.held.permission_id)))
            .about("The permission that gives it: the built-in one, or one of the organization's own.");
        way.derived("requiresApproval", |way| way.held.awaits_approval)
            .about("Whether it counts only after an approval; not, where it is what an approval has given.");
        way.derived("requiresMfa", |way| way.held.requires_mfa).about(
            "Whether it counts only in sessions in which a second factor was shown; never for API keys.",
        );
        way.one("within", |way| way.held.resource.map(Id::<Resource>::of))
            .about("The thing for which it counts, with all that lies within it; null for everything.");
        way.one("roleAssignment", |way| way.of::<RoleAssignment>("assignment"))
            .about("The assignment of the role.");
        way.lookup("team", |_, way| Ok(Some(TeamOf(way.held.source_id)))).about(
            "The team that it was given to, and through which they have it; null when it was given to them.",
        );
        way.one("permissionGrant", |way| way.of::<PermissionGrant>("grant")).about("The direct grant.");
    }
}

impl Way {
    fn of<T>(&self, source: &str) -> Option<Id<T>> {
        (self.held.source == source).then(|| Id::of(self.held.source_id))
    }
}

/// The team that an assignment or a direct grant was given to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TeamOf(Uuid);

impl Batch for TeamOf {
    type Value = Team;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let assigned = role_assignments::table
            .inner_join(
                teams::table.on(teams::organization_id
                    .eq(role_assignments::organization_id)
                    .and(role_assignments::team_id.eq(teams::id.nullable()))),
            )
            .filter(role_assignments::organization_id.eq(db.organization()))
            .filter(role_assignments::id.eq_any(ids.clone()))
            .select((role_assignments::id, Team::as_select()));
        let granted = permission_grants::table
            .inner_join(
                teams::table.on(teams::organization_id
                    .eq(permission_grants::organization_id)
                    .and(permission_grants::team_id.eq(teams::id.nullable()))),
            )
            .filter(permission_grants::organization_id.eq(db.organization()))
            .filter(permission_grants::id.eq_any(ids))
            .select((permission_grants::id, Team::as_select()));
        let found: Vec<(Uuid, Team)> = db.load(assigned.union_all(granted)).await?;
        Ok(found.into_iter().map(|(source, team)| (Self(source), team)).collect())
    }
}

/// The question: who, what, and with which record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Explain {
    /// The caller where absent.
    user: Option<Id<User>>,
    permission: String,
    record: Option<(String, Uuid)>,
}

impl Batch for Explain {
    type Value = AccessExplanation;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for key in keys {
            let record = key.record.as_ref().and_then(|(prefix, id)| Some((table_of_prefix(prefix)?, *id)));
            let somebody = key.user.map(|user| user.0).filter(|user| db.caller().user != Some(*user));
            let told = match somebody {
                None => grants::explain(db, db.caller(), &key.permission, record).await?,
                Some(user) => {
                    let Some(told) = grants::explain_for(db, user, &key.permission, record).await? else {
                        continue;
                    };
                    told
                }
            };
            let user = key.user.or(db.caller().user.map(Id::of));
            let (permission, allowed, ways) = (key.permission.clone(), told.allowed, told.ways);
            found.insert(key.clone(), AccessExplanation { user, permission, allowed, ways });
        }
        Ok(found)
    }
}

/// What `accessReport` tells.
#[derive(Clone)]
struct AccessReport {
    people: Vec<AccessExplanation>,
    lacking: Vec<AccessExplanation>,
    next: Option<Id<User>>,
}

impl Object for AccessReport {
    const NAME: &'static str = "AccessReport";
    const PUBLIC: Option<&'static str> = Some("whoever gets to it may ask about it");

    fn about() -> String {
        "Who may do something with a record.".to_owned()
    }

    fn fields(report: &mut Fields<Self>) {
        report
            .parts("people", |report, _| report.people.clone())
            .about("Those of the members looked at who may, and by which of their rights.");
        report
            .parts("lacking", |report, _| report.lacking.clone())
            .about("Those of them who may not, but whose right waits for nothing but an approval or a second factor: in which sessions others are is not looked at.");
        report
            .derived("next", |report| report.next)
            .about("Where to go on, as `after`; null when all members were looked at.");
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Report {
    permission: String,
    record: (String, Uuid),
    first: i64,
    after: Option<Id<User>>,
}

impl Batch for Report {
    type Value = AccessReport;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for key in keys {
            let Some((table, id)) = table_of_prefix(&key.record.0).map(|table| (table, key.record.1)) else {
                continue;
            };
            // what is nowhere in the organization nobody may do anything with
            if !db.meets(table, id, Condition::ANYTHING).await? {
                continue;
            }
            let mut members = membership::active_after(db, key.after, key.first + 1).await?;
            let more = members.len() > usize::try_from(key.first).unwrap_or_default();
            if more {
                members.pop();
            }
            let next = members.last().copied().filter(|_| more);
            let ask = |user| Explain {
                user: Some(user),
                permission: key.permission.clone(),
                record: Some(key.record.clone()),
            };
            let asked: Vec<Explain> = members.into_iter().map(ask).collect();
            let mut told = <Explain as Batch>::load(db, &asked).await?;
            let told = asked.iter().filter_map(|asked| told.remove(asked));
            let (people, others): (Vec<_>, Vec<_>) = told.partition(|told| told.allowed);
            let lacking = others.into_iter().filter(AccessExplanation::is_lacking).collect();
            found.insert(key.clone(), AccessReport { people, lacking, next });
        }
        Ok(found)
    }
}

const PERMISSION: &str = "The permission, by the name that `@requires` uses: `deal.write`.";

pub fn queries(query: &mut Fields<Query>) {
    query
        .lookup::<Explain, AccessExplanation>("explainAccess", |args, _| {
            let record: Option<AnyId> = args.get("recordId")?;
            let record = record.map(|record| (record.prefix, record.uuid));
            Ok(Some(Explain { user: Some(args.get("userId")?), permission: args.get("permission")?, record }))
        })
        .takes::<Id<User>>("userId", "Who.")
        .takes::<String>("permission", PERMISSION)
        .takes::<Option<AnyId>>("recordId", "With which record; with any when absent.")
        .needs("access.explain")
        .about("Whether a person may do something at this moment, and why: each of their rights to it, and what it comes to. Null for who is no member; only active members may do anything. About others it is told as if no second factor had been shown. `viewer.explainAccess` tells about yourself.");
    query
        .lookup::<Report, AccessReport>("accessReport", |args, _| {
            let record: AnyId = args.get("recordId")?;
            let first = args.get::<Option<i32>>("first")?.unwrap_or(25);
            page::at_most(usize::try_from(first).unwrap_or(usize::MAX), 100, "first")?;
            let (permission, after) = (args.get("permission")?, args.get("after")?);
            Ok(Some(Report { permission, record: (record.prefix, record.uuid), first: first.into(), after }))
        })
        .takes::<AnyId>("recordId", "Which record.")
        .takes::<String>("permission", PERMISSION)
        .takes::<Option<i32>>(
            "first",
            "How many members to look at, 25 unless told, at most 100: each of them is let in for it.",
        )
        .takes::<Option<Id<User>>>("after", "Where to go on: `next` of the report before.")
        .needs("access.explain")
        .about("Who may do something with a record at this moment, and why, member by member; null when there is no such record.");
}

/// The same about oneself.
pub fn of_viewer<T: Send + Sync>(viewer: &mut Fields<T>) {
    viewer
        .lookup::<Explain, AccessExplanation>("explainAccess", |args, _| {
            let record: Option<AnyId> = args.get("recordId")?;
            let record = record.map(|record| (record.prefix, record.uuid));
            Ok(Some(Explain { user: None, permission: args.get("permission")?, record }))
        })
        .takes::<String>("permission", PERMISSION)
        .takes::<Option<AnyId>>("recordId", "With which record; with any when absent.")
        .public()
        .about("Whether you may do something at this moment, and why: each of your rights to it, and what it comes to.");
}
