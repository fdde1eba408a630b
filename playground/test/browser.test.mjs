// The playground in a real browser against a running server:
//   PORTICO_URL=http://127.0.0.1:8080 npm run test:browser
// PORTICO_CHROMIUM names the browser; PORTICO_SCREENSHOTS a folder to keep pictures in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const server = process.env.PORTICO_URL ?? "http://127.0.0.1:8080";
const pictures = process.env.PORTICO_SCREENSHOTS;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PATIENCE = 20_000;

let browser;
let page;
const requests = [];
const complaints = [];

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.PORTICO_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  page = await open({ width: 1280, height: 800 });
});
after(() => browser?.close());

test("an anonymous visitor sees how to come in", async () => {
  await page.goto(server);
  await page.getByRole("heading", { name: "Come in." }).waitFor();
  await page.locator(".persona").first().waitFor();
  await picture("start-anonymous");
});

test("a wrong password is refused in words", async () => {
  await page.getByLabel("E-mail").fill("nobody@example.org");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.locator(".fault").waitFor();
  assert.match(await page.locator(".fault").innerText(), /\S+ \S+/);
});

test("a person of the demo signs in with one click", async () => {
  const persona = page.locator(".persona").first();
  const name = await persona.locator(".persona-name").innerText();
  await persona.click();
  await page.locator("#identity-name").waitFor();
  await page.locator(".permissions summary").waitFor();
  assert.equal(await page.locator("#identity-name").innerText(), name);
  assert.ok(Number(await page.locator(".permissions summary").innerText()) > 0, "permissions are counted");
  assert.equal(await page.locator(".fault").count(), 0);
  await picture("start-signed-in");
});

test("tokens are in this tab's session storage and nowhere else", async () => {
  const stored = await page.evaluate(() => ({ session: JSON.parse(sessionStorage.getItem("portico:session")), local: JSON.stringify(localStorage), cookie: document.cookie }));
  assert.ok(stored.session.accessToken.length > 0);
  assert.ok(!stored.local.includes(stored.session.accessToken));
  assert.ok(!stored.local.includes(stored.session.refreshToken));
  assert.equal(stored.cookie, "");
});

test("an example opens in the editor and answers", async () => {
  await example("Who am I?", "query WhoAmI");
  await run();
  const answer = await response((text) => text.includes('"eventCursor"'));
  assert.ok(!answer.includes('"errors"'), answer);
  await picture("editor-query");
});

test("what was done for an operation is shown to whoever asks", async () => {
  await page.getByRole("button", { name: "Show Trace" }).click();
  await page.getByLabel("Ask for it").check();
  await example("The open pipeline, largest first", "query OpenPipeline");
  await run();
  await response((text) => text.includes('"trace"'));
  assert.match(await page.locator(".status-line").innerText(), /\d+ of \d+ points/);
  const level = page.locator(".trace ol > li", { hasText: "Query.deals" });
  await level.first().waitFor();
  assert.match(await level.first().innerText(), /SELECT sales\.deals[\s\S]*rows?[\s\S]*ms/);
  await picture("editor-trace");
  await page.getByLabel("Ask for it").uncheck();
  await page.getByRole("button", { name: "Hide Trace" }).click();
});

test("a query with variables", async () => {
  await example("The open pipeline, largest first", "query OpenPipeline");
  await run();
  const answer = await response((text) => text.includes('"deals"'));
  assert.ok(!answer.includes('"errors"'), answer);
});

test("a mutation, its ids filled in", async () => {
  await example("Send a message", "mutation SendMessage");
  await run();
  const answer = await response((text) => text.includes('"messageSend"'));
  assert.match(answer, /"userErrors":\s*\[\]/);
  assert.match(answer, /"seq":\s*"\d+"/);
});

for (const transport of ["websocket", "sse"]) {
  test(`a subscription over ${transport} shows what happens meanwhile`, async () => {
    await example("Follow conversations live", "subscription FollowConversations");
    await page.locator(".status-line select").selectOption(transport);
    await run();
    await response((text) => text.includes("StreamOpened"));
    const sent = `Sent while following over ${transport}`;
    await send(sent);
    await response((text) => text.includes("MessageCreated") && text.includes(sent));
    assert.match(await page.locator(".stream").innerText(), /Live · \d+ events/);
    await page.locator(".stream").click();
    await page.locator(".stream-log li").nth(1).waitFor();
    assert.ok((await page.locator(".stream-log").boundingBox()).x >= 0, "the log is in sight");
    await picture(`editor-subscription-${transport}`);
    await run();
    await page.getByText(/Ended ·/).waitFor();
  });
}

test("the schema is there to read", async () => {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.locator(".graphiql-doc-explorer").getByText("Query", { exact: true }).first().waitFor({ timeout: PATIENCE });
  await picture("editor-documentation");
});

test("the documentation leads to the page of the reference about what it shows", async () => {
  const explorer = page.locator(".graphiql-doc-explorer");
  const link = page.locator(".to-reference");
  assert.equal(await link.count(), 0);
  await explorer.getByText("Mutation", { exact: true }).first().click();
  await explorer.getByText("dealRestore", { exact: true }).first().click();
  assert.equal(await link.getAttribute("href"), "#docs?page=mutations%2FdealRestore");
  await explorer.getByText("DealRestorePayload", { exact: true }).first().click();
  assert.equal(await link.getAttribute("href"), "#docs?page=types%2FDealRestorePayload");
  await explorer.getByText("deal", { exact: true }).first().click();
  await picture("editor-documentation-link");
  await link.click();
  const reference = page.locator(".reference");
  await reference.getByRole("heading", { name: "type DealRestorePayload" }).waitFor();
  assert.match(page.url(), /#docs\?page=types%2FDealRestorePayload&at=field-deal$/);
  await page.goBack();
  await explorer.waitFor();
});

test("the reference is read as whoever is signed in, and its examples open in the editor", async () => {
  await page.getByRole("link", { name: "Docs", exact: true }).click();
  const reference = page.locator(".reference");
  await reference.getByRole("heading", { name: "Reference" }).waitFor();
  await reference.getByLabel("Find").fill("deal restore");
  await reference.getByLabel("Find").press("Enter");
  await reference.getByRole("link", { name: "dealRestore", exact: true }).click();
  await reference.getByRole("heading", { name: "Who may" }).waitFor();
  assert.match(page.url(), /#docs\?page=mutations%2FdealRestore$/);
  assert.match(await reference.locator("main").innerText(), /deal\.delete[^]*points at most[^]*CONFLICT/);
  await picture("reference");
  await reference.getByRole("link", { name: "DealRestorePayload" }).first().click();
  await reference.getByRole("heading", { name: "type DealRestorePayload" }).waitFor();
  await page.goBack();
  await reference.getByRole("link", { name: "Try it in the playground" }).click();
  await text("operation", (document) => document.includes("mutation DealRestore"));
  assert.match(await text("variables", (said) => said.includes("expectedVersion")), /"id": "deal_\w{26}"/);
  await page.getByText("The ids of this example are made up").waitFor();
  assert.match(page.url(), /#editor$/);
  await page.getByRole("button", { name: "Dismiss" }).click();
});

test("the reference stands by itself, without a script, on a phone and in the dark", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: "dark", javaScriptEnabled: false });
  const alone = await context.newPage();
  alone.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("request", (request) => requests.push(request.url()));
  await alone.goto(`${server}/docs`);
  await alone.getByLabel("Find").fill("budget approve");
  await alone.getByRole("button", { name: "Find" }).click();
  await alone.getByRole("link", { name: "budgetApprove", exact: true }).click();
  await alone.getByRole("heading", { name: "budgetApprove" }).waitFor();
  if (pictures) await alone.screenshot({ path: `${pictures}/reference-phone.png` });
  const { width } = await alone.locator("main").boundingBox();
  assert.ok(width <= 390, `the page is ${width} pixels wide`);
  await context.close();
});

test("a filter of the reference's own page finds while one types", async () => {
  const alone = await page.context().newPage();
  alone.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await alone.goto(`${server}/docs`);
  await alone.getByLabel("Find").fill("deal restore");
  await alone.getByText(/^\d found$/).waitFor();
  assert.equal(await alone.getByRole("link", { name: "dealUpdate", exact: true }).isVisible(), false);
  await alone.getByRole("link", { name: "dealRestore", exact: true }).click();
  await alone.getByRole("link", { name: "Try it in the playground" }).click();
  await alone.locator(".graphiql-query-editor .view-line").first().waitFor({ timeout: PATIENCE });
  assert.match(await alone.evaluate(() => location.hash), /^#editor$/);
  await alone.close();
});

test("the theme can be chosen and stays", async () => {
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.ok(await page.evaluate(() => document.body.classList.contains("graphiql-dark")));
  await picture("editor-dark");
  await page.reload();
  await page.locator(".graphiql-query-editor .view-line").first().waitFor({ timeout: PATIENCE });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.locator("#identity-name").waitFor();
  await picture("start-dark");
});

test("it fits a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator(".permissions summary").waitFor();
  await fits();
  await picture("start-phone");
  await page.getByRole("link", { name: "Editor" }).click();
  await page.getByRole("button", { name: "Hide Documentation Explorer" }).click();
  await page.locator(".graphiql-query-editor").waitFor();
  await fits();
  await picture("editor-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("the access page tells who can see a record, and why", async () => {
  await be("Eleanor Vance");
  await page.getByRole("link", { name: "Access", exact: true }).click();
  await page.locator(".picks button", { hasText: "deal" }).first().click();
  await page.locator(".people li").nth(5).waitFor();
  assert.match(page.url(), /#access\?record=deal_\w{26}&permission=deal\.read$/);
  assert.match(await page.locator(".people li", { hasText: "Raj Patel" }).innerText(), /Role “admin”, given by Eleanor Vance/);
  // with the keyboard alone
  await page.locator(".people li", { hasText: "Raj Patel" }).getByRole("button", { name: "Why?" }).press("Enter");
  await page.locator(".why .steps li").nth(1).waitFor();
  assert.match(await page.locator(".why").innerText(), /Allowed[^]*deal\.read[^]*This way allows it\./);
  await page.getByLabel("Why not somebody else?").selectOption({ label: "Viktor Novak" });
  await page.locator(".somebody .decision").waitFor();
  assert.match(await page.locator(".somebody").innerText(), /Not allowed/);
  await picture("access");
});

test("an answer of the access page can be linked to, on a phone and in the dark", async () => {
  const link = page.url();
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.goto(link);
  await page.reload();
  await page.locator(".somebody .decision").waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await fits();
  await picture("access-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("an id of the last answer can be asked about", async () => {
  await example("The open pipeline, largest first", "query OpenPipeline");
  await run();
  await response((text) => text.includes('"deals"'));
  await page.getByRole("link", { name: "Who can see these?" }).click();
  await page.locator(".picks", { hasText: "In the last answer" }).getByRole("button").first().click();
  await page.locator(".people li").first().waitFor();
});

test("who may not ask about others is refused by the API, and still told about themselves", async () => {
  const link = page.url();
  await be("Hannah Brooks");
  await page.goto(link);
  await page.locator(".fault", { hasText: "access.explain" }).waitFor();
  assert.match(await page.locator(".decision").innerText(), /Allowed[^]*Role “viewer”/);
  assert.equal(await page.locator(".people li").count(), 0);
  await picture("access-denied");
});

test("signing out leaves nothing behind", async () => {
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Come in." }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("portico:session")), null);
});

test("no request went to another host, and the browser complained of nothing", () => {
  const host = new URL(server).host;
  const strangers = requests.filter((url) => !["data:", "blob:"].includes(new URL(url).protocol) && new URL(url).host !== host);
  assert.ok(requests.length > 10, "requests were recorded");
  assert.deepEqual(strangers, []);
  assert.deepEqual(complaints, []);
});

/** Another person of the demo. */
async function be(name) {
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.locator("#identity-name").waitFor();
  if ((await page.locator("#identity-name").innerText()) === name) return;
  if (!(await page.locator("#others").count())) await page.getByRole("button", { name: "Be somebody else" }).click();
  await page.locator("#others .persona", { hasText: name }).first().click();
  await page.locator("#identity-name", { hasText: name }).waitFor();
}

async function open(viewport) {
  const context = await browser.newContext({ viewport, colorScheme: "light", locale: "en-GB" });
  context.setDefaultTimeout(PATIENCE);
  const opened = await context.newPage();
  context.on("request", (request) => requests.push(request.url()));
  opened.on("websocket", (socket) => requests.push(socket.url()));
  opened.on("pageerror", (error) => complaints.push(String(error)));
  opened.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return opened;
}

async function example(title, operation) {
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.locator(".example", { has: page.getByText(title, { exact: true }) }).click();
  await text("operation", (document) => document.includes(operation));
}

/** The same button starts and stops. */
function run() {
  return page.locator(".graphiql-execute-button").click();
}

function response(wanted) {
  return text("response", wanted);
}

/** What an editor holds, once it is what is wanted: Monaco shows only the lines in sight. */
async function text(editor, wanted) {
  const end = Date.now() + PATIENCE;
  let held = "";
  while (Date.now() < end) {
    held = await page.evaluate((name) => {
      const models = globalThis.__MONACO?.editor.getModels() ?? [];
      return models.find((model) => model.uri.path.includes(name))?.getValue() ?? "";
    }, editor);
    if (wanted(held)) return held;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the ${editor} never became what it should; it is: ${held}`);
}

/** Sends a message beside the editor, as another client of the same person would. */
async function send(words) {
  const answer = await page.evaluate(async (said) => {
    const { accessToken } = JSON.parse(sessionStorage.getItem("portico:session"));
    const ask = async (query, variables) => {
      const answered = await fetch("graphql", { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${accessToken}` }, body: JSON.stringify({ query, variables }) });
      return answered.json();
    };
    const { data } = await ask("{ conversations(first: 1) { nodes { id } } }");
    const input = { conversationId: data.conversations.nodes[0].id, content: said };
    return ask("mutation ($input: MessageSendInput!) { messageSend(input: $input) { userErrors { message } } }", { input });
  }, words);
  assert.deepEqual(answer.data?.messageSend?.userErrors, [], JSON.stringify(answer));
}

async function fits() {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `the page is ${over} pixels too wide`);
}

async function picture(name) {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
}
