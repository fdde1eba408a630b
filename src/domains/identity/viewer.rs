//! The viewer: who asks, where, and with which rights.
use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    domains::{
        access::{approval, delegation, explanation},
        identity::{
            organization::{Organization, OrganizationsOf},
            passkey::{Passkey, PasskeysOf},
            rate_limit,
            recovery_code::{RecoveryCode, RecoveryCodesOf},
            session::{Session, SessionsOf},
            sso_account::{SsoAccount, SsoAccountsOf},
            user::User,
            user_profile::UserProfile,
        },
        prelude::*,
        security::platform_event,
    },
    graph::scalar::EventCursor,
    store::{
        events,
        tables::identity::{platform_admins, users},
    },
};

/// Whoever asks, if they are signed in.
pub struct Viewer {
    user: Option<Id<User>>,
    organization: Option<Id<Organization>>,
    session: Option<Id<Session>>,
    impersonator: Option<Id<User>>,
}

impl Object for Viewer {
    const NAME: &'static str = "Viewer";
    const PUBLIC: Option<&'static str> = Some("it shows what is one's own");

    fn about() -> String {
        "You: who asks, where, and with which rights.".to_owned()
    }

    fn fields(viewer: &mut Fields<Self>) {
        viewer
            .lookup("user", |_, viewer| Ok(viewer.user))
            .public()
            .about("Who you are; null for an API key.");
        viewer
            .lookup("impersonator", |_, viewer| Ok(viewer.impersonator))
            .public()
            .about("Who acts as you, which a client shows all the time; null where you act yourself.");
        viewer
            .lookup("profile", |_, viewer| Ok(viewer.user.map(Id::cast::<UserProfile>)))
            .public()
            .about("What you tell about yourself; null when nothing yet.");
        viewer
            .lookup("organization", |_, viewer| Ok(viewer.organization))
            .public()
            .about("The organization in which you work now; null when you have chosen none.");
        viewer
            .many::<OrganizationsOf, Organization>("organizations", |viewer| OrganizationsOf(viewer.id()))
            .public()
            .about("The organizations that you are a member of.");
        viewer
            .many::<SessionsOf, Session>("sessions", |viewer| SessionsOf(viewer.id()))
            .public()
            .about("Your sessions that have not ended, the latest first.");
        viewer
            .lookup("session", |_, viewer| Ok(viewer.session))
            .public()
            .about("The session in which you ask; null for an API key.");
        viewer
            .value("mfaEnabled", |viewer| Some(MfaEnabled(viewer.id())))
            .public()
            .about("Whether your sign-in asks for a second factor; null for an API key.");
        viewer
            .many::<RecoveryCodesOf, RecoveryCode>("recoveryCodes", |viewer| RecoveryCodesOf(viewer.id()))
            .public()
            .about("Your recovery codes, used or not; the codes themselves were shown when they were made.");
        viewer
            .many::<PasskeysOf, Passkey>("passkeys", |viewer| PasskeysOf(viewer.id()))
            .public()
            .about("Your passkeys.");
        viewer
            .many::<SsoAccountsOf, SsoAccount>("ssoAccounts", |viewer| SsoAccountsOf(viewer.id()))
            .public()
            .about("The accounts with providers of single sign-on that sign you in here.");
        viewer
            .computed("permissions", |_, view| view.grants.permissions())
            .public()
            .about("What you may do in the organization, by the names that `@requires` uses.");
        viewer
            .computed("roles", |_, view| view.grants.roles().to_vec())
            .public()
            .about("The names of the roles that you have in the organization.");
        explanation::of_viewer(viewer);
        delegation::of_viewer(viewer);
        approval::of_viewer(viewer);
        platform_event::of_viewer(viewer);
        rate_limit::of_viewer(viewer);
        viewer
            .value("isPlatformAdmin", |viewer| Some(PlatformAdmin(viewer.id())))
            .public()
            .about("Whether you administer the platform itself.");
        viewer
            .value("eventCursor", |_| Some(Horizon))
            .public()
            .about("Where the organization's events stand, read at the same moment as the rest: subscribe `after` it and nothing is missed.");
    }
}

impl Viewer {
    /// Who they are; nobody for an API key.
    pub fn id(&self) -> Uuid {
        self.user.map(|user| user.0).unwrap_or_default()
    }
}

/// Where the events of the caller's organization stand.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Horizon;

impl Batch for Horizon {
    type Value = EventCursor;

    async fn load(db: &Snapshot, _: &[Self]) -> StoreResult<HashMap<Self, EventCursor>> {
        let horizon = events::horizon(db).await?;
        Ok(HashMap::from([(Self, EventCursor(horizon.place.write()))]))
    }
}

/// Whether a person has a second factor.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct MfaEnabled(Uuid);

impl Batch for MfaEnabled {
    type Value = bool;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, bool>> {
        let people = keys.iter().map(|key| key.0).collect::<Vec<_>>();
        let query = users::table.filter(users::id.eq_any(people)).select((users::id, users::mfa_enabled));
        let known: Vec<(Uuid, bool)> = db.load(query).await?;
        Ok(known.into_iter().map(|(person, enabled)| (Self(person), enabled)).collect())
    }
}

/// Whether a person administers the platform.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PlatformAdmin(Uuid);

impl Batch for PlatformAdmin {
    type Value = bool;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, bool>> {
        let people = keys.iter().map(|key| Some(key.0)).collect::<Vec<_>>();
        let listed = platform_admins::table
            .filter(platform_admins::user_id.eq_any(people))
            .select(platform_admins::user_id);
        let listed: HashSet<Option<Uuid>> = db.load(listed).await?.into_iter().collect();
        Ok(keys.iter().map(|key| (*key, listed.contains(&Some(key.0)))).collect())
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .part("viewer", |_, view| {
            let caller = view.caller();
            (!caller.is_anonymous()).then(|| Viewer {
                user: caller.user.map(Id::of),
                organization: caller.organization.map(Id::of),
                session: caller.session.map(Id::of),
                impersonator: caller.impersonator.map(|who| Id::of(who.user)),
            })
        })
        .public()
        .about("You; null when you are not signed in.");
}
