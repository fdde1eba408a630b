//! Law: an operation takes as many statements as it took, and no more memory. Both are the same on every machine, so a
//! change that makes requests dearer is seen here; how long they take is the benchmark's business, whose operations
//! these are.
use std::{collections::BTreeMap, fs};

use async_graphql::{Request, Variables};
use diesel::{QueryableByName, sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use portico::{
    domains::access::catalogue,
    graph::{limits::Limits, schema::Schema},
    seed::{Plan, bulk},
    store::{
        connect::connect,
        door::Caller,
        id::{Id, Kind},
    },
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{repository, statements};
use crate::world::{city::serve, postgres};

/// What one operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Cost {
    /// All that PostgreSQL is asked, the beginning and the end of transactions included.
    statements: u64,
    /// How much memory is taken, given back or not.
    bytes: u64,
    /// How often.
    allocations: u64,
}

/// Memory may differ by this much from one build to another.
const TOLERANCE_PERCENT: u64 = 10;

/// Where to ask what.
struct Desk {
    schema: Schema,
    caller: Caller,
    stage: Uuid,
    conversation: Uuid,
    deal: Uuid,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    organization: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user: Uuid,
    #[diesel(sql_type = SqlUuid)]
    session: Uuid,
    #[diesel(sql_type = SqlUuid)]
    stage: Uuid,
    #[diesel(sql_type = SqlUuid)]
    conversation: Uuid,
    #[diesel(sql_type = SqlUuid)]
    deal: Uuid,
}

impl Desk {
    /// In the first organization of the benchmark's data, for its owner.
    async fn open() -> Self {
        let database = postgres::fresh().await;
        let mut owner = connect(&database.owner_url).await.unwrap();
        catalogue::sync(&mut owner).await.unwrap();
        let plan = Plan { organizations: 1, scale: Decimal::new(3, 1) };
        bulk(&database.owner_url, &plan, |_| Ok(())).await.unwrap();
        let found: Found = sql_query(
            "WITH who AS (SELECT m.organization_id, m.user_id FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id
                           WHERE u.email = 'person1@org-0001.example'),
                  made AS (INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
                           SELECT gen_random_uuid(), user_id, organization_id, 'none', now() + interval '1 day' FROM who RETURNING id)
             SELECT who.organization_id AS organization, who.user_id AS \"user\", made.id AS session,
                    (SELECT stage_id FROM sales.deals GROUP BY 1 HAVING count(*) >= 50 ORDER BY 1 LIMIT 1) AS stage,
                    (SELECT id FROM chat.conversations WHERE status = 'active' ORDER BY id LIMIT 1) AS conversation,
                    (SELECT id FROM sales.deals WHERE status = 'open' AND deleted_at IS NULL ORDER BY id LIMIT 1) AS deal
               FROM who, made",
        )
        .get_result(&mut owner)
        .await
        .unwrap();
        let caller = Caller {
            organization: Some(found.organization),
            user: Some(found.user),
            session: Some(found.session),
            request: "cost".to_owned(),
            ..Caller::default()
        };
        let schema = serve(&database, Limits::default());
        Self { schema, caller, stage: found.stage, conversation: found.conversation, deal: found.deal }
    }

    fn variables(&self, operation: &str, turn: i32) -> Value {
        match operation {
            "Q1" => json!({ "id": id("deal", self.deal) }),
            "Q3" => json!({ "stage": id("stage", self.stage) }),
            "M1" => {
                json!({ "input": { "conversationId": id("conv", self.conversation), "content": "m".repeat(400) } })
            }
            "M2" => {
                json!({ "input": { "id": id("deal", self.deal), "probability": (10 + turn).to_string() } })
            }
            _ => json!({}),
        }
    }

    async fn ask(&self, document: &str, variables: Value) -> Vec<u8> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        Schema::execute(&self.schema, self.caller.clone(), request).await.body
    }
}

fn id(prefix: &str, uuid: Uuid) -> String {
    struct Any;
    impl Kind for Any {
        const NAME: &'static str = "Any";
        const PREFIX: &'static str = "any";
    }
    Id::<Any>::of(uuid).to_string().replacen("any", prefix, 1)
}

#[test]
fn no_operation_costs_more_than_it_did() {
    statements::watch();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::open());
    let mut measured = BTreeMap::new();
    for operation in ["Q1", "Q2", "Q3", "Q4", "Q5", "M1", "M2"] {
        let path = repository().join(format!("benches/operations/{operation}.graphql"));
        let document = fs::read_to_string(path).unwrap();
        let mut least: Option<Cost> = None;
        // whatever is made once is made by then
        for turn in 0..12 {
            let variables = desk.variables(operation, turn);
            let (before, mut answer) = (statements::count(), Vec::new());
            let memory = allocation_counter::measure(|| {
                answer = runtime.block_on(desk.ask(&document, variables));
            });
            let told: Value = serde_json::from_slice(&answer).unwrap();
            assert!(told.get("errors").is_none() && !told.to_string().contains("\"code\""), "{told:#}");
            let cost = Cost {
                statements: statements::count() - before,
                bytes: memory.bytes_total,
                allocations: memory.count_total,
            };
            least = Some(least.map_or(cost, |least| least.min(cost)));
        }
        measured.insert(operation.to_owned(), least.unwrap());
    }
    let path = repository().join("benches/costs.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&measured).unwrap() + "\n").unwrap();
    }
    let allowed: BTreeMap<String, Cost> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let near = |is: u64, was: u64| is.abs_diff(was) * 100 <= was * TOLERANCE_PERCENT;
    let differs: Vec<_> = measured
        .iter()
        .filter(|(operation, is)| {
            let was = &allowed[*operation];
            is.statements != was.statements
                || !near(is.bytes, was.bytes)
                || !near(is.allocations, was.allocations)
        })
        .map(|(operation, is)| format!("{operation}: {is:?}, not {:?}", allowed[operation]))
        .collect();
    assert!(
        differs.is_empty(),
        "dearer: mend it; cheaper: UPDATE=1 cargo test no_operation_costs\n{}",
        differs.join("\n")
    );
}
