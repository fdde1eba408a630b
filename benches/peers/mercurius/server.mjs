// The same rows as Portico's, as one would write it with Mercurius: compiled queries, a loader for each relation, one
// prepared statement for each loader. It connects past row level security and believes the header that names the
// organization, so it does less than Portico has to.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

const url = new URL(process.env.BENCH_DATABASE.replace(/@[^/]*/, '@localhost'))
const host = decodeURIComponent(process.env.BENCH_DATABASE.match(/@([^/]*)/)[1])
// numbers as they are written, times as text
for (const kind of [20, 1700, 1082, 1114, 1184]) pg.types.setTypeParser(kind, kind === 20 ? Number : (text) => text)
const pool = new pg.Pool({ host, user: url.username, database: url.pathname.slice(1), max: 16 })
const ask = async (name, text, values) => (await pool.query({ name, text, values })).rows

const schema = `
  type Money { amount: String! currency: String! }
  type User { id: ID! displayName: String }
  type Message { id: ID! seq: Int! role: String! content: String! createdAt: String! author: User }
  type Conversation { id: ID! title: String messageCount: Int! user: User messages(last: Int!): [Message!]! }
  type HistoryEntry { id: ID! fieldChanged: String! oldValue: String newValue: String changedAt: String! }
  type Deal { id: ID! name: String status: String! probability: String! version: Int! value: Money! owner: User
    history(first: Int!): [HistoryEntry!]! }
  type Department { id: ID! name: String! }
  type Line { id: ID! category: String! annualAmount: Money! }
  type Budget { id: ID! name: String! fiscalYear: Int! status: String! total: Money! department: Department
    submittedBy: User lineItems(first: Int!): [Line!]! }
  type Issue { id: ID! description: String! severity: String! status: String! dueDate: String assignedTo: User }
  type Control { id: ID! key: String! name: String! status: String! issues(first: Int!): [Issue!]! }
  type Query {
    deal(id: ID!): Deal
    conversations(first: Int!): [Conversation!]!
    deals(first: Int!, stage: ID!): [Deal!]!
    budgets(first: Int!): [Budget!]!
    complianceControls(first: Int!): [Control!]!
  }
  type Mutation {
    messageSend(conversation: ID!, content: String!): Message!
    dealUpdate(id: ID!, expectedVersion: Int!, probability: String!): Deal!
  }`

const deal = `id, name, status, probability, revision AS version, owner_id, json_build_object('amount', value::text, 'currency', currency) AS value`
const resolvers = {
  Query: {
    deal: async (_, { id }, { organization }) =>
      (await ask('deal', `SELECT ${deal} FROM sales.deals WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`, [organization, id]))[0],
    conversations: (_, { first }, { organization }) =>
      ask('conversations', `SELECT id, title, message_count AS "messageCount", user_id FROM chat.conversations
        WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2`, [organization, first]),
    deals: (_, { first, stage }, { organization }) =>
      ask('deals', `SELECT ${deal} FROM sales.deals WHERE organization_id = $1 AND stage_id = $2 AND deleted_at IS NULL
        ORDER BY deals.value DESC, id DESC LIMIT $3`, [organization, stage, first]),
    budgets: (_, { first }, { organization }) =>
      ask('budgets', `SELECT id, name, fiscal_year AS "fiscalYear", status, department_id, submitted_by,
        json_build_object('amount', total_amount::text, 'currency', currency) AS total FROM finance.budgets
        WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, [organization, first]),
    complianceControls: (_, { first }, { organization }) =>
      ask('controls', `SELECT id, control_id AS key, name, status FROM governance.compliance_controls
        WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, [organization, first])
  },
  Mutation: {
    messageSend: async (_, { conversation, content }, { organization, person }) =>
      (await ask('send', `INSERT INTO chat.messages (organization_id, id, conversation_id, role, content, author_id)
        VALUES ($1, uuidv7(), $2, 'user', $3, $4) RETURNING id, seq, role, content, created_at AS "createdAt", author_id`,
      [organization, conversation, content, person]))[0],
    dealUpdate: async (_, { id, expectedVersion, probability }, { organization }) =>
      (await ask('update', `UPDATE sales.deals SET probability = $4 WHERE organization_id = $1 AND id = $2 AND revision = $3
        RETURNING ${deal}`, [organization, id, expectedVersion, probability]))[0]
  }
}

// Rows by their ids, and rows that belong to each of some parents.
const byId = (name, text, key) => async (queries, { organization }) => {
  const rows = await ask(name, text, [organization, [...new Set(queries.map(({ obj }) => obj[key]).filter(Boolean))]])
  const found = new Map(rows.map((row) => [row.id, row]))
  return queries.map(({ obj }) => found.get(obj[key]) ?? null)
}
const each = (name, text, count) => async (queries, { organization }) => {
  const rows = await ask(name, text, [organization, queries.map(({ obj }) => obj.id), queries[0].params[count]])
  const found = new Map(queries.map(({ obj }) => [obj.id, []]))
  for (const row of rows) found.get(row.parent).push(row)
  return queries.map(({ obj }) => found.get(obj.id))
}
const user = (key) => byId('users', 'SELECT id, display_name AS "displayName" FROM identity.users WHERE id = ANY($2) AND $1::uuid IS NOT NULL', key)
const lateral = (inner) => `SELECT p.id AS parent, c.* FROM unnest($2::uuid[]) AS p (id) CROSS JOIN LATERAL (${inner} LIMIT $3) c`
const loaders = {
  Conversation: {
    user: user('user_id'),
    messages: async (...all) => {
      const newest = await each('messages', lateral(`SELECT id, seq, role, content, created_at AS "createdAt", author_id FROM chat.messages
        WHERE organization_id = $1 AND conversation_id = p.id ORDER BY seq DESC`), 'last')(...all)
      return newest.map((rows) => rows.reverse())
    }
  },
  Message: { author: user('author_id') },
  Deal: {
    owner: user('owner_id'),
    history: each('history', lateral(`SELECT id, field_changed AS "fieldChanged", old_value AS "oldValue", new_value AS "newValue",
      changed_at AS "changedAt" FROM sales.deal_history WHERE organization_id = $1 AND deal_id = p.id ORDER BY changed_at DESC, id DESC`), 'first')
  },
  Budget: {
    department: byId('departments', 'SELECT id, name FROM finance.departments WHERE organization_id = $1 AND id = ANY($2)', 'department_id'),
    submittedBy: user('submitted_by'),
    lineItems: each('lines', lateral(`SELECT l.id, l.category, json_build_object('amount', l.annual_amount::text, 'currency', b.currency) AS "annualAmount"
      FROM finance.budget_line_items l JOIN finance.budgets b ON b.organization_id = l.organization_id AND b.id = l.budget_id
      WHERE l.organization_id = $1 AND l.budget_id = p.id ORDER BY l.created_at, l.id`), 'first')
  },
  Control: {
    issues: each('issues', lateral(`SELECT id, description, severity, status, due_date AS "dueDate", assigned_to FROM governance.compliance_issues
      WHERE organization_id = $1 AND control_id = p.id ORDER BY detected_at DESC, id DESC`), 'first')
  },
  Issue: { assignedTo: user('assigned_to') }
}

const app = Fastify()
app.register(mercurius, {
  schema,
  resolvers,
  loaders,
  jit: 1,
  context: (request) => ({ organization: request.headers['x-organization'], person: request.headers['x-person'] })
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`127.0.0.1:${app.server.address().port}`)
