//! Permission grants: a permission given to a person directly, without a role (000 §2, B025).
use crate::{
    domains::{
        access::{
            approval::{ApprovalRequest, ApprovalRequestFilter},
            authority,
            holder::Holder,
            permission::{Permission, PermissionFilter},
            resource::{self, Resource, ResourceFilter},
            team::{Team, TeamFilter},
        },
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{
        detection::{Rule, Sighting},
        tables::access::permission_grants,
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = permission_grants, check_for_backend(Pg))]
pub struct PermissionGrant {
    pub id: Id<PermissionGrant>,
    pub user_id: Option<Id<User>>,
    pub permission_id: Id<Permission>,
    pub resource_id: Option<Id<Resource>>,
    pub granted_by: Option<Id<User>>,
    pub granted_at: DateTime<Utc>,
    pub grant_reason: Option<String>,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    pub additional_conditions: AccessCondition,
    pub is_active: bool,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<Id<User>>,
    pub revocation_reason: Option<String>,
    pub team_id: Option<Id<Team>>,
    pub approval_request_id: Option<Id<ApprovalRequest>>,
}

entity!(PermissionGrant, "grant", access::permission_grants, needs "permission.grant.read");

impl Entity for PermissionGrant {
    fn fields(grant: &mut Fields<Self>) {
        columns! { grant: PermissionGrant {
            id, granted_at, grant_reason, valid_from, valid_until, additional_conditions, is_active, revoked_at,
            revocation_reason,
        } keeps {
            user_id, permission_id, resource_id, granted_by, revoked_by, team_id, approval_request_id,
        } }
        grant
            .derived("isInForce", |grant| {
                authority::in_force(grant.revoked_at, grant.valid_from, grant.valid_until)
            })
            .about("Whether it counts at this moment: not withdrawn, begun, and not over.");
        grant.one("user", |grant| grant.user_id).about_column("user_id");
        grant.one("team", |grant| grant.team_id).about_column("team_id");
        grant.one("permission", |grant| Some(grant.permission_id)).about_column("permission_id").required();
        grant.one("resource", |grant| grant.resource_id).about_column("resource_id");
        grant.one("grantedBy", |grant| grant.granted_by).about_column("granted_by");
        grant.one("approvalRequest", |grant| grant.approval_request_id).about_column("approval_request_id");
        grant.one("revokedBy", |grant| grant.revoked_by).about_column("revoked_by");
        grant
            .aggregate()
            .ranges(&["grantedAt", "validUntil"])
            .by(&["isActive", "permission", "user", "team", "resource", "grantedBy", "revokedBy"])
            .by_period(&["grantedAt", "validUntil", "revokedAt"]);
    }
}

filter! { PermissionGrantFilter for PermissionGrant in permission_grants {
    id: Compare<Id<PermissionGrant>>,
    is_active: Compare<bool>,
    granted_at: Compare<DateTime<Utc>>,
    valid_from: Compare<DateTime<Utc>>,
    valid_until: Compare<DateTime<Utc>>,
    revoked_at: Compare<DateTime<Utc>>,
    user: UserFilter => through user_id,
    team: TeamFilter => through team_id,
    permission: PermissionFilter => through permission_id,
    resource: ResourceFilter => through resource_id,
    granted_by: UserFilter => through granted_by,
    approval_request: ApprovalRequestFilter => through approval_request_id,
    revoked_by: UserFilter => through revoked_by,
} }

order! { PermissionGrantOrder, PermissionGrantOrderField for PermissionGrant {
    /// When it was given.
    GrantedAt = granted_at,
    /// When it ends.
    ValidUntil = valid_until,
    /// The name of the permission.
    PermissionName = permission_id -> Permission.name,
    /// The name of the person who holds it.
    UserName = user_id -> User.display_name,
} default [GrantedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<PermissionGrant>("permissionGrant")
        .about("A permission that was given to a person or a team directly, by its id; null when there is none that you may see.");
    query
        .list::<PermissionGrant>("permissionGrants")
        .about("The permissions that were given to people and teams directly, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("permissionGrant", grant)
        .needs("permission.grant")
        .in_person()
        .about("Gives a permission to a person directly, or to a team and so to all who are in it as long as they are; one that must be approved first counts only once they have asked for it. You can give only what you hold yourself. Errors: NOT_FOUND, NOT_UNIQUE, INVALID.");
    mutations
        .change("permissionGrantRevoke", revoke)
        .needs("permission.grant")
        .in_person()
        .about("Withdraws a permission that was given to a person or a team directly; it is gone with their next request. Errors: NOT_FOUND, STATE, INVALID.");
}

/// A permission to be given.
#[derive(InputObject)]
struct PermissionGrantInput {
    /// To which person; absent when to a team.
    user_id: Option<Id<User>>,
    /// To which team; absent when to a person.
    team_id: Option<Id<Team>>,
    /// Which permission.
    permission_id: Id<Permission>,
    /// Why.
    reason: Option<String>,
    /// From when it counts; from now on when absent.
    valid_from: Option<DateTime<Utc>>,
    /// Until when it counts; without end when absent.
    valid_until: Option<DateTime<Utc>>,
    /// The record for which it counts, with all that lies within it; for everything when absent.
    within_id: Option<AnyId>,
    /// Under which condition it counts; always when absent.
    condition: Option<AccessCondition>,
}

async fn grant(write: &mut Write, input: PermissionGrantInput) -> Outcome<Id<PermissionGrant>> {
    let holder = Holder::of(write, input.user_id, input.team_id).await?;
    let permission = authority::permission(write, input.permission_id).await?;
    let names = [permission.row.right_name];
    authority::may_give(write, holder.people(), &names)?;
    let condition = authority::condition(input.condition, &names)?;
    let resource = resource::limit(write, input.within_id, &names).await?;
    close_over(write, &holder, permission.row.id, resource).await?;
    let grant = Changes::default()
        .set(permission_grants::user_id, holder.user())
        .set(permission_grants::team_id, holder.team())
        .set(permission_grants::permission_id, permission.row.id)
        .set(permission_grants::permission_org_id, permission.organization)
        .set(permission_grants::granted_by, write.caller().user)
        .set(permission_grants::grant_reason, input.reason)
        .set(permission_grants::valid_from, input.valid_from.unwrap_or_else(clock::now))
        .set(permission_grants::valid_until, input.valid_until)
        .set(permission_grants::resource_id, resource)
        .set(permission_grants::additional_conditions, condition);
    let id: Id<PermissionGrant> = record::create(write, grant).await?;
    let sighting = Sighting {
        target: holder.user().map(|person| person.0),
        resource: Some(id.to_string()),
        facts: serde_json::json!({ "permissions": names, "teamId": holder.team().map(|team| team.to_string()) }),
        ..write.sighting(Rule::PermissionGranted, &id)
    };
    write.notice(sighting).await?;
    Ok(id)
}

/// Withdraws a grant that is over, for the same holder and thing, so that it does not stand in the way of another.
async fn close_over(
    write: &mut Write,
    holder: &Holder,
    permission: Id<Permission>,
    resource: Option<Id<Resource>>,
) -> Outcome<()> {
    let over: Vec<PermissionGrant> = permission_grants::table
        .filter(permission_grants::organization_id.eq(write.organization()))
        .filter(permission_grants::user_id.is_not_distinct_from(holder.user()))
        .filter(permission_grants::team_id.is_not_distinct_from(holder.team()))
        .filter(permission_grants::permission_id.eq(permission))
        .filter(permission_grants::resource_id.is_not_distinct_from(resource))
        .filter(permission_grants::approval_request_id.is_null())
        .filter(permission_grants::revoked_at.is_null())
        .filter(permission_grants::valid_until.le(clock::now()))
        .select(PermissionGrant::as_select())
        .for_update()
        .load(write)
        .await?;
    for before in over {
        let changes = Changes::default()
            .set(permission_grants::revoked_at, Some(clock::now()))
            .set(permission_grants::revocation_reason, Some("over"));
        record::change(write, "revoked", before, changes).await?;
    }
    Ok(())
}

/// Withdraws what is left of the permissions of who has left: coming back gives none of them back.
pub async fn take_from_returning(write: &mut Write, person: Id<User>) -> Outcome<()> {
    let left: Vec<PermissionGrant> = permission_grants::table
        .filter(permission_grants::organization_id.eq(write.organization()))
        .filter(permission_grants::user_id.eq(person))
        .filter(permission_grants::revoked_at.is_null())
        .select(PermissionGrant::as_select())
        .for_update()
        .load(write)
        .await?;
    for before in left {
        let changes = Changes::default()
            .set(permission_grants::revoked_at, Some(clock::now()))
            .set(permission_grants::revocation_reason, Some("left the organization"));
        record::change(write, "revoked", before, changes).await?;
    }
    Ok(())
}

/// A permission to be withdrawn.
#[derive(InputObject)]
struct PermissionGrantRevokeInput {
    /// Which grant.
    id: Id<PermissionGrant>,
    /// Why.
    reason: String,
}

async fn revoke(write: &mut Write, input: PermissionGrantRevokeInput) -> Outcome<Id<PermissionGrant>> {
    let before = record::lock(write, input.id, None).await?;
    if before.revoked_at.is_some() {
        return Err(UserError::state(say!("it is withdrawn already"), &["input", "id"], &[]).into());
    }
    let permission = authority::permission(write, before.permission_id).await?;
    authority::may_take(write, &[permission.row.right_name], None)?;
    let changes = Changes::default()
        .set(permission_grants::revoked_at, Some(clock::now()))
        .set(permission_grants::revoked_by, write.caller().user)
        .set(permission_grants::revocation_reason, Some(input.reason));
    record::change(write, "revoked", before, changes).await
}
