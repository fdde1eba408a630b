// What the clients that people use make of this server: graphql-ws and graphql-sse, their reconnects above all, while the server
// stops, is killed and comes back on the same data.
//   PORTICO_PROGRAM=../target/debug/portico node --test test/clients.test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient as createStreams, NetworkError } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const PROGRAM = process.env.PORTICO_PROGRAM ?? fileURLToPath(new URL("../../target/debug/portico", import.meta.url));
const PROGRAMS = process.env.PORTICO_PROGRAMS ?? fileURLToPath(new URL("../../.portico", import.meta.url));
const PATIENCE = 20_000;

let folder, port, url, server, token, conversation;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-clients-"));
  port = await freePort();
  url = `http://127.0.0.1:${port}/graphql`;
  await start();
  const { signIn } = await ask(
    "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }",
    { input: { email: "marcus.webb@aether-demo.example", password: "portico-demo" } },
  );
  token = signIn.accessToken;
  const { conversationCreate } = await ask(
    `mutation { conversationCreate(input: {title: "What clients hear"}) { conversation { id } userErrors { message } } }`,
  );
  conversation = conversationCreate.conversation.id;
});
after(async () => {
  await stop("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

/** The two ways to follow something. */
const transports = {
  "graphql-ws": (options = {}) => {
    const { credential = () => token, ...more } = options;
    const connectionParams = () => ({ authorization: `Bearer ${credential()}` });
    // left to itself it gives up when nobody listens, as while a server restarts
    const patience = { shouldRetry: () => true, retryAttempts: Infinity, retryWait: soon };
    return createSocket({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams, ...patience, ...more });
  },
  "graphql-sse": (options = {}) => {
    const { credential = () => token, headers = () => ({}), ...more } = options;
    const all = () => ({ authorization: `Bearer ${credential()}`, ...headers() });
    return createStreams({ url, headers: all, retryAttempts: Infinity, retry: soon, ...more });
  },
};

for (const [name, connect] of Object.entries(transports)) {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    test(`${name}: nothing is lost or told twice when the server ends by ${signal} and comes back`, async () => {
      const client = connect();
      const heard = follow(client);
      await heard.opened(1);
      for (let round = 1; round <= 2; round++) {
        await say(5);
        await stop(signal);
        await start();
        // before the client is back, and after
        await say(3);
        await heard.opened(round + 1);
        await say(2);
      }
      await heard.all();
      await client.dispose();
    });
  }

  test(`${name}: a credential is asked for again after one that was refused`, async () => {
    const credentials = ["nonsense", token];
    const client = connect({ credential: () => credentials.shift() });
    const heard = follow(client);
    await heard.opened(1);
    await say(1);
    await heard.all();
    assert.equal(credentials.length, 0);
    await client.dispose();
  });

  test(`${name}: what is no valid operation is said at once, and not tried again`, async () => {
    const client = connect();
    const said = await ending(client, { query: "subscription { recordEvents(types: [\"Deal\"]) { nothing } }" });
    const errors = said.error ?? said.answers[0].errors;
    assert.equal(errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED", JSON.stringify(said));
    await client.dispose();
  });
}

test("graphql-ws: a server that stops says 1012 and why, and a client by default comes back for that", async () => {
  const closes = [];
  // the next server listens before the client tries again
  const retryWait = () => until("the next server", () => server.exitCode === null && ready());
  const client = createSocket({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: { token }, retryWait, on: { closed: (event) => closes.push(event) } });
  const heard = follow(client);
  await heard.opened(1);
  await stop("SIGTERM");
  await start();
  await heard.opened(2);
  await say(1);
  await heard.all();
  assert.equal(closes.length, 1);
  assert.deepEqual([closes[0].code, closes[0].reason], [1012, "The server restarts: connect again"]);
  await client.dispose();
});

test("graphql-ws: pings are answered by either side, and one that carries a credential renews it", async () => {
  const heard = [];
  let socket;
  const client = transports["graphql-ws"]({
    lazy: false,
    keepAlive: 200,
    on: {
      opened: (opened) => (socket = opened),
      connected: (_socket, payload) => heard.push(["ack", payload]),
      ping: (received) => heard.push([received ? "asked" : "asks"]),
      pong: (received, payload) => heard.push([received ? "answered" : "answers", payload]),
    },
  });
  const count = (kind) => heard.filter(([one]) => one === kind).length;
  await until("both sides have asked", () => count("asked") > 1 && count("asks") > 1);
  await until("both sides have answered", () => count("answers") > 1 && count("answered") > 1);
  const { expiresAt } = heard.find(([kind]) => kind === "ack")[1];
  assert.ok(Date.parse(expiresAt) > Date.now(), expiresAt);
  socket.send(JSON.stringify({ type: "ping", payload: { authorization: `Bearer ${token}` } }));
  await until("the answer to the renewal", () => heard.some(([kind, payload]) => kind === "answered" && payload?.expiresAt === expiresAt));
  await client.dispose();
});

test("graphql-ws: an id that is taken ends the socket with 4409, for good", async () => {
  let attempts = 0;
  const client = transports["graphql-ws"]({ generateID: () => "same", on: { connecting: () => attempts++ } });
  const first = ending(client, FOLLOW());
  await until("the first runs", async () => (await first.heard()).length === 1);
  const second = ending(client, FOLLOW());
  for (const { error } of [await first, await second]) {
    assert.equal(error?.code, 4409, JSON.stringify(error));
    assert.match(error.reason, /Subscriber for same already exists/);
  }
  assert.equal(attempts, 1);
  await client.dispose();
});

test("graphql-ws: one operation too many is refused, and the others go on", async () => {
  const client = transports["graphql-ws"]();
  const heard = [follow(client), follow(client), follow(client)];
  for (const one of heard) await one.opened(1);
  const { error } = await ending(client, FOLLOW());
  assert.equal(error[0].extensions.code, "RATE_LIMITED");
  assert.ok(error[0].extensions.retryAfterMs > 0);
  await say(1);
  for (const one of heard) await one.all();
  await client.dispose();
});

for (const [name, connect] of Object.entries(transports)) {
  test(`${name}: one stream more than the server has room for waits until there is room`, async () => {
    const room = Array.from({ length: 6 }, () => transports["graphql-sse"]());
    for (const client of room) await follow(client).opened(1);
    let attempts = 0;
    const client = connect({ on: { connecting: () => attempts++ } });
    const heard = follow(client);
    await until("it has tried", () => attempts > 2);
    assert.equal(heard.count(), 0);
    room.forEach((client) => client.dispose());
    await heard.opened(1);
    await say(1);
    await heard.all();
    await client.dispose();
  });
}

test("graphql-sse: why a stream does not begin is the status of the answer", async () => {
  const client = transports["graphql-sse"]({ credential: () => "nonsense", retryAttempts: 0 });
  const { error } = await ending(client, FOLLOW());
  assert.ok(error instanceof NetworkError, String(error));
  assert.equal(error.response.status, 401);
  client.dispose();
});

test("graphql-sse: Last-Event-ID does the same as `after`", async () => {
  let last;
  const client = transports["graphql-sse"]({ headers: () => (last ? { "last-event-id": last } : {}) });
  const heard = follow(client, { resume: (cursor) => (last = cursor) });
  await heard.opened(1);
  await say(2);
  await stop("SIGKILL");
  await start();
  await say(2);
  await heard.opened(2);
  await heard.all();
  await client.dispose();
});

function FOLLOW(after) {
  return {
    query: `subscription ($of: [ID!], $after: EventCursor) {
      conversationEvents(conversationIds: $of, after: $after) {
        __typename
        ... on Event { cursor }
        ... on MessageCreated { message { seq } }
      }
    }`,
    variables: { of: [conversation], after },
  };
}

let said = 0;

/** Says so many things in the conversation; they are numbered without a gap. */
async function say(count) {
  for (let one = 0; one < count; one++) {
    const { messageSend } = await ask("mutation ($input: MessageSendInput!) { messageSend(input: $input) { messageEdge { node { seq } } userErrors { message } } }", {
      input: { conversationId: conversation, content: `Number ${said + 1}` },
    });
    said = Number(messageSend.messageEdge.node.seq);
  }
}

/** Follows the conversation from now on, over all reconnects of the client. */
function follow(client, { resume } = {}) {
  const from = said;
  const payload = FOLLOW();
  const seqs = [];
  let openings = 0;
  client.subscribe(payload, {
    next({ data, errors }) {
      assert.equal(errors, undefined, JSON.stringify(errors));
      const event = data.conversationEvents;
      if (resume) resume(event.cursor);
      // the client subscribes again with the payload as it is then
      else payload.variables.after = event.cursor;
      if (event.__typename === "StreamOpened") openings++;
      if (event.__typename === "MessageCreated") seqs.push(Number(event.message.seq));
    },
    error: (error) => seqs.push(error),
    complete() {},
  });
  return {
    count: () => openings,
    opened: (count) => until(`opening number ${count}`, () => openings >= count),
    /** Exactly what was said since, in order. */
    async all() {
      await until("all was told", () => seqs.length >= said - from);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(seqs, Array.from({ length: said - from }, (_, index) => from + 1 + index));
    },
  };
}

/** What a subscription has told when it ends, and how it ends. */
function ending(client, payload) {
  const answers = [];
  const end = new Promise((resolve) => {
    client.subscribe(payload, { next: (answer) => answers.push(answer), error: (error) => resolve({ answers, error }), complete: () => resolve({ answers }) });
  });
  return Object.assign(end, { heard: async () => answers });
}

async function ask(query, variables) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

async function start() {
  const settings = {
    PORTICO_DATA: join(folder, "data"),
    PORTICO_PROGRAMS: PROGRAMS,
    PORTICO_LISTEN: `127.0.0.1:${port}`,
    PORTICO_LOG: "error",
    PORTICO_SOCKET_PING_SECONDS: "1",
    PORTICO_MAX_SOCKETS: "6",
    PORTICO_MAX_SOCKET_OPERATIONS: "3",
  };
  const others = Object.entries(process.env).filter(([name]) => !/^(PORTICO|DATABASE)_/.test(name));
  server = spawn(PROGRAM, ["serve"], { env: { ...Object.fromEntries(others), ...settings }, stdio: ["ignore", "ignore", "inherit"] });
  await until("the server is ready", async () => {
    assert.equal(server.exitCode, null, "the server has ended");
    return ready();
  });
}

function ready() {
  return fetch(new URL("/readyz", url)).then(({ ok }) => ok, () => false);
}

async function stop(signal) {
  const ended = once(server, "exit");
  server.kill(signal);
  await ended;
}

async function until(what, isSo) {
  const end = Date.now() + PATIENCE;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `${what}: never`);
    await soon();
  }
}

function soon() {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
