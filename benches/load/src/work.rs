//! What is asked: each workload as GraphQL, and by hand as one statement that gives the same rows.
use serde_json::{Value, json};
use uuid::Uuid;

/// One workload.
pub struct Work {
    pub name: &'static str,
    pub about: &'static str,
    pub document: &'static str,
    /// By hand: one prepared statement. $1 is the organization, $2 the key, $3 the person, $4 the text, $5 the version.
    pub statement: &'static str,
    pub key: Key,
    pub variables: fn(&Turn) -> Value,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    None,
    Deal,
    Stage,
    /// A conversation of which no other worker appends to.
    Conversation,
    /// A deal that no other worker changes.
    OwnDeal,
}

/// One request: who asks, where, and about what.
#[derive(Clone, Debug)]
pub struct Turn {
    pub organization: Uuid,
    pub person: Uuid,
    pub token: String,
    pub key: Uuid,
    pub text: String,
    pub version: i32,
}

impl Work {
    pub const fn is_change(&self) -> bool {
        matches!(self.key, Key::Conversation | Key::OwnDeal)
    }

    /// The body of a request to Portico.
    pub fn body(&self, turn: &Turn) -> String {
        json!({ "query": self.document, "variables": (self.variables)(turn) }).to_string()
    }
}

/// The workloads, in the order in which they are reported.
pub const ALL: &[Work] = &[
    Work {
        name: "Q1",
        about: "one deal by id, 5 fields",
        document: include_str!("../../operations/Q1.graphql"),
        statement: "SELECT json_build_object('id', id, 'name', name, 'status', status, 'probability', probability::text,
            'value', json_build_object('amount', value::text, 'currency', currency))::text
            FROM sales.deals WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        key: Key::Deal,
        variables: |turn| json!({ "id": id("deal", turn.key) }),
    },
    Work {
        name: "Q2",
        about: "20 conversations with their person and last 10 messages, each with its author",
        document: include_str!("../../operations/Q2.graphql"),
        statement: "SELECT json_agg(json_build_object('id', c.id, 'title', c.title, 'messageCount', c.message_count,
              'user', json_build_object('id', u.id, 'displayName', u.display_name), 'messages', m.list)
              ORDER BY c.created_at DESC, c.id DESC)::text
            FROM (SELECT * FROM chat.conversations WHERE organization_id = $1 AND deleted_at IS NULL
                  ORDER BY created_at DESC, id DESC LIMIT 20) c
            LEFT JOIN identity.users u ON u.id = c.user_id
            CROSS JOIN LATERAL (
              SELECT json_agg(json_build_object('id', m.id, 'seq', m.seq, 'role', m.role, 'content', m.content,
                'createdAt', m.created_at, 'author', CASE WHEN a.id IS NOT NULL
                  THEN json_build_object('id', a.id, 'displayName', a.display_name) END) ORDER BY m.seq) AS list
              FROM (SELECT * FROM chat.messages m WHERE m.organization_id = $1 AND m.conversation_id = c.id
                    ORDER BY m.seq DESC LIMIT 10) m
              LEFT JOIN identity.users a ON a.id = m.author_id) m",
        key: Key::None,
        variables: |_| json!({}),
    },
    Work {
        name: "Q3",
        about: "50 deals of a stage by value, with owner and last 5 history entries",
        document: include_str!("../../operations/Q3.graphql"),
        statement: "SELECT json_agg(json_build_object('id', d.id, 'name', d.name,
              'value', json_build_object('amount', d.value::text, 'currency', d.currency),
              'owner', CASE WHEN u.id IS NOT NULL THEN json_build_object('id', u.id, 'displayName', u.display_name) END,
              'history', h.list) ORDER BY d.value DESC, d.id DESC)::text
            FROM (SELECT * FROM sales.deals WHERE organization_id = $1 AND stage_id = $2 AND deleted_at IS NULL
                  ORDER BY value DESC, id DESC LIMIT 50) d
            LEFT JOIN identity.users u ON u.id = d.owner_id
            CROSS JOIN LATERAL (
              SELECT coalesce(json_agg(json_build_object('id', h.id, 'fieldChanged', h.field_changed, 'oldValue', h.old_value,
                'newValue', h.new_value, 'changedAt', h.changed_at) ORDER BY h.changed_at DESC, h.id DESC), '[]') AS list
              FROM (SELECT * FROM sales.deal_history h WHERE h.organization_id = $1 AND h.deal_id = d.id
                    ORDER BY h.changed_at DESC, h.id DESC LIMIT 5) h) h",
        key: Key::Stage,
        variables: |turn| json!({ "stage": id("stage", turn.key) }),
    },
    Work {
        name: "Q4",
        about: "5 budgets with all 20 lines, department and submitter",
        document: include_str!("../../operations/Q4.graphql"),
        statement: "SELECT json_agg(json_build_object('id', b.id, 'name', b.name, 'fiscalYear', b.fiscal_year, 'status', b.status,
              'total', json_build_object('amount', b.total_amount::text, 'currency', b.currency),
              'department', CASE WHEN d.id IS NOT NULL THEN json_build_object('id', d.id, 'name', d.name) END,
              'submittedBy', CASE WHEN u.id IS NOT NULL THEN json_build_object('id', u.id, 'displayName', u.display_name) END,
              'lineItems', l.list) ORDER BY b.created_at DESC, b.id DESC)::text
            FROM (SELECT * FROM finance.budgets WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT 5) b
            LEFT JOIN finance.departments d ON d.organization_id = $1 AND d.id = b.department_id
            LEFT JOIN identity.users u ON u.id = b.submitted_by
            CROSS JOIN LATERAL (
              SELECT json_agg(json_build_object('id', l.id, 'category', l.category,
                'annualAmount', json_build_object('amount', l.annual_amount::text, 'currency', b.currency))
                ORDER BY l.created_at, l.id) AS list
              FROM (SELECT * FROM finance.budget_line_items l WHERE l.organization_id = $1 AND l.budget_id = b.id
                    ORDER BY l.created_at, l.id LIMIT 100) l) l",
        key: Key::None,
        variables: |_| json!({}),
    },
    Work {
        name: "Q5",
        about: "100 controls with their 5 issues and assignees",
        document: include_str!("../../operations/Q5.graphql"),
        statement: "SELECT json_agg(json_build_object('id', c.id, 'key', c.control_id, 'name', c.name, 'status', c.status,
              'issues', i.list) ORDER BY c.created_at DESC, c.id DESC)::text
            FROM (SELECT * FROM governance.compliance_controls WHERE organization_id = $1
                  ORDER BY created_at DESC, id DESC LIMIT 100) c
            CROSS JOIN LATERAL (
              SELECT coalesce(json_agg(json_build_object('id', i.id, 'description', i.description, 'severity', i.severity,
                'status', i.status, 'dueDate', i.due_date, 'assignedTo', CASE WHEN u.id IS NOT NULL
                  THEN json_build_object('id', u.id, 'displayName', u.display_name) END)
                ORDER BY i.detected_at DESC, i.id DESC), '[]') AS list
              FROM (SELECT * FROM governance.compliance_issues i WHERE i.organization_id = $1 AND i.control_id = c.id
                    ORDER BY i.detected_at DESC, i.id DESC LIMIT 10) i
              LEFT JOIN identity.users u ON u.id = i.assigned_to) i",
        key: Key::None,
        variables: |_| json!({}),
    },
    Work {
        name: "M1",
        about: "append a message of 400 bytes",
        document: include_str!("../../operations/M1.graphql"),
        statement: "INSERT INTO chat.messages (organization_id, id, conversation_id, role, content, author_id)
            VALUES ($1, uuidv7(), $2, 'user', $4, $3)
            RETURNING json_build_object('id', id, 'seq', seq, 'createdAt', created_at)::text",
        key: Key::Conversation,
        variables: |turn| json!({ "input": { "conversationId": id("conv", turn.key), "content": turn.text } }),
    },
    Work {
        name: "M2",
        about: "change a deal whose version is checked",
        document: include_str!("../../operations/M2.graphql"),
        statement: "UPDATE sales.deals SET probability = 10 + $5 % 80
            WHERE organization_id = $1 AND id = $2 AND revision = $5 AND $3::uuid IS NOT NULL AND $4::text IS NOT NULL
            RETURNING json_build_object('id', id, 'version', revision, 'probability', probability::text)::text",
        key: Key::OwnDeal,
        variables: |turn| {
            json!({ "input": {
                "id": id("deal", turn.key), "expectedVersion": turn.version,
                "probability": (10 + turn.version % 80).to_string(),
            } })
        },
    },
];

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An id as Portico writes it.
pub fn id(prefix: &str, uuid: Uuid) -> String {
    let number = uuid.as_u128();
    let letter = |place: usize| char::from(ALPHABET[(number >> (5 * (25 - place)) & 31) as usize]);
    format!("{prefix}_{}", (0..26).map(letter).collect::<String>())
}

/// An id as any of the measured servers writes it: `deal_01jd…` or a plain UUID.
fn read_id(text: &str) -> Option<Uuid> {
    if let Ok(uuid) = text.parse() {
        return Some(uuid);
    }
    let digit = |letter: u8| ALPHABET.iter().position(|known| *known == letter);
    let (_, digits) = text.rsplit_once('_').filter(|(_, digits)| digits.len() == 26)?;
    digits
        .bytes()
        .try_fold(0_u128, |number, letter| Some(number << 5 | digit(letter)? as u128))
        .map(Uuid::from_u128)
}

/// The ids of all rows of an answer, in order: equal rows have equal ids.
pub fn ids(answer: &Value) -> Vec<Uuid> {
    fn gather(value: &Value, found: &mut Vec<Uuid>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
            Value::Object(fields) => {
                let own = ["id", "rowId"].iter().filter_map(|name| fields.get(*name)?.as_str());
                found.extend(own.filter_map(read_id));
                fields.values().for_each(|field| gather(field, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    gather(answer, &mut found);
    found.sort_unstable();
    found
}
