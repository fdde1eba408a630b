//! Acting as somebody else: for a reason that is kept, for an hour at most, with what that person may and as nobody who
//! may do more. What is done meanwhile names both (`store::door::impersonated` says for how long one may).
use chrono::Duration;
use uuid::Uuid;

use super::{
    organization::Organization,
    organization_settings,
    session::{self, Note, Session, Whose, note},
    user::User,
};
use crate::{
    credential::{
        access_token::{Actor, Claims},
        hash, one_time_token,
    },
    domains::prelude::*,
    graph::{
        fault::{Code, Fault},
        mutation::{NoInput, Payload},
        visit::Visit,
    },
    store::{
        detection::{Rule, Sighting},
        door::{IMPERSONATE, Member},
        select::PLATFORM,
        tables::identity::sessions,
    },
};

/// Nobody acts as somebody else for longer than so many minutes.
const LONGEST: i32 = 60;

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action_in_visit(
            "impersonationBegin",
            |visit, write, input| begin(visit, write, input).boxed(),
            |payload: &mut Fields<Payload<Begun>>| {
                payload
                    .derived("accessToken", |payload| {
                        payload.result.as_ref().map(|begun| begun.access_token.clone())
                    })
                    .about("Send it as `Authorization: Bearer …` to act as the person; it cannot be renewed.");
                payload
                    .derived("accessTokenExpiresAt", |payload| {
                        payload.result.as_ref().map(|begun| begun.ends)
                    })
                    .about("Until when you act as the person.");
            },
        )
        .needs_or_admin(IMPERSONATE)
        .once()
        .about(
            "Lets you act as a colleague for a while, with their rights; the audit trail names you both. It ends with your \
             session, with your right to it, and when they may do more than you. Nobody acts as somebody who may do more \
             than they themselves; administrators of the platform act as whomever they like but each other. Errors: \
             NOT_FOUND, INVALID for the reason, OUT_OF_RANGE for the minutes, REQUIRED for the organization, STATE for \
             yourself, for who may do more, for who cannot work there themselves, and where a second factor is demanded \
             that you have not shown.",
        );
    mutations
        .action("impersonationEnd", end, |payload: &mut Fields<Payload<bool>>| {
            payload
                .derived("done", |payload| payload.result.unwrap_or_default())
                .about("Whether the access token is good for nothing from now on.");
        })
        .personal()
        .for_impersonators()
        .about("Ends acting as somebody else, asked with the token that you do it with. Errors: STATE.");
}

/// What whoever acts as somebody else gets.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Begun {
    access_token: String,
    ends: DateTime<Utc>,
}

/// As whom, and why.
#[derive(InputObject)]
struct ImpersonationBeginInput {
    /// The person.
    user_id: Id<User>,
    /// Why, for the person and the audit trail: at most 500 characters.
    reason: String,
    /// For how long, in minutes: 1 to 60.
    minutes: i32,
    /// Where: the organization in which you work when absent, and only administrators of the platform name another.
    organization_id: Option<Id<Organization>>,
}

async fn begin(visit: &Visit, write: &mut Write, input: ImpersonationBeginInput) -> Outcome<Begun> {
    let caller = write.caller().clone();
    let (Some(user), Some(own_session)) = (caller.user, caller.session) else {
        return Err(Fault::new(Code::Forbidden, say!("only a person can do this, not an API key")).into());
    };
    let (person, reason) = (input.user_id, input.reason.trim());
    if !(1..=500).contains(&reason.chars().count()) {
        let message = say!("a reason has 1 to 500 characters");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "reason"]).into());
    }
    if !(1..=LONGEST).contains(&input.minutes) {
        let message = say!("one acts as somebody else for 1 to 60 minutes");
        return Err(UserError::new(UserErrorCode::OutOfRange, message, &["input", "minutes"]).into());
    }
    if person.0 == user {
        return Err(UserError::state(say!("nobody acts as themselves"), &["input", "userId"], &[]).into());
    }
    let administers = write.is_platform_admin().await?;
    if !administers && !write.grants().hold(IMPERSONATE) {
        return Err(Fault::forbidden(IMPERSONATE).into());
    }
    let place = place(input.organization_id, caller.organization, administers)?;
    let theirs = match write.aside(visit.door.snapshot_as(place, person.0)).await?? {
        Member::Active(snapshot) => {
            let standing = snapshot.standing().await?.clone();
            snapshot.close();
            standing
        }
        Member::Inactive => {
            let message = say!("nobody acts as somebody who cannot work in the organization themselves");
            return Err(UserError::state(message, &["input", "userId"], &[]).into());
        }
        Member::Nobody => return Err(UserError::not_found(person, &["input", "userId"]).into()),
    };
    let own = sessions::table.find(own_session).select((sessions::mfa, sessions::expires_at));
    let (mfa, own_end): (bool, DateTime<Utc>) = own.first(write).await?;
    write.enter_organization(place).await?;
    if organization_settings::session_policy(write).await?.mfa_required && !mfa {
        let message = say!("the organization demands a second factor: sign in with one");
        return Err(UserError::state(message, &["input", "organizationId"], &[]).into());
    }
    write.as_user(person.0).await?;
    let untouchable = write.administers(person.0).await?;
    write.as_user(user).await?;
    if untouchable || !administers && !write.standing().covers(&theirs) {
        let (action, error) = ("user.impersonation_refused", Some("the person may do more"));
        note(write, Note { action, organization: Some(place), error, ..Note::of(person.0) }).await?;
        let message = say!("nobody acts as somebody who may do more than they themselves");
        return Err(Stop::Kept(vec![UserError::state(message, &["input", "userId"], &[])]));
    }
    let (now, session) = (clock::now(), clock::new_id());
    let ends = own_end.min(now + Duration::minutes(input.minutes.into()));
    let actor = Actor { sub: user, sid: own_session };
    let claims = Claims::now(person.0, session, Some(place), 0).of_actor(actor, ends);
    write.as_user(person.0).await?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session),
            sessions::user_id.eq(person.0),
            sessions::organization_id.eq(place),
            // nobody is given the token
            sessions::refresh_token_hash.eq(hash(&one_time_token::write().map_err(Fault::internal)?)),
            sessions::access_token_jti.eq(claims.jti.to_string()),
            sessions::ip_address.eq(caller.ip.map(ipnet::IpNet::from)),
            sessions::user_agent.eq(caller.user_agent.as_deref()),
            sessions::mfa.eq(mfa),
            sessions::confined.eq(true),
            sessions::expires_at.eq(ends),
            sessions::last_activity_at.eq(now),
            sessions::created_at.eq(now),
            sessions::impersonated_by.eq(user),
            sessions::impersonator_session_id.eq(own_session),
            sessions::impersonation_reason.eq(reason),
        ))
        .execute(write)
        .await?;
    write.as_user(user).await?;
    // what an administrator of the platform does is written down there too (B011)
    for place in [place].into_iter().chain(administers.then_some(PLATFORM)) {
        let action = "user.impersonation_begun";
        let told = Note { action, organization: Some(place), detail: Some(reason), ..Note::of(person.0) };
        note(write, told).await?;
    }
    let begun = Sighting {
        organization: place,
        target: Some(person.0),
        resource: Some(Id::<Session>::of(session).to_string()),
        facts: serde_json::json!({ "reason": reason, "until": ends }),
        ..write.sighting(Rule::ImpersonationBegun, &session)
    };
    write.notice(begun).await?;
    Ok(Begun { access_token: visit.keys.sign(&claims).map_err(Fault::internal)?, ends })
}

/// In which organization.
fn place(named: Option<Id<Organization>>, own: Option<Uuid>, administers: bool) -> Outcome<Uuid> {
    let path = ["input", "organizationId"];
    match (named, own) {
        (None, Some(own)) => Ok(own),
        (Some(named), own) if administers || own == Some(named.0) => Ok(named.0),
        (Some(named), _) => Err(UserError::not_found(named, &path).into()),
        (None, None) => {
            Err(UserError::new(UserErrorCode::Required, say!("say in which organization"), &path).into())
        }
    }
}

async fn end(write: &mut Write, _: NoInput) -> Outcome<bool> {
    let caller = write.caller().clone();
    let (Some(user), Some(session), Some(_)) = (caller.user, caller.session, caller.impersonator) else {
        return Err(UserError::state(say!("you act as nobody else"), &["input"], &[]).into());
    };
    session::end(write, Whose::One(session), "impersonation_ended").await?;
    note(write, Note { action: "user.impersonation_ended", ..Note::of(user) }).await?;
    Ok(true)
}
