//! Two processes of the program, with caches of their own, over one database: what is taken away through one is gone on the
//! other with the very next request, and what is open there ends at once (B008, B019).
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{ChildStdout, Stdio},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use portico::{
    credential::{Keys, access_token::Claims},
    domains::access::catalogue,
    store::clock,
};
use serde_json::{Value, json};

use super::{assign, copy_roles, id_of, keeper, make_role, moments, permission};
use crate::{
    command::{Server, portico},
    live::client::{Place, Socket},
    world::{
        city::{Person, Town},
        postgres::{self, Database},
    },
};

const SECRET: &str = "a secret that both processes of this test share";
/// What everybody loses.
const HELD: &[&str] = &["deal.read", "event.read"];
const AT_ONCE: Duration = Duration::from_secs(1);

struct Process {
    address: SocketAddr,
    _child: Server,
    /// It goes on for as long as somebody hears what it says.
    _said: BufReader<ChildStdout>,
}

impl Place for Process {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Process {
    fn start(database: &Database, name: &str) -> Self {
        let mut child = portico(name)
            .arg("serve")
            .env("DATABASE_URL", &database.app_url)
            .env("DATABASE_OWNER_URL", &database.owner_url)
            .env("PORTICO_SECRET", SECRET)
            .env("PORTICO_DEMO", "false")
            .env("PORTICO_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let child = Server(child);
        let place = said.by_ref().lines().find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            rest.split('/').next().map(|address| address.parse().unwrap())
        });
        Self { address: place.expect("the server says where it listens"), _child: child, _said: said }
    }

    async fn ask(&self, credential: &str, document: &str) -> Value {
        let url = format!("http://{}/graphql", self.address);
        let asked = reqwest::Client::new().post(url).bearer_auth(credential);
        asked.json(&json!({ "query": document })).send().await.unwrap().json().await.unwrap()
    }

    /// Does what has to go well.
    async fn does(&self, credential: &str, mutation: &str) {
        let answer = self.ask(credential, &format!("mutation {{ {mutation} }}")).await;
        assert!(answer.get("errors").is_none(), "{mutation}: {answer}");
        for payload in answer["data"].as_object().unwrap().values() {
            assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        }
    }

    /// The code with which deals are refused; none where they are shown.
    async fn refuses_deals(&self, credential: &str) -> Option<String> {
        let answer = self.ask(credential, "{ deals(first: 1) { nodes { id } } }").await;
        answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
    }
}

fn token(person: &Person) -> String {
    let (caller, keys) = (&person.caller, Keys::new(SECRET.as_bytes()).unwrap());
    keys.sign(&Claims::now(person.user, caller.session.unwrap(), caller.organization, 15)).unwrap()
}

/// Where things are changed, where they are felt, and who changes them.
struct World {
    town: Town,
    keeper: Person,
    here: Process,
    there: Process,
}

impl World {
    async fn begin() -> Self {
        let town = Town::found_in(postgres::fresh().await).await;
        catalogue::sync(&mut town.owner().await).await.unwrap();
        copy_roles(&town).await;
        let besides = [
            "membership.read",
            "membership.write",
            "api_key.read",
            "api_key.write",
            "account.read",
            "account.write",
            "masking_policy.read",
            "masking_policy.write",
            "permission.write",
        ];
        let keeper = keeper(&town, "Keeper", &[HELD, &besides].concat()).await;
        let (here, there) =
            (Process::start(&town.database, "process-here"), Process::start(&town.database, "process-there"));
        Self { town, keeper, here, there }
    }

    /// Somebody with a new role that holds these permissions; the role, and its assignment.
    async fn with_role(&self, name: &str, permissions: &[&str]) -> (Person, Value, Value) {
        let person = self.town.person(name, &[]).await;
        let role = make_role(&self.keeper, &name.replace(' ', "_"), None, permissions).await;
        let assignment = assign(&self.keeper, &person, &role).await;
        (person, role, assignment)
    }

    /// Somebody who listens over there, where everything about them is known.
    async fn known(&self, credential: &str) -> Socket {
        let mut socket = Socket::follow(&self.there, credential, "Deal", None).await;
        assert_eq!(socket.event().await["__typename"], "StreamOpened");
        for _ in 0..2 {
            assert_eq!(self.there.refuses_deals(credential).await, None);
        }
        socket
    }

    /// Over there, the very next request is refused, and what is open is told so at once.
    async fn is_over(&self, what: &str, credential: &str, mut socket: Socket, code: &str) {
        let since = Instant::now();
        assert_eq!(self.there.refuses_deals(credential).await.as_deref(), Some(code), "{what}");
        let heard = tokio::time::timeout(AT_ONCE, socket.event()).await;
        let heard = heard.unwrap_or_else(|_| panic!("{what}: nothing is heard of it"));
        assert_eq!(heard["__typename"], "AccessRevoked", "{what}");
        assert!(since.elapsed() < AT_ONCE, "{what}: {:?}", since.elapsed());
    }

    /// What `mutation` takes away here is over there.
    async fn loses(&self, what: &str, credential: &str, by: &str, mutation: &str, code: &str) {
        let socket = self.known(credential).await;
        self.here.does(by, mutation).await;
        self.is_over(what, credential, socket, code).await;
    }
}

const DONE: &str = "{ userErrors { code message path } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_through_one_process_is_gone_on_the_other_with_the_next_request() {
    let world = World::begin().await;
    let by = token(&world.keeper);

    let (person, _, assignment) = world.with_role("assigned", HELD).await;
    let revoke = format!("roleRevoke(input: {{ id: {assignment}, reason: \"over\" }}) {DONE}");
    world.loses("a role that is revoked", &token(&person), &by, &revoke, "FORBIDDEN").await;

    let (person, role, _) = world.with_role("emptied", HELD).await;
    let contents = "query R($id: ID!) { role(id: $id) { permissions { id } } }";
    let contents = world.keeper.get(contents, json!({ "id": role })).await["role"]["permissions"].clone();
    let remove =
        |at: usize| format!("r{at}: rolePermissionRemove(input: {{ id: {} }}) {DONE} ", contents[at]["id"]);
    let remove = remove(0) + &remove(1);
    world.loses("a permission of a role that is removed", &token(&person), &by, &remove, "FORBIDDEN").await;

    let person = world.town.person("inherits", &[]).await;
    let parent = make_role(&world.keeper, "above", None, HELD).await;
    let child = make_role(&world.keeper, "below", Some(&parent), &[]).await;
    assign(&world.keeper, &person, &child).await;
    let part = format!("roleUpdate(input: {{ id: {child}, parentRoleId: null }}) {DONE}");
    world.loses("a role above that is taken away", &token(&person), &by, &part, "FORBIDDEN").await;

    let person = world.town.person("granted", &[]).await;
    let mut revoke = String::new();
    for (at, name) in HELD.iter().enumerate() {
        let input =
            json!({ "userId": id_of(&person), "permissionId": permission(&world.keeper, name).await });
        let given = world.keeper.do_("permissionGrant", input, "permissionGrant { id }").await;
        let id = &given["permissionGrant"]["id"];
        revoke += &format!("g{at}: permissionGrantRevoke(input: {{ id: {id}, reason: \"over\" }}) {DONE} ");
    }
    world.loses("a grant that is revoked", &token(&person), &by, &revoke, "FORBIDDEN").await;

    let (from, role, origin) = world.with_role("delegates", HELD).await;
    world.keeper.do_("roleUpdate", json!({ "id": role, "maxDelegationDepth": 1 }), "").await;
    let person = world.town.person("stands in", &[]).await;
    let until = clock::now() + TimeDelta::hours(1);
    let input =
        json!({ "assignmentId": origin, "userId": id_of(&person), "reason": "leave", "validUntil": until });
    from.do_("roleDelegate", input, "").await;
    let revoke = format!("roleRevoke(input: {{ id: {origin}, reason: \"over\" }}) {DONE}");
    world.loses("what was passed on", &token(&person), &by, &revoke, "FORBIDDEN").await;

    let (person, ..) = world.with_role("suspended", HELD).await;
    let member = id_of(&person).replacen("user", "member", 1);
    let suspend = format!("membershipUpdate(input: {{ id: \"{member}\", status: SUSPENDED }}) {DONE}");
    world.loses("a membership that is suspended", &token(&person), &by, &suspend, "UNAUTHENTICATED").await;

    let (person, ..) = world.with_role("leaves", HELD).await;
    let own = token(&person);
    world.loses("a session that ends", &own, &own, &format!("signOut {DONE}"), "UNAUTHENTICATED").await;

    for (what, demand, code) in [
        ("a permission that demands a second factor from now on", "requiresMfa: true", "MFA_REQUIRED"),
        (
            "a permission that counts under another condition from now on",
            "condition: { attribute: \"subject.region\", operator: \"eq\", value: \"europe\" }",
            "FORBIDDEN",
        ),
    ] {
        let name = code.to_lowercase();
        let (person, role, _) = world.with_role(&format!("held {name}"), &[]).await;
        let mut update = String::new();
        for (at, right) in HELD.iter().enumerate() {
            let input = json!({ "name": format!("{}_{name}", right.replace('.', "_")), "right": right });
            let made = world.keeper.do_("permissionCreate", input, "permission { id }").await;
            let own = &made["permission"]["id"];
            world.keeper.do_("rolePermissionAdd", json!({ "roleId": role, "permissionId": own }), "").await;
            update += &format!("u{at}: permissionUpdate(input: {{ id: {own}, {demand} }}) {DONE} ");
        }
        world.loses(what, &token(&person), &by, &update, code).await;
    }

    let input = json!({ "name": "Listens", "scopes": HELD });
    let made = world.keeper.do_("apiKeyCreate", input, "secret apiKey { id }").await;
    let revoke = format!("apiKeyRevoke(input: {{ id: {} }}) {DONE}", made["apiKey"]["id"]);
    let key = made["secret"].as_str().unwrap();
    world.loses("a key that is revoked", key, &by, &revoke, "UNAUTHENTICATED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_masks_locks_and_suspensions_are_felt_on_both_processes_alike() {
    let world = World::begin().await;
    let by = token(&world.keeper);

    // nobody is told of the time
    let person = world.town.person("for a while", &[]).await;
    let role = make_role(&world.keeper, "for_a_while", None, HELD).await;
    let until = clock::now() + TimeDelta::milliseconds(4000);
    let input = json!({ "userId": id_of(&person), "roleId": role, "validUntil": until });
    world.keeper.do_("roleAssign", input, "").await;
    let socket = world.known(&token(&person)).await;
    let left = until - clock::now();
    assert!(left > TimeDelta::zero(), "the machine is too slow for this test");
    moments(left.num_milliseconds().unsigned_abs() + 5).await;
    world.is_over("a role whose time is over", &token(&person), socket, "FORBIDDEN").await;

    let (person, ..) = world.with_role("sees accounts", &["account.read"]).await;
    world.keeper.do_("accountCreate", json!({ "name": "Globex Corporation" }), "").await;
    let named = async || {
        let answer = world.there.ask(&token(&person), "{ accounts { nodes { name } } }").await;
        answer["data"]["accounts"]["nodes"][0]["name"].clone()
    };
    assert_eq!(named().await, "Globex Corporation");
    let mask = "maskingPolicyCreate(input: { name: \"names\", fields: [\"Account.name\"], method: REDACT })";
    world.here.does(&by, &format!("{mask} {DONE}")).await;
    assert_eq!(named().await, "•••");

    let elsewhere = Town::found_in(world.town.database.clone()).await;
    let admin = elsewhere.person("Admin", &[]).await;
    let listed = format!(
        "INSERT INTO identity.platform_admins (id, email, user_id) VALUES (ops.uuid_v7(), 'admin@example.com', '{}')",
        admin.user
    );
    elsewhere.owner().await.batch_execute(&listed).await.unwrap();
    let by = token(&admin);
    let (person, ..) = world.with_role("locked", HELD).await;
    let lock = format!("userLock(input: {{ id: \"{}\", reason: \"a test\" }}) {DONE}", id_of(&person));
    world.loses("an account that is locked", &token(&person), &by, &lock, "UNAUTHENTICATED").await;

    let (person, ..) = world.with_role("in a place", HELD).await;
    let place = world.keeper.get("{ viewer { organization { id } } }", json!({})).await;
    let place = &place["viewer"]["organization"]["id"];
    let suspend = format!("organizationSuspend(input: {{ id: {place}, reason: \"a test\" }}) {DONE}");
    let what = "an organization that is suspended";
    world.loses(what, &token(&person), &by, &suspend, "TENANT_SUSPENDED").await;
}
