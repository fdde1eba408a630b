//! The data to begin with: the demo is whole, and stays as it is.
mod bulk;
mod demo;
pub mod owner;

use portico::domains::access::catalogue;
use portico::store::connect::{client, connect};
use tokio_postgres::Client;

use crate::world::postgres::{Database, fresh};

/// A database with the platform's roles and nothing else.
async fn migrated() -> Database {
    let database = fresh().await;
    catalogue::sync(&mut connect(&database.owner_url).await.unwrap()).await.unwrap();
    database
}

async fn looking_into(database: &Database) -> Client {
    client(&database.owner_url).await.unwrap()
}

/// The rows of a query as lines of text: nothing should be wrong, so each line is a complaint.
async fn found(client: &Client, query: &str) -> Vec<String> {
    let rows = client.query(&format!("SELECT x::text FROM ({query}) x"), &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Whatever triggers keep true, each with a query that finds what is not.
const TRUTHS: &[(&str, &str)] = &[
    (
        "a conversation's sums are those of its messages",
        "SELECT c.id, c.title FROM chat.conversations c
         LEFT JOIN (SELECT organization_id, conversation_id, count(*) AS messages, sum(total_tokens) AS tokens,
                      sum(estimated_cost) AS cost, max(created_at) AS latest, max(seq) AS seq, count(DISTINCT seq) AS seqs
                    FROM chat.messages GROUP BY 1, 2) m
           ON m.organization_id = c.organization_id AND m.conversation_id = c.id
         WHERE (c.message_count, c.total_tokens, c.total_cost, c.last_message_at, c.message_count, c.message_count)
           IS DISTINCT FROM (coalesce(m.messages, 0), coalesce(m.tokens, 0), coalesce(m.cost, 0), m.latest, m.seq, m.seqs)",
    ),
    (
        "a budget's total is the sum of its lines",
        "SELECT b.id, b.name FROM finance.budgets b WHERE b.total_amount IS DISTINCT FROM
           (SELECT sum(l.annual_amount) FROM finance.budget_line_items l
            WHERE l.organization_id = b.organization_id AND l.budget_id = b.id)",
    ),
    (
        "a deal stands where its stage says",
        "SELECT d.id, d.name FROM sales.deals d
         JOIN sales.pipeline_stages s ON s.organization_id = d.organization_id AND s.id = d.stage_id
         WHERE (d.status, d.pipeline_id, d.probability) IS DISTINCT FROM (s.kind, s.pipeline_id, s.default_probability)",
    ),
    (
        "the last change of each field is what the deal says",
        "SELECT h.deal_id, h.field_changed, h.new_value FROM sales.deal_history h
         JOIN sales.deals d ON d.organization_id = h.organization_id AND d.id = h.deal_id
         WHERE h.new_value IS DISTINCT FROM to_jsonb(d) ->> h.field_changed
           AND NOT EXISTS (SELECT FROM sales.deal_history l WHERE l.organization_id = h.organization_id
             AND l.deal_id = h.deal_id AND l.field_changed = h.field_changed AND l.id > h.id)",
    ),
    (
        "each change of a field begins where the one before ended",
        "SELECT * FROM (SELECT deal_id, field_changed, old_value,
           lag(new_value) OVER w AS before, row_number() OVER w AS number
           FROM sales.deal_history WINDOW w AS (PARTITION BY organization_id, deal_id, field_changed ORDER BY id)) h
         WHERE number > 1 AND old_value IS DISTINCT FROM before",
    ),
    (
        "a control stands as its last test says",
        "SELECT c.control_id FROM governance.compliance_controls c
         LEFT JOIN LATERAL (SELECT t.* FROM governance.control_tests t
           WHERE t.organization_id = c.organization_id AND t.control_id = c.id ORDER BY performed_at DESC, id DESC LIMIT 1) t ON true
         WHERE (c.status, c.last_verified_at, c.next_verification_at) IS DISTINCT FROM
           (coalesce(t.result, 'not_verified'), t.performed_at, CASE WHEN t.result <> 'not_applicable' THEN
             governance.next_verification(c.frequency, t.performed_at) END)",
    ),
    (
        "nothing comes from the future",
        "SELECT id::text FROM chat.messages WHERE created_at > now()
         UNION ALL SELECT id::text FROM sales.deals WHERE greatest(created_at, updated_at, stage_entered_at) > now()
         UNION ALL SELECT id::text FROM finance.budgets WHERE greatest(created_at, updated_at, locked_at, approved_at) > now()
         UNION ALL SELECT id::text FROM audit.audit_logs WHERE occurred_at > now()",
    ),
    (
        "an id has the time of its row",
        "SELECT id, created_at FROM (
           SELECT id, created_at FROM chat.messages UNION ALL SELECT id, created_at FROM sales.deals
           UNION ALL SELECT id, occurred_at FROM audit.audit_logs UNION ALL SELECT id, changed_at FROM sales.deal_history) x
         WHERE ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint <> floor(extract(epoch FROM created_at) * 1000)",
    ),
    (
        "nothing is older than its organization",
        "SELECT o.slug, x.kind, x.created_at FROM identity.organizations o JOIN (
           SELECT 'deal' AS kind, organization_id, created_at FROM sales.deals
           UNION ALL SELECT 'budget', organization_id, created_at FROM finance.budgets
           UNION ALL SELECT 'conversation', organization_id, created_at FROM chat.conversations
           UNION ALL SELECT 'control', organization_id, created_at FROM governance.compliance_controls
           UNION ALL SELECT 'audit', organization_id, occurred_at FROM audit.audit_logs) x
         ON x.organization_id = o.id AND x.created_at < o.created_at",
    ),
    (
        "each organization counts changes of rights",
        "SELECT o.slug FROM identity.organizations o
         WHERE NOT EXISTS (SELECT FROM access.epochs e WHERE e.organization_id = o.id)",
    ),
];

async fn assert_whole(client: &Client) {
    for (truth, lies) in TRUTHS {
        let lies = found(client, lies).await;
        assert!(lies.is_empty(), "{truth}: {lies:#?}");
    }
    let dangling = dangling(client).await;
    assert!(dangling.is_empty(), "foreign keys without a row: {dangling:#?}");
}

/// Loading silences foreign keys where it may: so each one is looked after here.
async fn dangling(client: &Client) -> Vec<String> {
    let keys = "SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
          string_agg(format('f.%I = p.%I', a.attname, b.attname), ' AND ' ORDER BY k.place),
          string_agg(format('f.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.place)
        FROM pg_constraint c, unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (own, other, place), pg_attribute a, pg_attribute b
        WHERE c.contype = 'f' AND c.conparentid = 0 AND a.attrelid = c.conrelid AND a.attnum = k.own
          AND b.attrelid = c.confrelid AND b.attnum = k.other
        GROUP BY c.oid, 1, 2, 3";
    let mut wrong = Vec::new();
    for key in client.query(keys, &[]).await.unwrap() {
        let [name, from, to, same, given]: [String; 5] =
            std::array::from_fn(
                |column| {
                    if column == 0 { key.get::<_, &str>(0).to_owned() } else { key.get(column) }
                },
            );
        let count = format!(
            "SELECT count(*) FROM {from} f WHERE {given} AND NOT EXISTS (SELECT FROM {to} p WHERE {same})"
        );
        let count: i64 = client.query_one(&count, &[]).await.unwrap().get(0);
        if count > 0 {
            wrong.push(format!("{name}: {count}"));
        }
    }
    wrong
}
