// The same rows as Portico's, as one would write it with Mercurius: compiled queries, a dataloader for each relation, one
// prepared statement for each loader. It connects past row level security and believes the header that names the
// organization, so it does less than Portico has to.
import DataLoader from 'dataloader'
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

// Rows by their ids, and rows that belong to each of some parents: a loader of each kind for each request.
const loader = (context, name, load) => (context.loaders[name] ??= new DataLoader((ids) => load(context, ids)))
const byId = (name, text) => (id, context) => id && loader(context, name, async ({ organization }, ids) => {
  const rows = await ask(name, text, [organization, ids])
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => found.get(id) ?? null)
}).load(id)
const each = (name, inner, newestLast) => (id, count, context) => loader(context, name + count, async ({ organization }, ids) => {
  const text = `SELECT p.id AS parent, c.* FROM unnest($2::uuid[]) AS p (id) CROSS JOIN LATERAL (${inner} LIMIT $3) c`
  const found = new Map(ids.map((id) => [id, []]))
  for (const row of await ask(name, text, [organization, ids, count])) found.get(row.parent).push(row)
  return ids.map((id) => newestLast ? found.get(id).reverse() : found.get(id))
}).load(id)
const user = byId('users', 'SELECT id, display_name AS "displayName" FROM identity.users WHERE id = ANY($2) AND $1::uuid IS NOT NULL')
const department = byId('departments', 'SELECT id, name FROM finance.departments WHERE organization_id = $1 AND id = ANY($2)')
const messages = each('messages', `SELECT id, seq, role, content, created_at AS "createdAt", author_id FROM chat.messages
  WHERE organization_id = $1 AND conversation_id = p.id ORDER BY seq DESC`, true)
const history = each('history', `SELECT id, field_changed AS "fieldChanged", old_value AS "oldValue", new_value AS "newValue",
  changed_at AS "changedAt" FROM sales.deal_history WHERE organization_id = $1 AND deal_id = p.id ORDER BY changed_at DESC, id DESC`)
const lines = each('lines', `SELECT l.id, l.category, json_build_object('amount', l.annual_amount::text, 'currency', b.currency) AS "annualAmount"
  FROM finance.budget_line_items l JOIN finance.budgets b ON b.organization_id = l.organization_id AND b.id = l.budget_id
  WHERE l.organization_id = $1 AND l.budget_id = p.id ORDER BY l.created_at, l.id`)
const issues = each('issues', `SELECT id, description, severity, status, due_date AS "dueDate", assigned_to FROM governance.compliance_issues
  WHERE organization_id = $1 AND control_id = p.id ORDER BY detected_at DESC, id DESC`)
Object.assign(resolvers, {
  Conversation: {
    user: (row, _, context) => user(row.user_id, context),
    messages: (row, { last }, context) => messages(row.id, last, context)
  },
  Message: { author: (row, _, context) => user(row.author_id, context) },
  Deal: {
    owner: (row, _, context) => user(row.owner_id, context),
    history: (row, { first }, context) => history(row.id, first, context)
  },
  Budget: {
    department: (row, _, context) => department(row.department_id, context),
    submittedBy: (row, _, context) => user(row.submitted_by, context),
    lineItems: (row, { first }, context) => lines(row.id, first, context)
  },
  Control: { issues: (row, { first }, context) => issues(row.id, first, context) },
  Issue: { assignedTo: (row, _, context) => user(row.assigned_to, context) }
})

const app = Fastify()
app.register(mercurius, {
  schema,
  resolvers,
  jit: 1,
  context: (request) => ({ organization: request.headers['x-organization'], person: request.headers['x-person'], loaders: {} })
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`127.0.0.1:${app.server.address().port}`)
