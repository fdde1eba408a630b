//! Who is given rights: a person, or a team and so whoever is in it.
//!
//! Adding somebody to a team gives them what the team has, and taking them out takes it: whoever does so must be allowed
//! to.
use crate::{
    domains::{
        access::{
            authority, delegation,
            permission_grant::PermissionGrant,
            role::Role,
            role_assignment::{self, RoleAssignment},
            team::Team,
        },
        identity::user::User,
        prelude::*,
    },
    store::{
        detection::Rule,
        select::PLATFORM,
        tables::access::{permission_grants, permissions, role_assignments, team_members},
    },
};

/// A person, or a team with those who are in it.
pub enum Holder {
    Person(Id<User>),
    Team(Id<Team>, Vec<Id<User>>),
}

impl Holder {
    /// Whoever the input names: one of both. A team is locked, so that nobody comes into it meanwhile.
    pub async fn of(write: &mut Write, user: Option<Id<User>>, team: Option<Id<Team>>) -> Outcome<Self> {
        match (user, team) {
            (Some(user), None) => Ok(Self::Person(user)),
            (None, Some(team)) => {
                let team = record::find(write, team, &["input", "teamId"]).await?;
                let members = members(write, team.id).await?;
                Ok(Self::Team(team.id, members))
            }
            _ => {
                let message = say!("say to whom: either `userId` or `teamId`");
                Err(UserError::new(UserErrorCode::Invalid, message, &["input", "userId"]).into())
            }
        }
    }

    /// Those who get what it is given.
    pub fn people(&self) -> &[Id<User>] {
        match self {
            Self::Person(person) => std::slice::from_ref(person),
            Self::Team(_, members) => members,
        }
    }

    pub const fn user(&self) -> Option<Id<User>> {
        match self {
            Self::Person(person) => Some(*person),
            Self::Team(..) => None,
        }
    }

    pub const fn team(&self) -> Option<Id<Team>> {
        match self {
            Self::Person(_) => None,
            Self::Team(team, _) => Some(*team),
        }
    }
}

/// Who is in a team.
pub async fn members(write: &mut Write, team: Id<Team>) -> Outcome<Vec<Id<User>>> {
    let members = team_members::table
        .filter(team_members::organization_id.eq(write.organization()))
        .filter(team_members::team_id.eq(team))
        .order(team_members::user_id)
        .select(team_members::user_id);
    Ok(members.load(write).await?)
}

/// What a team has that was not withdrawn and is not over.
pub struct Rights {
    assignments: Vec<RoleAssignment>,
    grants: Vec<PermissionGrant>,
    /// Those of the assignments, each once, locked.
    roles: Vec<Role>,
    /// The names of the permissions that were granted directly.
    permissions: Vec<String>,
}

impl Rights {
    /// Those of a team that is locked.
    pub async fn of(write: &mut Write, team: Id<Team>) -> Outcome<Self> {
        let now = clock::now();
        let assignments: Vec<RoleAssignment> = role_assignments::table
            .filter(role_assignments::organization_id.eq(write.organization()))
            .filter(role_assignments::team_id.eq(team))
            .filter(role_assignments::revoked_at.is_null())
            .order(role_assignments::role_id)
            .select(RoleAssignment::as_select())
            .for_update()
            .load(write)
            .await?;
        let grants: Vec<PermissionGrant> = permission_grants::table
            .filter(permission_grants::organization_id.eq(write.organization()))
            .filter(permission_grants::team_id.eq(team))
            .filter(permission_grants::revoked_at.is_null())
            .select(PermissionGrant::as_select())
            .for_update()
            .load(write)
            .await?;
        let living = |until: Option<DateTime<Utc>>| until.is_none_or(|end| now < end);
        let mut ids: Vec<_> =
            assignments.iter().filter(|given| living(given.valid_until)).map(|given| given.role_id).collect();
        ids.dedup();
        let mut roles = Vec::with_capacity(ids.len());
        for role in ids {
            roles.push(record::find(write, role, &["input", "teamId"]).await?);
        }
        let granted: Vec<_> = grants
            .iter()
            .filter(|given| living(given.valid_until))
            .map(|given| given.permission_id)
            .collect();
        let permissions = permissions::table
            .filter(permissions::organization_id.eq_any([write.organization(), PLATFORM]))
            .filter(permissions::id.eq_any(granted))
            .select(permissions::right_name)
            .load(write)
            .await?;
        Ok(Self { assignments, grants, roles, permissions })
    }

    /// Refused unless the caller may give all of it to `people`.
    pub async fn may_be_given(&self, write: &mut Write, people: &[Id<User>]) -> Outcome<()> {
        if people.is_empty() {
            return Ok(());
        }
        for role in &self.roles {
            authority::may_give_role(write, people, role).await?;
        }
        authority::may_give(write, people, &self.permissions)
    }

    /// Tells those who watch to whom it was given, as far as one can do great harm with it.
    pub async fn noticed(&self, write: &mut Write, people: &[Id<User>]) -> Outcome<()> {
        for role in &self.roles {
            for person in people {
                let to = (Some(*person), None);
                role_assignment::noticed(write, Rule::PrivilegedRoleGiven, role, to).await?;
            }
        }
        Ok(())
    }

    /// Refused unless the caller may take all of it.
    pub async fn may_be_taken(&self, write: &mut Write) -> Outcome<()> {
        for role in &self.roles {
            authority::may_take_role(write, role).await?;
        }
        authority::may_take(write, &self.permissions, None)
    }

    /// Refused when it was taken from the last who may do everything.
    pub async fn leave_an_owner(&self, write: &mut Write, path: &[&str]) -> Outcome<()> {
        for role in &self.roles {
            authority::somebody_remains(write, role, path).await?;
        }
        Ok(())
    }

    /// Withdraws all of it.
    pub async fn withdraw(&mut self, write: &mut Write, reason: &str) -> Outcome<()> {
        let by = write.caller().user.map(Id::of);
        delegation::withdraw(write, std::mem::take(&mut self.assignments), by, reason).await?;
        for before in std::mem::take(&mut self.grants) {
            let changes = Changes::default()
                .set(permission_grants::revoked_at, Some(clock::now()))
                .set(permission_grants::revoked_by, by)
                .set(permission_grants::revocation_reason, Some(reason.to_owned()));
            record::change(write, "revoked", before, changes).await?;
        }
        Ok(())
    }
}
