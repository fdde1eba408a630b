//! Who comes to the doors: nobody, each role, a stranger, and everybody whose credential is good for nothing.
use portico::{
    domains::access::system_roles::{OWNER, ROLES, SystemRole},
    seed,
    store::{clock, door::Caller},
};
use uuid::Uuid;

use super::{
    city::{City, OURS},
    words::Call,
};

const THEIRS: &str = "nimbus-labs";

/// Somebody at the door.
pub struct Guest {
    pub name: String,
    pub standing: Standing,
    pub caller: Caller,
}

/// What a guest's credential comes to.
#[derive(Clone, Copy)]
pub enum Standing {
    /// There is none.
    Nobody,
    Member(&'static SystemRole),
    /// Owner of another organization.
    Stranger,
    PlatformAdmin,
    /// It is good for nothing any more, and the code says why.
    Ended(&'static str),
}

/// What makes a credential good for nothing, and what is said then: of `:organization`, `:user`, `:session` or `:key`. Whoever
/// shows it holds everything in ours until then.
const ENDS: &[(&str, &str, &str)] = &[
    (
        "a revoked session",
        "UPDATE identity.sessions SET revoked_at = now() WHERE id = ':session'",
        "UNAUTHENTICATED",
    ),
    (
        "a session whose time is over",
        "UPDATE identity.sessions SET created_at = now() - interval '2 days', expires_at = now() WHERE id = ':session'",
        "TOKEN_EXPIRED",
    ),
    (
        "a session of somebody else",
        "UPDATE identity.sessions SET user_id = (SELECT id FROM identity.users WHERE email LIKE 'freya.olsen@%') WHERE id = ':session'",
        "UNAUTHENTICATED",
    ),
    ("a locked account", "UPDATE identity.users SET locked_at = now() WHERE id = ':user'", "UNAUTHENTICATED"),
    (
        "an account that is not used any more",
        "UPDATE identity.users SET status = 'inactive' WHERE id = ':user'",
        "UNAUTHENTICATED",
    ),
    (
        "a deleted account",
        "UPDATE identity.users SET status = 'deleted', deleted_at = now() WHERE id = ':user'",
        "UNAUTHENTICATED",
    ),
    (
        "a suspended membership",
        "UPDATE identity.memberships SET status = 'suspended' WHERE organization_id = ':organization' AND user_id = ':user'",
        "UNAUTHENTICATED",
    ),
    (
        "an ended membership",
        "UPDATE identity.memberships SET status = 'left' WHERE organization_id = ':organization' AND user_id = ':user'",
        "UNAUTHENTICATED",
    ),
    (
        "no membership",
        "DELETE FROM access.permission_grants WHERE organization_id = ':organization' AND user_id = ':user';
         DELETE FROM identity.memberships WHERE organization_id = ':organization' AND user_id = ':user'",
        "UNAUTHENTICATED",
    ),
];

/// The same of an API key.
const ENDS_OF_KEYS: &[(&str, &str, &str)] = &[
    ("a revoked key", "UPDATE identity.api_keys SET revoked_at = now() WHERE id = ':key'", "UNAUTHENTICATED"),
    (
        "a key whose time is over",
        "UPDATE identity.api_keys SET created_at = now() - interval '2 days', expires_at = now() WHERE id = ':key'",
        "TOKEN_EXPIRED",
    ),
    (
        "a key with another secret",
        "UPDATE identity.api_keys SET hashed_key = 'another' WHERE id = ':key'",
        "UNAUTHENTICATED",
    ),
    (
        "a key of a locked account",
        "UPDATE identity.users SET locked_at = now() WHERE id = ':user'",
        "UNAUTHENTICATED",
    ),
    (
        "a key of somebody who has left",
        "UPDATE identity.memberships SET status = 'left' WHERE organization_id = ':organization' AND user_id = ':user'",
        "UNAUTHENTICATED",
    ),
];

/// The same of an organization, in one of its own.
const ENDS_OF_PLACES: &[(&str, &str, &str)] = &[
    (
        "a suspended organization",
        "UPDATE identity.organizations SET status = 'suspended' WHERE id = ':organization'",
        "TENANT_SUSPENDED",
    ),
    (
        "a deleted organization",
        "UPDATE identity.organizations SET status = 'deleted', deleted_at = now() WHERE id = ':organization'",
        "UNAUTHENTICATED",
    ),
    (
        "an organization that demands a second factor",
        "INSERT INTO identity.organization_settings (organization_id, session_policy)
         VALUES (':organization', '{\"mfaRequired\": true}')",
        "MFA_REQUIRED",
    ),
];

impl City {
    /// Everybody: nobody first, then one person of each role, then those whom no door opens for.
    pub async fn guests(&self) -> Vec<Guest> {
        let mut guests = vec![self.nobody()];
        for role in ROLES {
            guests.push(self.member(role).await);
        }
        guests.push(self.stranger().await);
        let expires_at = Some(clock::now() - chrono::Duration::hours(1));
        let expired = Caller { expires_at, ..self.owner().await.caller };
        let name = "an expired token".to_owned();
        guests.push(Guest { name, standing: Standing::Ended("TOKEN_EXPIRED"), caller: expired });
        for (name, end, code) in ENDS {
            let caller = self.holder(self.organization).await;
            guests.push(self.ended(name, end, code, caller).await);
        }
        for (name, end, code) in ENDS_OF_KEYS {
            let maker = self.holder(self.organization).await;
            let caller = Caller { session: None, user: maker.user, ..self.key(maker.user.unwrap()).await };
            guests.push(self.ended(name, end, code, caller).await);
        }
        for (name, end, code) in ENDS_OF_PLACES {
            let place = Uuid::now_v7();
            self.run(&format!(
                "INSERT INTO identity.organizations (id, name, slug) VALUES ('{place}', 'A place', 'place-{}')",
                place.simple()
            ))
            .await;
            let caller = self.holder(place).await;
            guests.push(self.ended(name, end, code, caller).await);
        }
        guests
    }

    /// Whose credential opens everything, until `end`.
    async fn ended(&self, name: &str, end: &str, code: &'static str, caller: Caller) -> Guest {
        let user = caller.user.unwrap();
        // a key says nothing of who made it
        let shown = Caller { user: caller.user.filter(|_| caller.api_key.is_none()), ..caller };
        let guest = Guest { name: name.to_owned(), standing: Standing::Nobody, caller: shown };
        let deals = Call { field: "deals".to_owned(), arguments: String::new(), names_ours: false };
        let opens = &self.ask(&guest, "query", &[&deals], |_| "{ nodes { id } }").await[0];
        assert!(opens.code.is_none() && !opens.is_empty(), "{name} is good until it ends: {opens:?}");
        let text = |id: Option<Uuid>| id.unwrap_or_default().to_string();
        let end = end
            .replace(":organization", &text(guest.caller.organization))
            .replace(":user", &user.to_string())
            .replace(":session", &text(guest.caller.session))
            .replace(":key", &text(guest.caller.api_key));
        self.run(&end).await;
        Guest { standing: Standing::Ended(code), ..guest }
    }

    /// Somebody who holds everything in a place, directly.
    pub async fn holder(&self, place: Uuid) -> Caller {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        self.run(&format!(
            "INSERT INTO identity.users (id, email, display_name, status)
               VALUES ('{user}', 'guest-{user}@example.com', 'A guest', 'active');
             INSERT INTO identity.memberships (organization_id, user_id) VALUES ('{place}', '{user}');
             INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
               VALUES ('{session}', '{user}', '{place}', '{session}', now() + interval '1 hour');
             INSERT INTO access.permission_grants (organization_id, id, user_id, permission_id, permission_org_id)
               SELECT '{place}', gen_random_uuid(), '{user}', p.id, p.organization_id FROM access.permissions p
               WHERE p.organization_id = '{platform}'",
            platform = Uuid::nil()
        ))
        .await;
        Caller {
            organization: Some(place),
            user: Some(user),
            session: Some(session),
            request: "doors".to_owned(),
            ..Caller::default()
        }
    }

    fn nobody(&self) -> Guest {
        let caller = Caller { request: "doors".to_owned(), ..Caller::default() };
        Guest { name: "nobody".to_owned(), standing: Standing::Nobody, caller }
    }

    pub async fn owner(&self) -> Guest {
        self.member(ROLES.iter().find(|role| role.name == OWNER).unwrap()).await
    }

    /// A member of ours, in a new session.
    pub async fn member(&self, role: &'static SystemRole) -> Guest {
        let personas = seed::personas();
        let persona = personas.iter().find(|one| one.role == role.name && one.organization == OURS);
        let persona = persona.unwrap_or_else(|| panic!("the demo has nobody who is {}", role.name));
        let caller = self.signed_in(&persona.email, OURS).await;
        Guest { name: role.name.to_owned(), standing: Standing::Member(role), caller }
    }

    pub async fn stranger(&self) -> Guest {
        let caller = self.signed_in("freya.olsen@nimbus-labs.example", THEIRS).await;
        Guest { name: "a stranger".to_owned(), standing: Standing::Stranger, caller }
    }

    /// Who runs the platform, and is in no organization.
    pub async fn administrator(&self) -> Guest {
        let mut caller = self.signed_in("administrator@example.com", OURS).await;
        caller.organization = None;
        Guest { name: "the administrator".to_owned(), standing: Standing::PlatformAdmin, caller }
    }

    /// A key with all rights of who made it.
    async fn key(&self, maker: Uuid) -> Caller {
        let id = Uuid::now_v7();
        self.run(&format!(
            "INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by)
             VALUES ('{}', '{id}', 'A key', 'doors', '{id}', '{maker}')",
            self.organization
        ))
        .await;
        Caller {
            organization: Some(self.organization),
            api_key: Some(id),
            api_key_hash: Some(id.to_string()),
            request: "doors".to_owned(),
            ..Caller::default()
        }
    }

    async fn signed_in(&self, email: &str, slug: &str) -> Caller {
        let user = self.id_of(&format!("SELECT id FROM identity.users WHERE email = '{email}'")).await;
        let organization =
            self.id_of(&format!("SELECT id FROM identity.organizations WHERE slug = '{slug}'")).await;
        let session = Uuid::now_v7();
        self.run(&format!(
            "INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, mfa, expires_at)
             VALUES ('{session}', '{user}', '{organization}', '{session}', true, now() + interval '1 hour')"
        ))
        .await;
        Caller {
            organization: Some(organization),
            user: Some(user),
            session: Some(session),
            request: "doors".to_owned(),
            ..Caller::default()
        }
    }
}
