//! A server with people of the test's own, who come to it as clients do: with a token or without.
use std::sync::Arc;

use async_graphql::{Request, Variables};
use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use portico::credential::{self, Keys};
use portico::domains::access::catalogue;
use portico::domains::identity::password;
use portico::graph::limits::Limits;
use portico::graph::schema::Schema;
use portico::live::Hub;
use portico::settings::Settings;
use portico::store::connect::connect;
use portico::store::door::Caller;
use portico::store::id;
use portico::web::{Parts, Server};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::world::{
    postgres::{self, Database},
    server,
};

/// What everybody's password is.
pub const PASSWORD: &str = "correct horse battery";

pub struct House {
    pub database: Database,
    schema: Schema,
    pub keys: Arc<Keys>,
}

/// Somebody who can sign in, and the one organization that they work in.
pub struct Person {
    pub id: Uuid,
    pub email: String,
    pub organization: Uuid,
    pub slug: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

impl House {
    pub async fn open() -> Self {
        static READY: OnceCell<Database> = OnceCell::const_new();
        let database = READY
            .get_or_init(|| async {
                let database = postgres::fresh().await;
                catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
                database
            })
            .await
            .clone();
        let door = server::door(&database.app_url, 12);
        let schema = server::schema(door.clone(), Hub::new(door), Limits::default());
        let keys = Arc::new(server::keys());
        Self { database, schema, keys }
    }

    /// The same in front of another database.
    pub fn of(database: &Database) -> Self {
        let door = server::door(&database.app_url, 4);
        let schema = server::schema(door.clone(), Hub::new(door), Limits::default());
        Self { database: database.clone(), schema, keys: Arc::new(server::keys()) }
    }

    /// The same over HTTP.
    pub async fn serve(&self) -> Server {
        let (keys, settings) = (self.keys.clone(), [("PORTICO_LISTEN".to_owned(), "127.0.0.1:0".to_owned())]);
        let parts = Parts {
            schema: self.schema.clone(),
            settings: Arc::new(Settings::read(settings, None).unwrap()),
            read_credential: Arc::new(move |text| credential::read(&keys, text)),
            demo: Arc::new(|| json!({})),
        };
        Server::start(parts).await.unwrap()
    }

    /// Runs statements as the owner of the tables, whom no row-level security stops.
    pub async fn sql(&self, statements: &str) {
        connect(&self.database.owner_url).await.unwrap().batch_execute(statements).await.unwrap();
    }

    /// Why even the owner of the tables is refused.
    pub async fn refusal(&self, statement: &str) -> String {
        let mut owner = connect(&self.database.owner_url).await.unwrap();
        owner.batch_execute(statement).await.unwrap_err().to_string()
    }

    /// The text that an expression comes to.
    pub async fn look(&self, expression: &str) -> String {
        let mut owner = connect(&self.database.owner_url).await.unwrap();
        let question = sql_query(format!("SELECT coalesce(({expression})::text, '') AS answer"));
        question.get_result::<Answer>(&mut owner).await.unwrap().answer
    }

    /// The token of the mail that came last to this address.
    pub async fn mailed(&self, email: &str) -> String {
        let last =
            format!("SELECT body FROM identity.mail WHERE recipient = '{email}' ORDER BY id DESC LIMIT 1");
        let body = self.look(&last).await;
        let token = body.lines().find(|line| line.starts_with("pto_"));
        token.unwrap_or_else(|| panic!("no token: {body}")).to_owned()
    }

    /// A new person in a new organization, with these roles there.
    pub async fn person(&self, roles: &[&str]) -> Person {
        let (id, organization) = (Uuid::now_v7(), Uuid::now_v7());
        let (email, slug) = (format!("{id}@example.com"), format!("org-{}", organization.simple()));
        let hash = password::hash(PASSWORD.to_owned()).await.unwrap();
        self.sql(&format!(
            "INSERT INTO identity.users (id, email, display_name, status, password_hash)
               VALUES ('{id}', '{email}', 'Somebody', 'active', '{hash}');
             INSERT INTO identity.organizations (id, name, slug) VALUES ('{organization}', '{slug}', '{slug}');
             INSERT INTO access.roles (organization_id, id, name, is_system_role)
               SELECT '{organization}', gen_random_uuid(), name, true FROM access.roles
               WHERE organization_id = '00000000-0000-0000-0000-000000000000' AND name <> 'super_admin'"
        ))
        .await;
        let person = Person { id, email, organization, slug };
        self.join(&person, organization, roles).await;
        person
    }

    /// Makes a person a member of another organization as well.
    pub async fn join(&self, person: &Person, organization: Uuid, roles: &[&str]) {
        let id = person.id;
        self.sql(&format!(
            "INSERT INTO identity.memberships (organization_id, user_id) VALUES ('{organization}', '{id}');
             INSERT INTO access.role_assignments (organization_id, id, user_id, role_id)
               SELECT organization_id, gen_random_uuid(), '{id}', id FROM access.roles
               WHERE organization_id = '{organization}' AND name = ANY ('{{{}}}')",
            roles.join(",")
        ))
        .await;
    }

    /// A colleague of `person`.
    pub async fn colleague(&self, person: &Person, roles: &[&str]) -> Person {
        let (id, organization) = (Uuid::now_v7(), person.organization);
        let email = format!("{id}@example.com");
        self.sql(&format!(
            "INSERT INTO identity.users (id, email, display_name, status, password_hash)
               SELECT '{id}', '{email}', 'Colleague', 'active', password_hash FROM identity.users WHERE id = '{}'",
            person.id
        ))
        .await;
        let colleague = Person { id, email, organization, slug: person.slug.clone() };
        self.join(&colleague, organization, roles).await;
        colleague
    }

    /// Asks as whoever shows this token; the whole answer.
    pub async fn ask(&self, token: Option<&str>, document: &str, variables: Value) -> Value {
        let caller = match token.map(|token| credential::read(&self.keys, token)) {
            None => Caller::default(),
            Some(Ok(caller)) => caller,
            Some(Err(denied)) => return json!({ "refused": denied.to_string() }),
        };
        let caller = Caller { request: Uuid::now_v7().to_string(), ..caller };
        let request = Request::new(document).variables(Variables::from_json(variables));
        serde_json::from_slice(&Schema::execute(&self.schema, caller, request).await.body).unwrap()
    }

    /// Asks what has to go well; gives the data.
    pub async fn get(&self, token: Option<&str>, document: &str, variables: Value) -> Value {
        let answer = self.ask(token, document, variables).await;
        assert!(answer.get("errors").is_none() && answer.get("refused").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// The payload of a sign-in.
    pub async fn sign_in(&self, email: &str, password: &str, organization: Option<&str>) -> Value {
        let input = json!({ "email": email, "password": password, "organization": organization });
        let document = "mutation ($input: SignInInput!) { signIn(input: $input) {
            accessToken accessTokenExpiresAt refreshToken mfaToken organizations { id slug name } userErrors { code message path }
        } }";
        self.get(None, document, json!({ "input": input })).await["signIn"].clone()
    }

    /// An access token of a person, who signs in for it.
    pub async fn token(&self, person: &Person) -> String {
        let payload = self.sign_in(&person.email, PASSWORD, Some(&person.slug)).await;
        assert_eq!(payload["userErrors"], json!([]));
        text(&payload["accessToken"])
    }

    /// The payload of a renewal.
    pub async fn refresh(&self, refresh_token: &str, organization: Option<&str>) -> Value {
        let input = json!({ "refreshToken": refresh_token, "organization": organization });
        let document = "mutation ($input: SessionRefreshInput!) { sessionRefresh(input: $input) {
            accessToken refreshToken userErrors { code path }
        } }";
        self.get(None, document, json!({ "input": input })).await["sessionRefresh"].clone()
    }

    /// Whether a token opens anything; if not, the code of the refusal.
    pub async fn opens(&self, token: &str) -> Result<(), String> {
        let answer = self.ask(Some(token), "{ viewer { permissions } }", json!({})).await;
        match answer["errors"][0]["extensions"]["code"].as_str() {
            None if answer["data"]["viewer"]["permissions"].is_array() => Ok(()),
            None => Err(answer.to_string()),
            Some(code) => Err(code.to_owned()),
        }
    }

    /// Says how the only mistake of a payload is called.
    pub fn code(payload: &Value) -> &str {
        assert_eq!(payload["userErrors"].as_array().map(Vec::len), Some(1), "{payload:#}");
        payload["userErrors"][0]["code"].as_str().unwrap()
    }
}

/// An id as the API writes it.
pub fn global_id(prefix: &str, id: Uuid) -> String {
    let mut text = Vec::new();
    id::write(prefix, id, &mut text);
    String::from_utf8(text).unwrap()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
