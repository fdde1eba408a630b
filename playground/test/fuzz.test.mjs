// Operations that nobody would write, made from the schema at random: whatever is asked, the server answers, in its own words.
//   PORTICO_URL=http://127.0.0.1:8080 FUZZ=20000 SEED=… node --test test/fuzz.test.mjs
// FUZZ is how many, SEED repeats a run that was told; the demo's data are changed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { test } from "node:test";
import * as g from "graphql";
import WebSocket from "ws";

const server = process.env.PORTICO_URL ?? "http://127.0.0.1:8080";
const COUNT = Number(process.env.FUZZ ?? 2000);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
/** Longer than any question may take. */
const PATIENCE = 40_000;
const AT_ONCE = 8;
const PEOPLE = ["eleanor.vance", "marcus.webb", "diego.morales", "hannah.brooks"];
/** What would end the run: sessions, accounts and rights of those who ask, and organizations. */
const LEFT_ALONE = /^(signOut|session|account|organization|membership|user|role|password|mfa|passkey|impersonation|team|delegation|apiKey|accessPolicy|approval|permission|masking|data|sso|quota|billing|plan|sign)/;
/** Words of what is inside, which nobody outside reads. */
const INTERNAL = /panicked|thread '|RUST_BACKTRACE|\.rs:\d|\/src\/|diesel|tokio|postgres(?!ql)|\bSQL\b|SELECT .* FROM|INSERT INTO|UPDATE .* SET|pg_|relation "|violates|constraint "|duplicate key|syntax error at or near|_fkey|_pkey|_check\b|invalid input syntax|character varying/i;

const schema = g.buildSchema(await readFile(new URL("../../schema.graphql", import.meta.url), "utf8"));
const ids = new Map();
/** Arguments that a page has one of at most. */
const PLACE = /^(first|last|after|before)$/;
let random, tokens;
/** The root field that an argument belongs to, which often says what its ids are of. */
let hint = "";

test(`${COUNT} operations at random, seed ${SEED}`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`SEED=${SEED} FUZZ=${COUNT}`);
  const people = await Promise.all(PEOPLE.map(signIn));
  // mostly of who may do everything: what is refused at the door tries nothing behind it
  tokens = [null, "nonsense", ...people, ...Array(12).fill(people[0])];
  await collectIds();
  const faults = [];
  let next = 0;
  const tally = {};
  const worker = async () => {
    while (next < COUNT) {
      const number = next++;
      // each has a seed of its own: it is the same however the others went
      random = generator(SEED + number * 7919);
      const attempt = pick(WEIGHTED)();
      const wrong = await attempt().catch((error) => `no answer: ${error}`);
      tally[attempt.kind] = (tally[attempt.kind] ?? 0) + 1;
      if (wrong) faults.push(`#${number} ${attempt.kind}: ${wrong}\n  ${attempt.what}`);
      if (faults.length > 20) return;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  t.diagnostic(JSON.stringify(tally));
  assert.deepEqual(faults.map((fault) => fault.slice(0, 2000)), []);
  assert.equal((await fetch(`${server}/readyz`)).status, 200, "the server lives");
});

// ── what is tried

/** A valid operation with arguments of the right types, at random. */
function valid() {
  const { query, variables } = operation();
  return post("valid", JSON.stringify({ query, variables }), query);
}

/** A valid operation by GET. */
function byAddress() {
  const { query, variables } = operation("query");
  const address = `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`;
  return attempt("get", address.slice(0, 300), () => ask(address, { headers: credential() }));
}

/** The same with some bytes changed. */
function mutated() {
  const { query, variables } = operation();
  const bytes = [...query];
  for (let count = 1 + below(4); count > 0; count--) {
    const at = below(bytes.length);
    const deed = below(4);
    if (deed === 0) bytes.splice(at, 1 + below(5));
    else if (deed === 1) bytes.splice(at, 0, oddText());
    else if (deed === 2) bytes[at] = pick([..."{}()[]:$@!\"#,|&=\\\u0000\ud800é😀"]);
    else bytes.splice(at, 0, ...bytes.slice(below(bytes.length)).slice(0, 40));
  }
  return post("mutated", JSON.stringify({ query: bytes.join(""), variables }));
}

/** A valid document with values of wrong types in its variables. */
function mistyped() {
  const { query, variables } = operation();
  const names = Object.keys(variables);
  for (const name of names) if (below(2) === 0) variables[name] = oddValue(3);
  if (names.length === 0 || below(4) === 0) variables[oddText()] = oddValue(3);
  return post("mistyped", JSON.stringify({ query, variables }));
}

/** Unknown fields, arguments, types, fragments and directives. */
function unknown() {
  const field = pick(Object.values(schema.getQueryType().getFields()));
  const query = pick([
    () => `{ ${field.name} { ${word()} } }`,
    () => `{ ${field.name}(${word()}: 1) { __typename } }`,
    () => `{ ${field.name} { ... on ${word()} { id } } }`,
    () => `{ ${field.name} { ...${word()} } }`,
    () => `{ ${field.name} @${word()}(if: true) { __typename } }`,
    () => `query ($x: ${word()}!) { ${field.name} { __typename } }`,
    () => `query ($x: Int = "a", $x: Int) { __typename }`,
    () => `subscription { ${word()} }`,
    () => `{ __type(name: "${word()}") { name fields { name } } }`,
    () => `mutation { ${word()}(input: {}) { userErrors { code } } }`,
    () => `{ ${field.name} }`,
    () => `fragment A on Query { ...B } fragment B on Query { ...A } { ...A }`,
  ])();
  return post("unknown", JSON.stringify({ query }), query);
}

/** Deep, wide and doubled. */
function large() {
  const depth = 1 + below(400);
  const query = pick([
    () => `{ node(id: "x") ${"{ ... on Deal ".repeat(depth)}{ id ${"}".repeat(depth + 1)} }`,
    () => `{ deals { nodes ${"{ account { deals { nodes ".repeat(depth)} { id } ${"} } }".repeat(depth)} } }`,
    () => `{ ${Array.from({ length: depth * 5 }, (_, at) => `a${at}: __typename`).join(" ")} }`,
    () => `query { ...f${depth} } fragment f0 on Query { __typename } ${Array.from({ length: depth }, (_, at) => `fragment f${at + 1} on Query { ...f${at} ...f${at} }`).join(" ")}`,
    () => `{ deals(filter: ${"{and: [".repeat(depth)}{}${"]}".repeat(depth)}) { nodes { id } } }`,
    () => `{ deals(first: ${pick(["100", "101", "-1", "0", "2147483647", "2147483648", "9".repeat(40), "1e400", "1.5", "null"])}) { nodes { id } } }`,
    () => `{ deals(${pick(["after", "before"])}: ${JSON.stringify(pick([oddText(), "AAAA", "e30=", word()]))}) { nodes { id } pageInfo { endCursor } } }`,
    () => `{ nodes(ids: [${Array.from({ length: below(150) }, () => JSON.stringify(id())).join(",")}]) { id } }`,
    () => `{ __typename${" @include(if: true)".repeat(depth)} }`,
    () => "[".repeat(depth * 20),
    () => `{ deals(filter: {name: {eq: ${JSON.stringify(oddText().repeat(depth))}}}) { nodes { id } } }`,
  ])();
  return post("large", JSON.stringify({ query }));
}

/** Bodies, headers and methods that are wrong by themselves. */
function malformed() {
  const query = "{ __typename }";
  const body = pick([
    () => "", () => "{", () => "null", () => "[]", () => "[{}]", () => '"x"', () => "{}", () => JSON.stringify({ query: 1 }), () => JSON.stringify({ query, variables: [] }),
    () => JSON.stringify({ query, operationName: word() }), () => JSON.stringify({ query, extensions: oddValue(2) }), () => JSON.stringify(oddValue(4)),
    () => JSON.stringify({ query, variables: nest(below(600)) }), () => `{"query":"{__typename}","query":"{a}"}`, () => Buffer.from([0xff, 0xfe, below(256), below(256)]),
    () => JSON.stringify({ query: null, documentId: oddText(), extensions: { persistedQuery: { version: 1, sha256Hash: word() } } }),
    () => JSON.stringify([{ query }, { query }]), () => '{"query":"\\ud800{__typename}"}', () => `{"query":"{__typename}","variables":{"a":1e999}}`,
  ])();
  const headers = { ...credential(), "content-type": pick(["application/json", "text/plain", "application/json; charset=latin1", "multipart/form-data", "application/graphql", "x"]), accept: pick(["*/*", "application/json", "text/html", "text/event-stream", "application/graphql-response+json", ";;q=", "a/b;q=9"]) };
  const method = pick(["POST", "POST", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
  return attempt("malformed", `${method} ${JSON.stringify(headers)} ${body}`, () => ask("/graphql", { method, headers, body }));
}

/** A websocket on which something is said that is no sense: it is answered or closed, and never goes dead. */
function socket() {
  const words = Array.from({ length: 1 + below(5) }, () =>
    pick([
      () => JSON.stringify({ type: "connection_init", payload: pick([undefined, null, {}, { token: word() }, { authorization: oddValue(1) }, oddValue(2)]) }),
      () => JSON.stringify({ type: "subscribe", id: pick(["1", "1", "2", "", oddText(), 3]), payload: pick([operation(), { query: oddText() }, oddValue(2), { query: "subscription { recordEvents(types: [\"Deal\"]) { __typename } }" }]) }),
      () => JSON.stringify({ type: pick(["complete", "ping", "pong", "next", "start", oddText()]), id: pick(["1", oddText()]), payload: oddValue(2) }),
      () => oddText(), () => "{".repeat(below(2000)), () => Buffer.from([below(256), below(256)]), () => JSON.stringify(oddValue(3)), () => "x".repeat(below(3_000_000)),
    ])(),
  );
  if (below(2) === 0) words.unshift(JSON.stringify({ type: "connection_init", payload: below(2) ? credentialOf(pick(tokens.slice(2))) : {} }));
  return attempt("socket", words.map((one) => String(one).slice(0, 200)).join("\n  "), () => converse(words));
}

/** Subscriptions one after the other on one socket, well-formed and not: each is answered, and none ends the socket. */
function subscriptions() {
  const said = Array.from({ length: 2 + below(4) }, subscription);
  const credential = credentialOf(pick([null, ...tokens.slice(2)]));
  return attempt("subscriptions", said.map((one) => JSON.stringify(one).slice(0, 400)).join("\n  "), async () => {
    const client = new Conversation();
    const found = await followed(client, credential, said).finally(() => client.end());
    return found ?? client.end();
  });
}

/** What is wrong with the answers on a socket, if anything. */
async function followed(client, credential, said) {
  await client.begin(credential);
  for (const [at, payload] of said.entries()) {
    const answers = await client.ask(`${at}`, payload, 1);
    const wrong = leaked(JSON.stringify(answers)) ?? judged(payload.query, answers);
    if (wrong) return wrong;
    // whatever that was, somebody else's question is answered as ever
    const [probe] = await client.ask(`probe${at}`, { query: "{ __typename }" }, 1);
    if (probe?.payload?.data?.__typename !== "Query") return `then it answered ${JSON.stringify(probe)}`;
  }
  return undefined;
}

/** A subscription as a stream of events. */
function events() {
  const { query, variables } = subscription();
  const headers = { ...credential(), "content-type": "application/json", accept: "text/event-stream" };
  return attempt("events", JSON.stringify({ query, variables }).slice(0, 1500), () => ask("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) }, query));
}

/** Mostly one that can be followed. */
function subscription() {
  const right = operation("subscription");
  const cut = (text) => text.slice(0, below(text.length)) + text.slice(below(text.length));
  return pick([
    () => right, () => right, () => right,
    () => ({ ...right, query: cut(right.query) }),
    () => ({ ...right, query: right.query.replace(/\w+/g, (known) => (below(12) ? known : word())) }),
    () => ({ ...right, variables: Object.fromEntries(Object.keys(right.variables).map((name) => [name, oddValue(2)])) }),
    () => ({ ...right, variables: {} }),
    () => ({ ...right, query: right.query.replace(/}\s*$/, `${pick(["__typename", "r9: recordEvents(types: []) { __typename }", "... { recordEvents(types: []) { __typename } }"])} }`) }),
    () => ({ ...right, query: right.query.replace("r0:", `r0: ${pick(["conversationEvents", word()])} r0:`) }),
    () => ({ query: `subscription { recordEvents(types: ${JSON.stringify(Array.from({ length: below(80) }, () => pick(["Deal", word(), ""])))}, after: ${JSON.stringify(pick([null, oddText(), "AAAA", word()]))}) { __typename } }`, variables: {} }),
    () => ({ query: `subscription ($a: ${pick(["Boolean", "String", "[Boolean!]", word()])}) { ${pick(["recordEvents(types: [])", "conversationEvents"])} @${pick(["skip", "include", word()])}(if: $a) { __typename } }`, variables: { a: pick([true, "x", null]) } }),
  ])();
}

/** Bytes that are no frames, after an upgrade that was one. */
function frames() {
  const bytes = Buffer.from(Array.from({ length: 1 + below(60) }, () => below(256)));
  return attempt("frames", bytes.toString("hex"), async () => {
    const { hostname, port } = new URL(server);
    const wire = connect(Number(port), hostname);
    wire.on("error", () => {});
    await once(wire, "connect");
    wire.write(`GET /graphql HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`);
    const [answer] = await once(wire, "data");
    if (!String(answer).startsWith("HTTP/1.1 101")) return `no upgrade: ${answer}`;
    wire.end(bytes);
    let said = "";
    wire.on("data", (more) => (said += more.toString("latin1")));
    await withPatience(once(wire, "close"));
    return leaked(said);
  });
}

const WEIGHTED = [valid, valid, valid, valid, valid, valid, byAddress, mutated, mutated, mutated, mistyped, mistyped, mistyped, unknown, unknown, large, malformed, malformed, socket, frames, subscriptions, subscriptions, events];

// ── how it is tried

function attempt(kind, what, run) {
  return Object.assign(run, { kind, what });
}

function post(kind, body, query) {
  const headers = { ...credential(), "content-type": "application/json", accept: pick(["application/json", "application/graphql-response+json"]) };
  return attempt(kind, body.slice(0, 1500), () => ask("/graphql", { method: "POST", headers, body }, query));
}

/** What is wrong with the answer, if anything. `query` is the document, where the request is right otherwise. */
async function ask(path, request, query) {
  const stop = new AbortController();
  const text = await withPatience(
    (async () => {
      const answer = await fetch(server + path, { ...request, signal: stop.signal });
      if (answer.status >= 500) return `${answer.status} ${await answer.text()}`;
      if (answer.headers.get("content-type")?.startsWith("text/event-stream")) {
        const { value } = await answer.body.getReader().read();
        return new TextDecoder().decode(value);
      }
      return answer.text();
    })(),
  ).finally(() => setTimeout(() => stop.abort()));
  return leaked(text) ?? (query === undefined ? undefined : judged(query, text));
}

/** Whether a document was refused that GraphQL's own implementation takes, or taken that it refuses. */
function judged(query, answer) {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  const wrong = invalid(query);
  // the server's parser needs no space between a keyword and a name: `queryA { … }`
  const isSyntax = wrong?.startsWith("Syntax Error");
  if (wrong && !isSyntax && !text.includes('"errors"') && !text.includes('"type":"error"')) return `taken, though ${wrong}: ${text.slice(0, 300)}`;
  // values of variables are found wrong where they are used
  const refused = text.includes('"GRAPHQL_VALIDATION_FAILED"') && !/"message":"(?:Invalid value for argument|Expected|Failed to parse)/.test(text);
  if (!wrong && refused) return `refused, though nothing is wrong: ${text.slice(0, 300)}`;
  return undefined;
}

function invalid(query) {
  try {
    return g.validate(schema, g.parse(query), g.specifiedRules, { maxErrors: 1 })[0]?.message;
  } catch (error) {
    return error.message;
  }
}

/** A socket on which questions are asked that are answered. */
class Conversation {
  #client = new WebSocket(server.replace("http", "ws") + "/graphql", "graphql-transport-ws");
  #heard = [];
  #closed = once(this.#client, "close");

  constructor() {
    this.#client.on("error", () => {});
    this.#client.on("message", (data) => this.#heard.push(JSON.parse(data)));
  }

  async begin(payload) {
    await withPatience(Promise.race([once(this.#client, "open"), this.#closed]));
    this.#client.send(JSON.stringify({ type: "connection_init", payload }));
    await this.#until((message) => message.type === "connection_ack");
  }

  /** The first answers to what is asked, which is not followed any further. */
  async ask(id, payload, count) {
    // half a character is no JSON, and whoever sends none is hung up on
    this.#client.send(JSON.stringify({ type: "subscribe", id, payload }).replace(/\\ud[89a-f][0-9a-f]{2}/g, "\\ufffd"));
    const mine = () => this.#heard.filter((message) => message.id === id);
    await this.#until(() => mine().length >= count);
    if (mine().every((message) => message.type === "next")) this.#client.send(JSON.stringify({ type: "complete", id }));
    return mine();
  }

  async end() {
    this.#client.close(1000);
    const [code] = await withPatience(this.#closed);
    return code === 1000 || code === 1005 ? undefined : `closed with ${code}`;
  }

  async #until(come) {
    const closed = this.#closed.then(([code, why]) => { throw new Error(`closed with ${code} ${why}`); });
    closed.catch(() => {});
    while (!this.#heard.some(come)) await withPatience(Promise.race([once(this.#client, "message"), closed]));
  }
}

function leaked(text) {
  if (/^5\d\d /.test(text)) return text;
  if (text.includes('"INTERNAL_SERVER_ERROR"') || text.includes('"TIMEOUT"')) return text;
  // what was asked is quoted in errors, and data are data
  const errors = text.match(/"message":"(?:[^"\\]|\\.)*"/g) ?? [];
  const own = (message) => message.replace(/ --> .* = /, "").replace(/`[^`]*`/g, "").replace(/\\"(?:[^"\\]|\\[^"])*\\"/g, "");
  const inside = errors.find((message) => INTERNAL.test(own(message)));
  return inside && `tells of its inside: ${inside}`;
}

async function converse(words) {
  const client = new WebSocket(server.replace("http", "ws") + "/graphql", "graphql-transport-ws");
  let said = "";
  client.on("error", () => {});
  client.on("message", (data) => (said += data));
  const closed = once(client, "close");
  await withPatience(Promise.race([once(client, "open"), closed]));
  for (const one of words) if (client.readyState === WebSocket.OPEN) client.send(one);
  // it answers to what is right, or has closed for what was not
  if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify({ type: "ping", payload: { alive: true } }));
  const alive = (async () => {
    while (!said.includes('"alive"')) await once(client, "message");
  })();
  await withPatience(Promise.race([alive, closed]));
  client.close();
  const [code] = await withPatience(closed);
  if (code === 1006 || code === 1011) return `closed with ${code}`;
  return leaked(said);
}

function withPatience(promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("nothing was answered")), PATIENCE)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// ── what it is made of

function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function below(limit) {
  return Math.floor(random() * limit);
}

function pick(from) {
  return from[below(from.length)];
}

function credential() {
  return credentialOf(pick(tokens));
}

function credentialOf(token) {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** A document of one or two root fields, its arguments partly in variables; a subscription has one. */
function operation(kind = below(4) === 0 ? "mutation" : "query") {
  const type = schema.getRootType(kind);
  const variables = {};
  const declared = [];
  const fields = Object.values(type.getFields()).filter((field) => kind !== "mutation" || !LEFT_ALONE.test(field.name));
  let root;
  const roots = Array.from({ length: kind === "subscription" ? 1 : 1 + below(2) }, (_, at) => {
    root = pick(fields);
    return `r${at}: ${select(root, 3)}`;
  });
  const head = declared.length ? `(${declared.join(", ")})` : "";
  return { query: `${kind}${head} { ${roots.join(" ")} }`, variables };

  function select(field, depth) {
    const args = field.args
      .filter((argument) => g.isRequiredArgument(argument) || below(PLACE.test(argument.name) ? 12 : 4) === 0)
      .map((argument) => {
        hint = root.name;
        const value = input(argument.type, 3, argument.name);
        const written = below(2) === 0 && literal(argument.type, value);
        if (written) return `${argument.name}: ${written}`;
        const name = `v${declared.length}`;
        declared.push(`$${name}: ${argument.type}`);
        variables[name] = value;
        return `${argument.name}: $${name}`;
      });
    const called = field.name + (args.length ? `(${args.join(", ")})` : "");
    const named = g.getNamedType(field.type);
    return g.isLeafType(named) ? called : `${called} { ${selection(named, depth - 1)} }`;
  }

  function selection(type, depth) {
    if (g.isUnionType(type)) {
      const some = new Set(Array.from({ length: 3 }, () => pick(schema.getPossibleTypes(type))));
      return `__typename ${Array.from(some, (one) => `... on ${one.name} { ${selection(one, depth - 1)} }`).join(" ")}`;
    }
    const all = Object.values(type.getFields());
    const usable = all.filter((field) => depth > 0 || (g.isLeafType(g.getNamedType(field.type)) && !field.args.some(g.isRequiredArgument)));
    const chosen = new Set(Array.from({ length: 1 + below(depth > 0 ? 5 : 3) }, () => pick(usable)).filter(Boolean));
    return ["__typename", ...Array.from(chosen, (field) => (below(20) ? "" : `a${below(1000)}: `) + select(field, depth))].join(" ");
  }
}

/** The value as it is written in a document; nothing for what only variables can hold. */
function literal(type, value) {
  try {
    const node = g.astFromValue(value, g.getNullableType(type));
    return node && g.print(node);
  } catch {
    return undefined;
  }
}

function input(type, depth, name = "") {
  if (g.isNonNullType(type)) return input(type.ofType, depth, name) ?? some(type.ofType, name);
  if (below(12) === 0) return null;
  if (g.isListType(type)) return Array.from({ length: below(depth > 0 ? 3 : 1) }, () => input(type.ofType, depth - 1, name) ?? some(g.getNamedType(type), name));
  return some(type, name, depth);
}

function some(type, name, depth = 1) {
  if (g.isListType(type)) return [];
  if (g.isEnumType(type)) return pick(type.getValues()).value;
  if (g.isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    if (type.isOneOf) {
      const one = pick(fields);
      return { [one.name]: some(g.getNullableType(one.type), one.name, depth - 1) };
    }
    const taken = fields.filter((field) => g.isRequiredInputField(field) || (depth > 0 && below(fields.length) < 2));
    return Object.fromEntries(taken.map((field) => [field.name, input(field.type, depth - 1, field.name)]));
  }
  switch (type.name) {
    case "Int": return pick([0, 1, 2, 3, 5, 10, 100, -1, 2147483647, -2147483648]);
    case "Float": return pick([0, -1.5, 1e308]);
    case "Boolean": return below(2) === 0;
    case "ID": return id(name);
    case "String": return pick([oddText, word, word, () => "deal.read", () => "Deal"])();
    case "Decimal": return pick(["0", "1.00", "25", "60.00", "-5", "99999999999999999999999.99", "1e5", "NaN", "0.000000000000000000001", oddText()]);
    case "BigInt": return pick(["0", "9223372036854775807", "9223372036854775808", "-1"]);
    case "Date": return pick(["2026-11-28", "0001-01-01", "9999-12-31", "2026-02-30", "-4713-01-01", "275760-09-13"]);
    case "DateTime": return pick(["2026-11-28T12:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2026-11-28T12:00:00+14:00", "292277-01-01T00:00:00Z"]);
    case "CurrencyCode": return pick(["USD", "EUR", "XXX", "usd", "ZZZ"]);
    case "JSONObject": return pick([{}, { a: 1 }, { [oddText()]: oddText() }, nest(30)]);
    case "EventCursor": return pick([oddText(), "AAAA", word()]);
    default: return pick([oddText(), word(), "x", {}, 1]);
  }
}

/** Mostly of a record of the type that is meant. */
function id(name = "") {
  const of = (one) => one && [...ids.entries()].find(([list]) => list.startsWith(one) || one.startsWith(list.replace(/s$/, "")));
  const [, known] = of(name.replace(/Ids?$|^ids?$/, "")) || of(hint) || pick([...ids.entries()]);
  if (below(10)) return pick(known);
  return pick([() => pick(pick([...ids.values()])), () => pick(known).slice(0, -1), () => `${word()}_${"0".repeat(26)}`, () => "deal_7zzzzzzzzzzzzzzzzzzzzzzzzz", oddText])();
}

function word() {
  return Array.from({ length: 1 + below(12) }, () => pick([..."abcdefghijklmnopqrstuvwxyz_"])).join("");
}

function oddText() {
  return pick(["", " ", "\u0000", "a\u0000b", "\u202e", "é", "e\u0301", "😀", "\ufeff", "'", "';--", "\\", "%", "_", "\n", "\"\"\"", "ß".repeat(300), "x".repeat(5000), "\ud800", "$1", "${x}", "../../etc/passwd", "null", "NaN", "\u2028", "ﷺ", "İ", "{{", word(), word()]);
}

function oddValue(depth) {
  return pick([
    () => null, () => true, () => 0, () => -1, () => 1e308, () => 9007199254740993, () => 1.5, oddText, word, id, () => ({}), () => [],
    () => (depth > 0 ? [oddValue(depth - 1), oddValue(depth - 1)] : []), () => (depth > 0 ? { [pick(["input", "id", "eq", oddText()])]: oddValue(depth - 1) } : {}),
  ])();
}

function nest(depth) {
  let value = {};
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

async function signIn(mailbox) {
  const query = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }";
  const variables = { input: { email: `${mailbox}@aether-demo.example`, password: "portico-demo" } };
  const answer = await fetch(`${server}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query, variables }) });
  return (await answer.json()).data.signIn.accessToken;
}

/** Ids that exist, of every type that has a list. */
async function collectIds() {
  const lists = Object.values(schema.getQueryType().getFields()).filter((field) => g.getNamedType(field.type).name.endsWith("Connection") && !field.args.some(g.isRequiredArgument));
  for (const { name } of lists) {
    const answer = await fetch(`${server}/graphql`, { method: "POST", headers: { ...credentialOf(tokens[2]), "content-type": "application/json" }, body: JSON.stringify({ query: `{ ${name}(first: 5) { nodes { id } } }` }) });
    const nodes = (await answer.json()).data?.[name]?.nodes ?? [];
    if (nodes.length) ids.set(name, nodes.map((node) => node.id));
  }
  assert.ok(ids.size > 10, "there are ids to ask about");
}
