//! Whoever may not stay is told so and let go, also from connections on which nothing happens (B008).
use std::time::Instant;

use diesel::{
    sql_query,
    sql_types::{Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use portico::store::id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    AT_ONCE, LISTENS,
    client::{Events, Socket},
    house::{House, token},
    town,
};
use crate::world::city::{Person, Town};

const SIGNED_OUT: &str = "Forbidden: the session has ended: sign in again";

/// Everything that somebody may keep open.
struct Open {
    follows: Socket,
    idle: Socket,
    stream: Events,
}

impl Open {
    async fn with(house: &House, credential: &str) -> Self {
        let mut open = Self {
            follows: Socket::follow(house, credential, "Conversation", None).await,
            idle: Socket::open(house, credential).await,
            stream: Events::follow(house, credential, "Conversation", None).await,
        };
        assert_eq!(open.follows.event().await["__typename"], "StreamOpened");
        assert_eq!(open.stream.event().await.0["__typename"], "StreamOpened");
        open
    }

    /// All of it says why and ends, at once.
    async fn ends(mut self, reason: &str) {
        let begun = Instant::now();
        assert_eq!(self.follows.event().await["__typename"], "AccessRevoked");
        assert_eq!(self.follows.hear().await, json!({ "id": "1", "type": "complete" }));
        assert_eq!(self.follows.end().await, (4403, reason.to_owned()));
        assert_eq!(self.idle.end().await, (4403, reason.to_owned()));
        assert_eq!(self.stream.event().await.0["__typename"], "AccessRevoked");
        assert_eq!(self.stream.block().await.unwrap(), "event: complete\ndata:");
        assert_eq!(self.stream.block().await, None);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }

    /// It goes on as if nothing had happened.
    async fn goes_on(mut self, house: &House, token: &str) {
        house.speak(token, "still here").await;
        assert_eq!(self.follows.event().await["__typename"], "RecordCreated");
        assert_eq!(self.stream.event().await.0["__typename"], "RecordCreated");
        self.idle.say(json!({ "type": "ping" })).await;
        assert_eq!(self.idle.hear().await["type"], "pong");
    }
}

async fn done(house: &House, token: &str, document: &str, input: Value) -> Value {
    let answer = house.ask(token, document, json!({ "input": input })).await;
    let payload = answer.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload
}

fn global_id(prefix: &str, uuid: Uuid) -> String {
    let mut text = Vec::new();
    id::write(prefix, uuid, &mut text);
    String::from_utf8(text).unwrap()
}

/// Runs a statement with `$1` for the organization and `$2` for a text, as the owner of the tables.
async fn sql(town: &Town, statement: &str, text: &str) {
    let statement = sql_query(statement).bind::<SqlUuid, _>(town.organization).bind::<Text, _>(text);
    assert!(statement.execute(&mut town.owner().await).await.unwrap() > 0);
}

/// The same person, signed in a second time.
async fn again(town: &Town, person: &Person) -> Person {
    let session = Uuid::now_v7();
    let second = "INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
        SELECT $2::uuid, user_id, $1, $2, expires_at FROM identity.sessions WHERE organization_id = $1 LIMIT 1";
    sql(town, second, &session.to_string()).await;
    Person {
        caller: portico::store::door::Caller { session: Some(session), ..person.caller.clone() },
        ..person.clone()
    }
}

#[tokio::test]
async fn signing_out_ends_what_the_session_has_open_and_nothing_else() {
    let (town, ann, house) = town().await;
    let elsewhere = House::open(&town).await;
    let second = again(&town, &ann).await;
    let (first, second) = (token(&ann), token(&second));
    let (here, there) = (Open::with(&house, &first).await, Open::with(&house, &second).await);
    done(&elsewhere, &first, "mutation { signOut { userErrors { message } } }", json!({})).await;
    here.ends(SIGNED_OUT).await;
    there.goes_on(&house, &second).await;
}

#[tokio::test]
async fn acting_as_somebody_ends_with_ones_own_session() {
    let (town, ann, house) = town().await;
    let elsewhere = House::open(&town).await;
    let boss = token(&town.person("Boss", &[LISTENS, &["user.impersonate"]].concat()).await);
    let begin = "mutation ($input: ImpersonationBeginInput!) { impersonationBegin(input: $input) {
        accessToken userErrors { message } } }";
    let input = json!({ "userId": global_id("user", ann.user), "reason": "a lost message", "minutes": 1 });
    let begun = done(&house, &boss, begin, input).await;
    let (as_ann, herself) = (begun["accessToken"].as_str().unwrap(), token(&ann));
    let (open, hers) = (Open::with(&house, as_ann).await, Open::with(&house, &herself).await);
    done(&elsewhere, &boss, "mutation { signOut { userErrors { message } } }", json!({})).await;
    open.ends(SIGNED_OUT).await;
    hers.goes_on(&house, &herself).await;
}

#[tokio::test]
async fn ending_all_other_sessions_keeps_ones_own() {
    let (town, ann, house) = town().await;
    let second = again(&town, &ann).await;
    let (first, second) = (token(&ann), token(&second));
    let (here, there) = (Open::with(&house, &first).await, Open::with(&house, &second).await);
    let document = "mutation ($input: SessionsRevokeAllInput!) { sessionsRevokeAll(input: $input) { userErrors { message } } }";
    done(&house, &first, document, json!({})).await;
    there.ends(SIGNED_OUT).await;
    here.goes_on(&house, &first).await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_or_ends_closes_what_it_has_open() {
    let town = Town::found().await;
    let ann = town.person("Ann", &[LISTENS, &["api_key.write", "api_key.read"]].concat()).await;
    let house = House::open(&town).await;
    let owner = token(&ann);
    let make = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret apiKey { id } userErrors { message } } }";
    let input = json!({ "name": "Follows", "scopes": ["event.read", "conversation.read"] });
    let key = done(&house, &owner, make, input.clone()).await;
    let open = Open::with(&house, key["secret"].as_str().unwrap()).await;
    let revoke =
        "mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) { userErrors { message } } }";
    done(&house, &owner, revoke, json!({ "id": key["apiKey"]["id"] })).await;
    open.ends("Forbidden: the API key was withdrawn or replaced").await;

    let mut input = input;
    let soon = chrono::Utc::now() + chrono::Duration::milliseconds(1500);
    input["expiresAt"] = json!(soon.to_rfc3339());
    let key = done(&house, &owner, make, input).await;
    let mut idle = Socket::open(&house, key["secret"].as_str().unwrap()).await;
    let (code, reason) = idle.end().await;
    assert_eq!((code, reason.as_str()), (4403, "Forbidden: the access token has expired"));
    let late = chrono::Utc::now() - soon;
    assert!(late.to_std().is_ok_and(|late| late < AT_ONCE), "{late}");
}

#[tokio::test]
async fn a_membership_that_ends_closes_what_the_member_has_open() {
    let town = Town::found().await;
    let ann = town.person("Ann", LISTENS).await;
    let boss = town.person("Boss", &["membership.write", "membership.read"]).await;
    let house = House::open(&town).await;
    let open = Open::with(&house, &token(&ann)).await;
    let document = "mutation ($input: MembershipUpdateInput!) { membershipUpdate(input: $input) { userErrors { message } } }";
    let input = json!({ "id": global_id("member", ann.user), "status": "SUSPENDED" });
    done(&house, &token(&boss), document, input).await;
    open.ends(SIGNED_OUT).await;
}

#[tokio::test]
async fn an_organization_that_is_suspended_closes_what_its_people_have_open() {
    let (town, ann, house) = town().await;
    let elsewhere = Town::found().await;
    let admin = elsewhere.person("Admin", &[]).await;
    let listed = "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (ops.uuid_v7(), $2 || $1::text, $2::uuid)";
    sql(&elsewhere, listed, &admin.user.to_string()).await;
    let open = Open::with(&house, &token(&ann)).await;
    let document = "mutation ($input: OrganizationStatusInput!) { organizationSuspend(input: $input) { userErrors { message } } }";
    let input = json!({ "id": global_id("org", town.organization), "reason": "a test" });
    done(&house, &token(&admin), document, input).await;
    open.ends("Forbidden: the organization is suspended").await;
}

#[tokio::test]
async fn an_organization_that_demands_a_second_factor_closes_what_is_open_without() {
    let (town, ann, house) = town().await;
    let boss = town.person("Boss", &["organization.settings.write", "organization.settings.read"]).await;
    let row =
        "INSERT INTO identity.organization_settings (organization_id, fiscal_year_start) VALUES ($1, $2)
        ON CONFLICT (organization_id) DO UPDATE SET fiscal_year_start = excluded.fiscal_year_start";
    sql(&town, row, "04-01").await;
    let again = again(&town, &ann).await;
    let shown = "UPDATE identity.sessions SET mfa = true WHERE organization_id = $1 AND id = $2::uuid";
    sql(&town, shown, &again.caller.session.unwrap().to_string()).await;
    let (without, with) = (token(&ann), token(&again));
    let (without, kept) = (Open::with(&house, &without).await, Open::with(&house, &with).await);
    let document = "mutation ($input: OrganizationSettingsUpdateInput!) { organizationSettingsUpdate(input: $input) { userErrors { message } } }";
    done(&house, &token(&boss), document, json!({ "sessionPolicy": { "mfaRequired": true } })).await;
    let reason = "Forbidden: the organization demands a second factor: sign in with one, or set one up with `mfaEnroll`";
    without.ends(reason).await;
    kept.goes_on(&house, &with).await;
}

#[tokio::test]
async fn an_account_that_an_administrator_locks_loses_what_it_has_open() {
    let (_, ann, house) = town().await;
    let elsewhere = Town::found().await;
    let admin = elsewhere.person("Admin", &[]).await;
    let listed = "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (ops.uuid_v7(), $2 || $1::text, $2::uuid)";
    sql(&elsewhere, listed, &admin.user.to_string()).await;
    let open = Open::with(&house, &token(&ann)).await;
    let document = "mutation ($input: UserLockInput!) { userLock(input: $input) { userErrors { message } } }";
    let input = json!({ "id": global_id("user", ann.user), "reason": "a test" });
    done(&house, &token(&admin), document, input).await;
    open.ends(SIGNED_OUT).await;
}

/// Takes a permission away, by hand: no server is told.
async fn take_away(town: &Town, permission: &str) {
    let take = "UPDATE access.permission_grants g SET revoked_at = now(), revoked_by = g.user_id FROM access.permissions p
        WHERE g.organization_id = $1 AND p.organization_id = $1 AND p.id = g.permission_id AND p.name = $2";
    sql(town, take, permission).await;
}

#[tokio::test]
async fn a_right_that_goes_is_felt_by_the_next_event_or_ends_the_stream() {
    let (town, ann, house) = town().await;
    let (token, writer) = (token(&ann), town.person("Writer", LISTENS).await);
    let writer = super::house::token(&writer);
    let mut socket = Socket::follow(&house, &token, "Conversation", None).await;
    let place = socket.event().await;
    assert_eq!(place["__typename"], "StreamOpened");
    house.speak(&writer, "seen").await;
    let seen = socket.event().await;
    assert_eq!(seen["record"]["title"], "Live");

    // what the record needs: its field is refused, the stream goes on
    let take = "UPDATE access.permission_grants g SET revoked_at = now(), revoked_by = g.user_id FROM access.permissions p
        WHERE g.organization_id = $1 AND p.organization_id = $1 AND p.id = g.permission_id AND p.name = 'conversation.read'
          AND g.user_id = $2::uuid";
    sql(&town, take, &ann.user.to_string()).await;
    house.speak(&writer, "hidden").await;
    let answer = socket.answer().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    let hidden = &answer["data"]["recordEvents"];
    assert_eq!((&hidden["__typename"], &hidden["record"]), (&json!("RecordCreated"), &Value::Null));

    // what the stream itself needs: it ends, and the socket does not
    take_away(&town, "event.read").await;
    let revoked = socket.event().await;
    assert_eq!(revoked["__typename"], "AccessRevoked");
    assert_eq!(socket.hear().await, json!({ "id": "1", "type": "complete" }));
    socket.subscribe("2", "Conversation", None).await;
    let refused = socket.hear().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("2"), &json!("error")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN");
}

/// Where the event comes before the news of the right: it is not told, and not counted as told.
#[tokio::test]
async fn an_event_that_was_not_told_is_told_to_who_is_let_in_again() {
    let (town, ann, house) = town().await;
    let (token, writer) = (token(&ann), town.person("Writer", LISTENS).await);
    let writer = super::house::token(&writer);
    let mut socket = Socket::follow(&house, &token, "Conversation", None).await;
    socket.event().await;
    let grants = |revoked: &str| {
        format!(
            "UPDATE access.permission_grants SET {revoked} WHERE organization_id = $1 AND user_id = $2::uuid"
        )
    };
    sql(&town, &grants("revoked_at = now(), revoked_by = user_id"), &ann.user.to_string()).await;
    house.speak(&writer, "meanwhile").await;
    let revoked = socket.event().await;
    assert_eq!(revoked["__typename"], "AccessRevoked");
    sql(&town, &grants("revoked_at = NULL, revoked_by = NULL"), &ann.user.to_string()).await;
    let mut socket = Socket::follow(&house, &token, "Conversation", revoked["cursor"].as_str()).await;
    assert_eq!(socket.event().await["replayed"], true);
    assert_eq!(socket.event().await["record"]["title"], "Live");
}
