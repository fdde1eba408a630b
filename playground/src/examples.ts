// Every example operation of the start page. `npm test` validates each against schema.graphql.

export interface Example {
  title: string;
  entity: string;
  /** One sentence: what it shows. */
  about: string;
  document: string;
  /** A string `$.deals.nodes.0.id` is replaced by what `lookup` finds at that path. */
  variables?: Record<string, unknown>;
  /** A query that finds values for the variables in the caller's own organization. */
  lookup?: string;
}

export function kindOf(example: Example): "query" | "mutation" | "subscription" {
  const word = /^\s*(?:#.*\n\s*)*(mutation|subscription)\b/.exec(example.document)?.[1];
  return word === "mutation" || word === "subscription" ? word : "query";
}

export const examples: Example[] = [
  {
    entity: "You",
    title: "Who am I?",
    about: "Your person, your organizations and your permissions; `eventCursor` is where a subscription can begin.",
    document: `
query WhoAmI {
  viewer {
    user { id displayName email }
    organization { id name slug }
    organizations { id name slug }
    permissions
    eventCursor
  }
}`,
  },
  {
    entity: "Deals",
    title: "The open pipeline, largest first",
    about: "Filter, order and a bounded count on one connection, with relations in both directions.",
    document: `
query OpenPipeline($first: Int!) {
  deals(
    first: $first
    filter: { status: { eq: OPEN } }
    orderBy: [{ field: VALUE, direction: DESC }]
  ) {
    totalCount { value precision }
    nodes {
      id
      name
      region
      value { amount currency }
      probability
      expectedCloseDate
      stage { name }
      account { name }
      owner { displayName }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
    variables: { first: 10 },
  },
  {
    entity: "Deals",
    title: "The pipeline by stage and quarter",
    about: "What all open deals amount to, then in groups: one statement each, and money never mixed across currencies.",
    document: `
query PipelineByStage {
  deals(first: 0, filter: { status: { eq: OPEN } }) {
    aggregate { count sumValue { amount currency } avgProbability }
    groupBy(keys: [STAGE, EXPECTED_CLOSE_DATE_QUARTER]) {
      stage { name }
      expectedCloseDateQuarter
      aggregate { count sumWeightedValue { amount currency } }
    }
  }
}`,
  },
  {
    entity: "Deals",
    title: "One deal with its history",
    about: "By id: every change that was made to it, by whom, from what to what.",
    lookup: `{ deals(first: 1) { nodes { id } } }`,
    document: `
query DealHistory($id: ID!) {
  deal(id: $id) {
    name
    value { amount currency }
    history(first: 20) {
      nodes { fieldChanged oldValue newValue changedAt changedBy { displayName } }
    }
  }
}`,
    variables: { id: "$.deals.nodes.0.id" },
  },
  {
    entity: "Deals",
    title: "Change a deal, safely",
    about: "`expectedVersion` refuses to overwrite somebody else's change: run it twice to see the conflict.",
    lookup: `{ deals(first: 1, filter: { status: { eq: OPEN } }) { nodes { id version probability } } }`,
    document: `
mutation ChangeDeal($input: DealUpdateInput!) {
  dealUpdate(input: $input) {
    deal { id version name probability weightedValue { amount currency } }
    userErrors {
      code
      message
      path
      ... on ConflictError { currentVersion }
    }
  }
}`,
    variables: { input: { id: "$.deals.nodes.0.id", expectedVersion: "$.deals.nodes.0.version", probability: "55.00" } },
  },
  {
    entity: "Deals",
    title: "Change many deals at once",
    about: "One transaction; `REJECT_FAILED` does what can be done and tells of each item why it could not. The second names a version that was never there.",
    lookup: `{ deals(first: 2, filter: { status: { eq: OPEN } }) { nodes { id version } } }`,
    document: `
mutation ChangeDeals($items: [DealUpdateInput!]!) {
  dealBulkUpdate(input: { items: $items, onError: REJECT_FAILED }) {
    count
    results {
      index
      deal { name version probability }
      userErrors { code message path }
    }
  }
}`,
    variables: {
      items: [
        { id: "$.deals.nodes.0.id", expectedVersion: "$.deals.nodes.0.version", probability: "65.00" },
        { id: "$.deals.nodes.1.id", expectedVersion: 0, probability: "65.00" },
      ],
    },
  },
  {
    entity: "Deals",
    title: "Keep a deal in step with a CRM",
    about: "Made when it is new, changed from then on, found by the CRM's own id; change it here in between, and the next run is refused instead of overwriting you.",
    lookup: `{ pipelines(first: 1) { nodes { stages { id } } } }`,
    document: `
mutation SyncDeal($input: DealUpsertInput!) {
  dealUpsert(input: $input) {
    created
    deal { id version syncedVersion syncedAt name history(first: 3) { nodes { fieldChanged newValue changeSource } } }
    userErrors {
      code
      message
      path
      ... on ConflictError { currentVersion }
    }
  }
}`,
    variables: {
      input: {
        external: { system: "crm", id: "006-0001" },
        name: "Brought by a CRM",
        region: "EUROPE",
        segment: "MID_MARKET",
        lob: "SOFTWARE",
        stageId: "$.pipelines.nodes.0.stages.0.id",
        value: { amount: "25000.00", currency: "EUR" },
      },
    },
  },
  {
    entity: "Deals",
    title: "A deal by the CRM's id",
    about: "`by` finds one record by what else is its own: controls by number, people by address, roles by name. Null when there is none that you may see.",
    document: `
query DealByExternalId($by: DealBy!) {
  deal(by: $by) { id name externalSystem externalDealId syncedAt }
}`,
    variables: { by: { external: { system: "crm", id: "OPP-20001" } } },
  },
  {
    entity: "Accounts",
    title: "Accounts and their deals",
    about: "Nested pages: still a handful of SQL statements, however many accounts.",
    document: `
query AccountsWithDeals {
  accounts(first: 10) {
    nodes {
      name
      domain
      owner { displayName }
      deals(first: 5) { nodes { name status value { amount currency } } }
    }
  }
}`,
  },
  {
    entity: "Conversations",
    title: "Conversations with their last messages",
    about: "Three levels deep, read breadth-first in one snapshot.",
    document: `
query RecentConversations {
  conversations(first: 20) {
    nodes {
      id
      title
      messageCount
      user { displayName }
      messages(last: 3) {
        nodes { seq role content createdAt author { displayName } }
      }
    }
  }
}`,
  },
  {
    entity: "Conversations",
    title: "Follow conversations live",
    about: "A subscription: run it, then send a message from another tab. It resumes where it was cut.",
    lookup: `{ viewer { eventCursor } }`,
    document: `
subscription FollowConversations($after: EventCursor) {
  conversationEvents(after: $after) {
    __typename
    ... on Event { cursor occurredAt }
    ... on StreamOpened { replayed }
    ... on StreamReset { reason }
    ... on MessageCreated {
      message { seq content author { displayName } }
      conversation { id title }
    }
  }
}`,
    variables: { after: "$.viewer.eventCursor" },
  },
  {
    entity: "Conversations",
    title: "Send a message",
    about: "Messages of a conversation are numbered without gaps, whoever writes at the same time.",
    lookup: `{ conversations(first: 1, filter: { status: { eq: ACTIVE } }) { nodes { id } } }`,
    document: `
mutation SendMessage($input: MessageSendInput!) {
  messageSend(input: $input) {
    messageEdge { cursor node { id seq content createdAt } }
    userErrors { code message path }
  }
}`,
    variables: { input: { conversationId: "$.conversations.nodes.0.id", content: "Hello from the playground" } },
  },
  {
    entity: "Budgets",
    title: "Budgets and their lines",
    about: "Money is an exact decimal with its currency, never a float.",
    document: `
query Budgets {
  budgets(first: 10, orderBy: [{ field: FISCAL_YEAR, direction: DESC }]) {
    nodes {
      id
      name
      fiscalYear
      versionName
      status
      total { amount currency }
      department { name }
      lineItems(first: 10) { nodes { category subcategory annualAmount { amount currency } } }
    }
  }
}`,
  },
  {
    entity: "Budgets",
    title: "Approve a budget",
    about: "Needs `budget.approve`, and another person than the one who submitted it.",
    lookup: `{ budgets(first: 1, filter: { status: { eq: SUBMITTED } }) { nodes { id version } } }`,
    document: `
mutation ApproveBudget($input: BudgetRecordInput!) {
  budgetApprove(input: $input) {
    budget { name status approvedAt approvedBy { displayName } }
    userErrors { code message path }
  }
}`,
    variables: { input: { id: "$.budgets.nodes.0.id", expectedVersion: "$.budgets.nodes.0.version" } },
  },
  {
    entity: "Departments",
    title: "Departments and cost centers",
    about: "Who heads what, and which cost center pays.",
    document: `
query Departments {
  departments(first: 20) {
    nodes {
      name
      code
      parent { name }
      head { displayName }
      costCenter { name code manager { displayName } }
    }
  }
}`,
  },
  {
    entity: "Compliance",
    title: "What fails, and what is done about it",
    about: "Controls that failed their last test, with their open issues.",
    document: `
query FailingControls {
  complianceControls(first: 20, filter: { status: { in: [FAIL, WARNING] } }) {
    nodes {
      key
      name
      status
      framework { name }
      owner { displayName }
      tests(first: 3) { nodes { result performedAt } }
      issues(first: 5) { nodes { description severity status dueDate } }
    }
  }
}`,
  },
  {
    entity: "People and roles",
    title: "People and what they are",
    about: "Memberships with department, region and the roles assigned today.",
    document: `
query People {
  users(first: 25) {
    nodes {
      displayName
      email
      membership {
        title
        region
        department { name }
        roles { name displayName }
      }
    }
  }
}`,
  },
  {
    entity: "People and roles",
    title: "What each role may do",
    about: "Roles with all they give at this moment, inherited permissions included, and who has them.",
    document: `
query Roles {
  roles {
    nodes {
      name displayName isSystemRole rowScope
      parent { name }
      effectivePermissions
      assignments(first: 5, filter: { isActive: { eq: true } }) {
        totalCount { value }
        nodes { user { displayName } validUntil isInForce assignmentReason }
      }
    }
  }
}`,
  },
  {
    entity: "People and roles",
    title: "Give a role for a time",
    about: "The role counts from the person's next request until `validUntil`; you can give only what you hold.",
    document: `
mutation GiveRole($input: RoleAssignInput!) {
  roleAssign(input: $input) {
    roleAssignment { id isInForce validUntil role { name } user { displayName } }
    userErrors { code message path }
  }
}`,
    variables: {
      input: { userId: "$.users.nodes.0.id", roleId: "$.roles.nodes.0.id", reason: "Stands in", validUntil: "2030-01-01T00:00:00Z" },
    },
    lookup: `{ users(first: 1) { nodes { id } } roles(first: 1, filter: { name: { eq: "viewer" } }) { nodes { id } } }`,
  },
  {
    entity: "People and roles",
    title: "Who may see a deal, and why",
    about: "Member by member, with the right that lets them in; the page Access shows the same.",
    lookup: `{ deals(first: 1) { nodes { id } } }`,
    document: `
query WhoMaySee($record: ID!) {
  accessReport(recordId: $record, permission: "deal.read", first: 25) {
    people {
      user { displayName }
      grants { verdict rolePath validUntil conditions }
    }
    next
  }
}`,
    variables: { record: "$.deals.nodes.0.id" },
  },
  {
    entity: "People and roles",
    title: "Why may I not?",
    about: "Everybody can ask about themselves: each of their rights, and what it comes to.",
    lookup: `{ budgets(first: 1) { nodes { id } } }`,
    document: `
query WhyNot($record: ID!) {
  viewer {
    explainAccess(permission: "budget.approve", recordId: $record) {
      allowed
      grants { verdict rolePath conditions }
    }
  }
  budget(id: $record) {
    name
    status
    viewerCan(permission: "budget.approve")
  }
}`,
    variables: { record: "$.budgets.nodes.0.id" },
  },
  {
    entity: "People and roles",
    title: "What is shown in part",
    about: "Be Diego Morales: addresses are shown to him in part, and the policies of masking are not his to read.",
    document: `
query InPart {
  users(first: 5) {
    nodes { displayName email }
  }
  maskingPolicies(first: 5) {
    nodes { name fields method roles { nodes { name } } }
  }
}`,
  },
  {
    entity: "Audit",
    title: "The last changes to anything",
    about: "Who, what, before and after; sealed into a hash chain.",
    document: `
query AuditLog {
  auditLogs(first: 20) {
    nodes {
      occurredAt
      actorName
      action
      resourceType
      resourceName
      oldValues
      newValues
    }
  }
}`,
  },
  {
    entity: "How the API behaves",
    title: "Anything by its id",
    about: "One field for every type: the prefix of an id says what it is.",
    lookup: `{ deals(first: 1) { nodes { id } } conversations(first: 1) { nodes { id } } }`,
    document: `
query AnythingById($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    id
    ... on Deal { name status }
    ... on Conversation { title messageCount }
  }
}`,
    variables: { ids: ["$.deals.nodes.0.id", "$.conversations.nodes.0.id"] },
  },
  {
    entity: "How the API behaves",
    title: "A mutation that runs once",
    about: "Run it again with the same key: the first answer comes back and nothing is written twice.",
    lookup: `{ conversations(first: 1, filter: { status: { eq: ACTIVE } }) { nodes { id } } }`,
    document: `
mutation SendOnce($input: MessageSendInput!, $key: String!) {
  messageSend(input: $input) @idempotent(key: $key) {
    messageEdge { node { id seq } }
    userErrors { code message }
  }
}`,
    variables: { input: { conversationId: "$.conversations.nodes.0.id", content: "Only once" }, key: "playground-1" },
  },
  {
    entity: "How the API behaves",
    title: "A list as a file",
    about: "The server writes all pages of the list in the background, with your rights of the moment; ask for `exports` to see how far it is, and for the `downloadUrl`.",
    document: `
mutation ExportOpenDeals($document: String!) {
  exportCreate(input: { document: $document, format: CSV }) {
    export { id status progress }
    userErrors { code message path }
  }
}`,
    variables: {
      document:
        "{ deals(filter: { status: { eq: OPEN } }) { nodes { name value { amount currency } stage { name } owner { displayName } } } }",
    },
  },
  {
    entity: "How the API behaves",
    title: "Your exports",
    about: "How far each is, why it failed if it did, and for some minutes from where its file can be downloaded.",
    document: `
query MyExports {
  exports(first: 10) {
    nodes {
      id
      format
      status
      progress
      rowCount
      snapshotCount
      error { code message }
      expiresAt
      downloadUrl
    }
  }
}`,
  },
  {
    entity: "How the API behaves",
    title: "Follow every change of a record",
    about: "One stream for all types of record, with the record as you may see it.",
    lookup: `{ viewer { eventCursor } }`,
    document: `
subscription FollowRecords($after: EventCursor) {
  recordEvents(types: ["Deal", "Budget"], after: $after) {
    __typename
    ... on Event { cursor occurredAt }
    ... on RecordUpdated { changedFields record { id ... on Record { version } } }
  }
}`,
    variables: { after: "$.viewer.eventCursor" },
  },
];
